"""A lane in memory: one process only, history in a bounded deque."""

import math
import secrets
from collections import OrderedDict, deque
from collections.abc import Mapping
from sys import getsizeof
from typing import Any

from adapters.lane_table import LanePlan
from adapters.layers.group_feed import GroupFeed
from adapters.layers.lanes import Lane
from adapters.layers.listeners import Listeners
from adapters.layers.position import BEGINNING, Position, placed
from adapters.layers.publication import Publication, named
from adapters.layers.recovery import Entry, Reading, place_of
from application.ports import Clock, Recovery, Subscriber

HISTORY_BYTES, ENTRY_BYTES, KEY_BYTES = 1200, 600, 256
"""What an empty history, an entry beside its frame, and an idempotency key with its cursor take of
the memory that `max_bytes` bounds, as measured with CPython 3.11."""


class History:
    """One group's history. `size` is how many bytes of memory it takes, `bytes` how many its frames
    have, as they count towards `group_bytes`."""

    def __init__(self, now_ms: int) -> None:
        self.end = Position(secrets.token_hex(6), now_ms, 0)
        self.size = HISTORY_BYTES
        self.bytes = 0
        self.is_over = False
        self.fence = 0
        self.text = ""
        # Each with the bytes of its frame before it got its cursor, as Redis has it.
        self._entries: deque[tuple[Entry, int]] = deque()
        self._keys: OrderedDict[str, tuple[int, str]] = OrderedDict()

    def takes(self, publication: Publication) -> bool:
        """Whether it is not over, and neither fence nor growth stand against it."""
        if self.is_over or 0 < publication.fence < self.fence:
            return False
        growth = publication.growth
        return growth is None or growth.at in (0, len(self.text))

    def append(self, group: str, publication: Publication, now_ms: int) -> Entry:
        self.fence = max(self.fence, publication.fence)
        if publication.growth is not None:
            at, more = publication.growth
            self._keep_text(self.text[:at] + more)
        self.end = Position(self.end.epoch, now_ms, self.end.offset + 1)
        frame = placed(named(publication.body, publication.headers), self.end, group)
        entry = Entry(self.end, frame, publication.exclude)
        frame_bytes = publication.size
        self._entries.append((entry, frame_bytes))
        self.bytes += frame_bytes
        self.size += ENTRY_BYTES + getsizeof(frame)
        if publication.key:
            self._keys[publication.key] = now_ms, self.end.cursor(group)
            self.size += KEY_BYTES
        self.is_over = publication.last
        return entry

    def sent(self, key: str) -> str | None:
        """The cursor of the publication that had this key."""
        return self._keys[key][1] if key in self._keys else None

    def trim(self, plan: LanePlan, now: float) -> None:
        entries, oldest_ms = self._entries, (now - plan.expiry) * 1000
        while entries and (
            len(entries) > plan.capacity
            or entries[0][0].position.at_ms < oldest_ms
            or (self.bytes > plan.group_bytes and len(entries) > 1)
        ):
            entry, frame_bytes = entries.popleft()
            self.bytes -= frame_bytes
            self.size -= ENTRY_BYTES + getsizeof(entry.frame)
        keys, oldest_ms = self._keys, (now - plan.key_expiry) * 1000
        while keys and (len(keys) > plan.keys or next(iter(keys.values()))[0] < oldest_ms):
            keys.popitem(last=False)
            self.size -= KEY_BYTES
        if not entries:
            self._keep_text("")

    def _keep_text(self, text: str) -> None:
        self.size += getsizeof(text) - getsizeof(self.text)
        self.text = text

    def read(self, oldest_ms: int, after: Position | None, *, newest: int | None) -> Reading:
        """Entries after a place, or the newest few, or all: as `read.lua` does it."""
        if newest is not None:
            found = [entry for entry, _ in list(self._entries)[-newest:]] if newest else []
        elif after is None or after.epoch != self.end.epoch or after.offset > self.end.offset:
            found = [entry for entry, _ in self._entries]
        else:
            found = []
            for entry, _ in reversed(self._entries):
                if not entry.position.is_later(after):
                    break
                found.append(entry)
            found.reverse()
        return Reading(self.end, oldest_ms, found, is_over=self.is_over)


