"""Feeds a group from Redis: what comes over pub/sub, and what has to be read from its stream."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from adapters.layers.group_feed import GroupFeed
from adapters.layers.history_redis import RedisHistory
from adapters.layers.listeners import Listeners
from adapters.layers.position import Position
from adapters.layers.publication import (
    MESSAGE,
    Live,
    Malformed,
    decode_ephemeral,
    decode_live,
    decode_message,
)
from adapters.layers.recovery import Entry, Reading, place_of
from adapters.layers.recovery_window import RecoveryLimit, RecoveryWindow
from application.ports import Recovery, Subscriber

log = logging.getLogger(__name__)

LATER_BYTES = 1024 * 1024
"""What is published to a group while it catches up waits in memory; past this it is read again from
history, and what history doesn't keep is lost."""

PASSING = 100
"""Notices that wait for the group to catch up; of more, the newest are told."""


class RedisFeed:
    """One group on one lane; without a `history` that is ephemeral.

    `attaching` counts who is about to listen. `ready` is set once it has begun or `has_failed`.
    `on_loss` is called when Redis turns out to have forgotten the history.
    """

    def __init__(
        self,
        group: str,
        listeners: Listeners,
        history: RedisHistory | None,
        on_over: Callable[[], None],
        limit: RecoveryLimit,
        on_loss: Callable[[], None] = lambda: None,
    ) -> None:
        self.ready = asyncio.Event()
        self.has_failed = False
        self.attaching = 0
        self._group = group
        self._listeners = listeners
        self._history = history
        self._limit = limit
        self._on_loss = on_loss
        self._window: RecoveryWindow | None = None
        self._feed = GroupFeed(group, listeners, on_over)
        self._catching_up = asyncio.Lock()
        # What was published while what is missing was read, in its order.
        self._later: deque[bytes] = deque()
        self._later_bytes = 0
        # What history doesn't keep, and came after something that was missing.
        self._passing: deque[Entry] = deque(maxlen=PASSING)

    async def begin(self) -> None:
        """Find the place from which on to give things out; raises `Unavailable`."""
        if self._history is not None:
            self._feed.begin(await self._history.read(self._group, newest=0))

    async def admit(
        self, subscriber: Subscriber, since: str | None, replay_last: bool
    ) -> Recovery | None:
        """Let a subscriber listen, after giving it what it missed; raises `Unavailable`."""
        if self._history is None or (since is None and not replay_last):
            async with self._catching_up:  # or it would hear what was said before it came
                self._feed.listen(subscriber)
            return None
        while True:
            async with self._catching_up:
                newcomer = self._feed.expect()
            try:
                reading = await self._read_for(self._history, since)
                if not newcomer.is_overtaken:
                    # Nothing was awaited since the reading, so nothing was given out in between.
                    return self._feed.admit(newcomer, subscriber, since, reading)
            finally:
                self._feed.give_up(newcomer)

    async def _read_for(self, history: RedisHistory, since: str | None) -> Reading:
        if since is None:
            return await history.read(self._group, newest=1)
        if self._window is None:
            self._window = RecoveryWindow(history, self._group, self._limit)
        return await self._window.read(place_of(since, self._group))

    async def repeat_newest(self, subscriber: Subscriber) -> None:
        """Deliver the newest of history once more; raises `Unavailable`."""
        if self._history is not None:
            self._feed.repeat(subscriber, await self._history.read(self._group, newest=1))

    @property
    def meta_key(self) -> str:
        """Where Redis has the end of its history."""
        return "" if self._history is None else self._history.meta_key(self._group)

    @property
    def place(self) -> Position | None:
        """Up to where it was given out; None for an ephemeral group, and before it has begun."""
        return self._feed.seen

    def heard(self, payload: bytes) -> bool:
        """Take what was published; whether something before it has to be read."""
        if not self._catching_up.locked():
            return self._take(payload)
        # What was found missing comes first.
        self._later_bytes += len(payload)
        if self._later_bytes <= LATER_BYTES:
            self._later.append(payload)
        return False

    def _take(self, payload: bytes) -> bool:
        try:
            if payload.startswith(MESSAGE):
                self._listeners.notify(self._group, decode_message(payload))
            elif self._history is None:
                frame, exclude = decode_ephemeral(payload)
                self._listeners.give(self._group, frame, () if exclude is None else (exclude,))
            else:
                return self._take_live(decode_live(self._group, payload))
        except Malformed:
            log.warning("a message on Redis is not one of ours", extra={"group": self._group})
        return False

    def _take_live(self, live: Live) -> bool:
        if not live.is_passing:
            return self._feed.hear(live.entry, is_last=live.is_last) is not None
        if self._feed.hear_passing(live.entry) is None:
            return False
        self._passing.append(live.entry)
        return True

    async def resumed(self) -> None:
        if self._history is None:
            return
        async with self._catching_up:
            try:
                while await self._catch_up(self._history):
                    pass
            finally:
                self._later.clear()
                self._later_bytes = 0

    async def _catch_up(self, history: RedisHistory) -> bool:
        """Read what is missing, then take what came meanwhile; whether that isn't all yet."""
        if (seen := self._feed.resume()) is None:
            return False
        async with self._limit.catching_up:
            reading = await history.read(self._group, seen if seen.epoch else None)
            is_complete = history.has_expired_in_silence(seen, reading)
            self._feed.catch_up(reading, is_complete=is_complete)
            if seen.epoch not in ("", reading.end.epoch):
                self._on_loss()
            del reading
        while self._passing:
            self._feed.tell(self._passing.popleft())
        if self._later_bytes > LATER_BYTES:
            # The rest is in history: it has to be read again anyway.
            self._later.clear()
            self._later_bytes = 0
            return True
        while self._later:
            payload = self._later.popleft()
            self._later_bytes -= len(payload)
            if self._take(payload):
                return True
        return False
