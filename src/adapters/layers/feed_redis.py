"""Feeds a group from Redis: what comes over pub/sub, and what has to be read from its stream."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

from adapters.layers.group_feed import GroupFeed
from adapters.layers.history_redis import RedisHistory
from adapters.layers.listeners import Listeners
from adapters.layers.position import Position
from adapters.layers.publication import MALFORMED, decode_ephemeral, decode_live
from adapters.layers.recovery import Reading, place_of
from application.errors import Unavailable
from application.ports import Recovery, Subscriber

log = logging.getLogger(__name__)

MESSAGE = b"!"
"""Begins a message for subscribers' own handlers; publications begin otherwise."""


READINGS = 5
"""A history that begins anew each time somebody reads it is not one to listen to."""


class RedisFeed:
    """One group on one lane; without a `history` that is ephemeral.

    `attaching` counts who is about to listen. `ready` is set once it has begun or `has_failed`.
    """

    def __init__(
        self,
        group: str,
        listeners: Listeners,
        history: RedisHistory | None,
        on_over: Callable[[], None],
    ) -> None:
        self.ready = asyncio.Event()
        self.has_failed = False
        self.attaching = 0
        self._group = group
        self._listeners = listeners
        self._history = history
        self._feed = GroupFeed(group, listeners, on_over)

    async def begin(self) -> None:
        """Find the place from which on to give things out; raises `Unavailable`."""
        if self._history is not None:
            self._feed.begin(await self._history.read(self._group, newest=0))

    async def admit(
        self, subscriber: Subscriber, since: str | None, replay_last: bool
    ) -> Recovery | None:
        """Let a subscriber listen, after giving it what it missed; raises `Unavailable`."""
        if self._history is None or (since is None and not replay_last):
            self._feed.listen(subscriber)
            return None
        for _ in range(READINGS):
            newcomer = self._feed.expect()
            try:
                reading = await self._read_for(self._history, since)
                place = self._feed.must_read_before(newcomer, reading)
                if place is None:
                    # Nothing was awaited since the reading, so nothing was given out in between.
                    return self._feed.admit(newcomer, subscriber, since, reading)
            finally:
                self._feed.give_up(newcomer)
            await self._catch_up(self._history, place)
        raise Unavailable

    async def _read_for(self, history: RedisHistory, since: str | None) -> Reading:
        if since is None:
            return await history.read(self._group, newest=1)
        return await history.read(self._group, place_of(since, self._group))

    async def repeat_newest(self, subscriber: Subscriber) -> None:
        """Deliver the newest of history once more; raises `Unavailable`."""
        if self._history is not None:
            self._feed.repeat(subscriber, await self._history.read(self._group, newest=1))

    async def heard(self, payload: bytes) -> None:
        try:
            if payload.startswith(MESSAGE):
                self._notify(json.loads(payload[len(MESSAGE) :]))
            elif self._history is None:
                frame, exclude = decode_ephemeral(payload)
                self._listeners.give(self._group, frame, () if exclude is None else (exclude,))
            else:
                entry, is_last = decode_live(self._group, payload)
                place = self._feed.hear(entry, is_last=is_last)
                if place is not None:
                    await self._catch_up(self._history, place)
        except MALFORMED:
            log.warning("a message on Redis is not one of ours", extra={"group": self._group})

    async def resumed(self) -> None:
        seen = self._feed.seen
        if self._history is not None and seen is not None:
            await self._catch_up(self._history, seen)

    async def _catch_up(self, history: RedisHistory, seen: Position) -> None:
        reading = await history.read(self._group, seen if seen.epoch else None)
        is_complete = history.was_forgotten_in_silence(seen, reading)
        self._feed.catch_up(seen, reading, is_complete=is_complete)

    def _notify(self, message: Any) -> None:
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise ValueError("a layer message is an object with a type")
        self._listeners.notify(self._group, message)