class MemoryLane(Lane):
    def __init__(self, plan: LanePlan, clock: Clock) -> None:
        self.plan = plan
        self._clock = clock
        self._started = clock.now() - clock.monotonic()
        self._listeners = Listeners(plan.slow_readers)
        self._histories: OrderedDict[str, History] = OrderedDict()
        self._feeds: dict[str, GroupFeed] = {}
        self._size = 0

    async def publish(self, group: str, publication: Publication) -> str | None:
        if not self.plan.is_durable:
            exclude = (publication.exclude,) if publication.exclude else ()
            frame = named(publication.body, publication.headers)
            self._listeners.give(group, frame, exclude)
            return None
        if not self._takes(group, publication):
            return None
        if publication.passing:
            self._tell(group, publication)
            return None
        key = publication.key
        sent = await self.published(group, key) if key else None
        if sent is not None:
            return sent
        history, entry = self._store(group, publication)
        if feed := self._feeds.get(group):
            feed.hear(entry, is_last=publication.last)
        return history.sent(key)

    def _takes(self, group: str, publication: Publication) -> bool:
        history = self._trimmed(group)
        if history is None:
            return publication.growth is None or publication.growth.at == 0
        return history.takes(publication)

    async def grow(self, group: str, publication: Publication) -> bool:
        if self.plan.is_durable and not self._takes(group, publication):
            return False
        await self.publish(group, publication)
        return True

    async def text(self, group: str) -> str:
        history = self._trimmed(group)
        return "" if history is None else history.text

    async def published(self, group: str, key: str) -> str | None:
        history = self._trimmed(group)
        return None if history is None or history.is_over else history.sent(key)

    async def notify(self, group: str, message: Mapping[str, Any]) -> None:
        self._listeners.notify(group, message)

    async def attach(
        self,
        group: str,
        subscriber: Subscriber,
        *,
        since: str | None = None,
        replay_last: bool = False,
    ) -> Recovery | None:
        if not self.plan.is_durable:
            self._listeners.add(group, subscriber)
            return None
        if self._listeners.hears(group, subscriber):
            if replay_last:
                self._feeds[group].repeat(subscriber, self._read(group, newest=1))
            return None
        feed = self._feed(group)
        recovery = None
        if since is None and not replay_last:
            feed.listen(subscriber)
        else:
            place = None if since is None else place_of(since, group)
            reading = self._read(group, place, newest=1 if since is None else None)
            recovery = feed.admit(feed.expect(), subscriber, since, reading)
        self._forget_unheard([group])
        return recovery

    async def detach(self, subscriber: Subscriber, group: str | None = None) -> None:
        self._forget_unheard(self._listeners.remove(subscriber, group))

    def attached(self, subscriber: Subscriber) -> int:
        return self._listeners.count(subscriber)

    def is_attached(self, group: str, subscriber: Subscriber) -> bool:
        return self._listeners.hears(group, subscriber)

    async def is_known(self, group: str) -> bool:
        return group in self._listeners or group in self._histories

    async def recent(self, group: str, limit: int) -> list[str]:
        return [entry.frame for entry in self._read(group, newest=limit).entries]

    def _now(self) -> float:
        """Seconds since 1970, but a wall clock that is set changes nothing of what is kept."""
        return self._started + self._clock.monotonic()

    def _feed(self, group: str) -> GroupFeed:
        feed = self._feeds.get(group)
        if feed is None:
            feed = GroupFeed(group, self._listeners, lambda: self._forget_unheard([group]))
            feed.begin(self._read(group, newest=0))
            self._feeds[group] = feed
        return feed

    def _forget_unheard(self, groups: list[str]) -> None:
        for group in groups:
            if group not in self._listeners:
                self._feeds.pop(group, None)

    def _tell(self, group: str, publication: Publication) -> None:
        """Have it heard, with the end of the history: one begins for it, if there is room, but
        nobody else's is forgotten for its sake."""
        if group not in self._histories and self._size + HISTORY_BYTES <= self.plan.max_bytes:
            self._begin(group, self._now())
            self._histories.move_to_end(group, last=False)
        if feed := self._feeds.get(group):
            history = self._histories.get(group)
            end = BEGINNING if history is None else history.end
            frame = named(publication.body, publication.headers)
            feed.hear_passing(Entry(end, frame, publication.exclude))

    def _begin(self, group: str, now: float) -> History:
        history = self._histories[group] = History(int(now * 1000))
        self._size += history.size
        return history

    def _store(self, group: str, publication: Publication) -> tuple[History, Entry]:
        now = self._now()
        history = self._histories.get(group) or self._begin(group, now)
        self._histories.move_to_end(group)
        before = history.size
        entry = history.append(group, publication, int(now * 1000))
        history.trim(self.plan, now)
        self._size += history.size - before
        while self._size > self.plan.max_bytes and len(self._histories) > 1:
            self._forget_history()
        return history, entry

    def _forget_history(self) -> None:
        """Forget the one unused for longest. Its listeners have heard all of it."""
        group, history = self._histories.popitem(last=False)
        self._size -= history.size
        if feed := self._feeds.get(group):
            feed.begin(Reading(BEGINNING, 0))

    def _trimmed(self, group: str) -> History | None:
        history = self._histories.get(group)
        if history is not None:
            before = history.size
            history.trim(self.plan, self._now())
            self._size += history.size - before
        return history

    def _read(
        self, group: str, after: Position | None = None, *, newest: int | None = None
    ) -> Reading:
        history = self._trimmed(group)
        # Upwards, as it is trimmed: what is gone within this very millisecond has expired.
        oldest_ms = math.ceil((self._now() - self.plan.expiry) * 1000)
        if history is None:
            return Reading(BEGINNING, oldest_ms)
        return history.read(oldest_ms, after, newest=newest)
