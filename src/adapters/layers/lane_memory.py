"""The memory implementation of a lane: one process only, history in a bounded deque."""

import secrets
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from sys import getsizeof
from typing import Any, NamedTuple

from adapters.lane_table import LanePlan
from adapters.layers.lanes import (
    Lane,
    Publication,
)
from adapters.layers.listeners import Listeners
from adapters.layers.position import Position, stamped
from application.ports import Clock, LossReason, Recovery, Subscriber


class Entry(NamedTuple):
    at_ms: int
    offset: int
    frame: str


KEY_BYTES = 256
"""What a send key, with its cursor, takes of the memory that `max_bytes` bounds."""


class Stream:
    """One group's history. `size` is how many bytes of memory its frames and keys take."""

    def __init__(self) -> None:
        self.epoch = secrets.token_hex(6)
        self.offset = 0
        self.at_ms = 0
        self.size = 0
        self.is_over = False
        self._entries: deque[Entry] = deque()
        self._keys: OrderedDict[str, tuple[int, str]] = OrderedDict()

    def append(self, group: str, publication: Publication, now_ms: int) -> str:
        self.offset += 1
        self.at_ms = max(self.at_ms, now_ms)  # a clock set back must not reorder history
        cursor = Position(self.epoch, self.at_ms, self.offset).cursor(group)
        frame = stamped(publication.body, cursor)
        self._entries.append(Entry(self.at_ms, self.offset, frame))
        self.size += getsizeof(frame)
        if publication.key:
            self._keys[publication.key] = self.at_ms, cursor
            self.size += KEY_BYTES
        self.is_over = publication.last
        return frame

    def sent(self, key: str) -> str | None:
        """The cursor of the publication that had this key."""
        return self._keys[key][1] if key in self._keys else None

    def trim(self, plan: LanePlan, now: float) -> None:
        entries, oldest_ms = self._entries, (now - plan.expiry) * 1000
        while entries and (len(entries) > plan.capacity or entries[0].at_ms < oldest_ms):
            self.size -= getsizeof(entries.popleft().frame)
        keys, oldest_ms = self._keys, (now - plan.key_expiry) * 1000
        while keys and (len(keys) > plan.keys or next(iter(keys.values()))[0] < oldest_ms):
            keys.popitem(last=False)
            self.size -= KEY_BYTES

    def after(self, offset: int) -> list[str]:
        return [entry.frame for entry in self._newest_until(offset)][::-1]

    def newest(self, limit: int) -> list[str]:
        return self.after(max(0, self.offset - limit))

    def _newest_until(self, offset: int) -> Iterator[Entry]:
        for entry in reversed(self._entries):
            if entry.offset <= offset:
                return
            yield entry


class MemoryLane(Lane):
    def __init__(self, plan: LanePlan, clock: Clock) -> None:
        self.plan = plan
        self._clock = clock
        self._listeners = Listeners()
        self._streams: OrderedDict[str, Stream] = OrderedDict()
        self._size = 0

    async def publish(self, group: str, publication: Publication) -> str | None:
        exclude = (publication.exclude,) if publication.exclude else ()
        if not self.plan.is_durable:
            self._listeners.give(group, publication.body, exclude)
            return None
        if group in self._streams and self._streams[group].is_over:
            return None
        sent = await self.published(group, publication.key) if publication.key else None
        if sent is not None:
            return sent
        stream, frame = self._store(group, publication)
        self._listeners.give(group, frame, exclude)
        if publication.last:
            self._listeners.close(group)
        return stream.sent(publication.key)

    async def published(self, group: str, key: str) -> str | None:
        stream = self._trimmed(group)
        return None if stream is None else stream.sent(key)

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
        is_new = self._listeners.add(group, subscriber)
        if not self.plan.is_durable:
            return None
        recovery = None
        stream = self._trimmed(group)
        if since is not None and is_new:
            recovery, frames = self._missed(group, stream, since)
            subscriber.recover(recovery, frames)
        elif replay_last and stream is not None:
            for frame in stream.newest(1):
                subscriber.deliver(frame)
        if stream is not None and stream.is_over:
            self._listeners.remove(subscriber, group)
        return recovery

    async def detach(self, subscriber: Subscriber, group: str | None = None) -> None:
        self._listeners.remove(subscriber, group)

    def attached(self, subscriber: Subscriber) -> int:
        return self._listeners.count(subscriber)

    def is_attached(self, group: str, subscriber: Subscriber) -> bool:
        return self._listeners.hears(group, subscriber)

    async def recent(self, group: str, limit: int) -> list[str]:
        stream = self._trimmed(group)
        return [] if stream is None else stream.newest(limit)

    def _store(self, group: str, publication: Publication) -> tuple[Stream, str]:
        stream = self._streams.get(group)
        if stream is None:
            stream = self._streams[group] = Stream()
        self._streams.move_to_end(group)
        before = stream.size
        now = self._clock.now()
        frame = stream.append(group, publication, int(now * 1000))
        stream.trim(self.plan, now)
        self._size += stream.size - before
        while self._size > self.plan.max_bytes and len(self._streams) > 1:
            self._size -= self._streams.popitem(last=False)[1].size
        return stream, frame

    def _trimmed(self, group: str) -> Stream | None:
        stream = self._streams.get(group)
        if stream is not None:
            before = stream.size
            stream.trim(self.plan, self._clock.now())
            self._size += stream.size - before
        return stream

    def _missed(self, group: str, stream: Stream | None, since: str) -> tuple[Recovery, list[str]]:
        parsed = Position.parse(since)
        everything = [] if stream is None else stream.after(0)
        if parsed is None:
            return Recovery(len(everything), LossReason.INVALID), everything
        cursor_group, position = parsed
        if (
            stream is None
            or cursor_group != group
            or position.epoch != stream.epoch
            or position.offset > stream.offset
        ):
            return Recovery(len(everything), LossReason.UNKNOWN_POSITION), everything
        frames = stream.after(position.offset)
        if len(frames) == stream.offset - position.offset:
            return Recovery(len(frames)), frames
        expired = position.at_ms < (self._clock.now() - self.plan.expiry) * 1000
        return Recovery(len(frames), LossReason.EXPIRED if expired else LossReason.TRIMMED), frames
