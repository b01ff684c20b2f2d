"""How far this process has heard one group on Redis, and how it stays without gap or repeat."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

from adapters.layers.history_redis import Entry, Reading, RedisHistory, parse_live
from adapters.layers.listeners import Listeners
from adapters.layers.position import Position
from application.ports import LossReason, Recovery, Subscriber
from domain.identity import ConnectionId

log = logging.getLogger(__name__)

NOTICE = b"!"
"""Begins a message for subscribers' own handlers; frames begin otherwise."""


class GroupFeed:
    """One group's ear. `attaching` counts who is about to listen; `on_over` is called when
    nobody listens any more because the group's last message was given out.

    On a durable lane everything up to `_seen` was given out, and each subscriber in
    `_fences` was itself given everything up to that offset when it came.
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
        self._on_over = on_over
        self._seen: Position | None = None
        self._latest: Position | None = None
        self._is_over = False
        self._fences: dict[ConnectionId, int] = {}
        # What was given out while a newcomer waits for its reading, one list for each.
        self._given_meanwhile: list[list[Entry]] = []

    async def begin(self) -> None:
        """Find the place from which on to give things out; raises `Unavailable`."""
        if self._history is None:
            return
        reading = await self._history.read(self._group, newest=0)
        latest = self._latest
        if (
            latest
            and reading.end.epoch in ("", latest.epoch)
            and latest.offset > reading.end.offset
        ):
            self._seen = latest
        else:
            self._seen, self._is_over = reading.end, reading.is_over

    async def admit(
        self, subscriber: Subscriber, since: str | None, replay_last: bool
    ) -> Recovery | None:
        """Let a subscriber listen, after giving it what it missed; raises `Unavailable`."""
        if self._history is None or self._seen is None:
            self._listeners.add(self._group, subscriber)
            return None
        if since is None and not replay_last:
            if not self._is_over:
                self._listeners.add(self._group, subscriber)
            return None
        position = None if since is None else self._position_in(since)
        reading = await self._read(self._history, position, newest=1 if since is None else None)
        # Nothing is awaited from here on, so nothing is given out in between.
        recovery = None
        if since is None:
            self._repeat(subscriber, reading)
        else:
            recovery = self._recover(subscriber, since, position, reading)
        if not reading.is_over:
            self._listeners.add(self._group, subscriber)
            if reading.end.offset > self._seen.offset:
                self._fences[subscriber.connection_id] = reading.end.offset
        return recovery

    async def repeat_newest(self, subscriber: Subscriber) -> None:
        """Deliver the newest of history once more; raises `Unavailable`."""
        if self._history is not None:
            self._repeat(subscriber, await self._read(self._history, None, newest=1))

    async def _read(
        self, history: RedisHistory, position: Position | None, newest: int | None
    ) -> Reading:
        """Read history up to what was given out by now, or further."""
        meanwhile: list[Entry] = []
        self._given_meanwhile.append(meanwhile)
        try:
            reading = await history.read(self._group, position, newest=newest)
        finally:
            self._given_meanwhile = [it for it in self._given_meanwhile if it is not meanwhile]
        end = reading.end
        later = [
            entry
            for entry in meanwhile
            if end.epoch in ("", entry.position.epoch) and entry.position.offset > end.offset
        ]
        if not later:
            return reading
        is_over = reading.is_over or self._is_over
        entries = [*reading.entries, *later]
        return reading._replace(end=later[-1].position, is_over=is_over, entries=entries)

    async def heard(self, payload: bytes) -> None:
        try:
            if payload.startswith(NOTICE):
                self._notify(json.loads(payload[len(NOTICE) :]))
            elif self._history is None:
                exclude, newline, body = payload.partition(b"\n")
                if not newline:
                    raise ValueError("a frame has a line before it")
                skip = (ConnectionId(exclude.decode()),) if exclude else ()
                self._listeners.give(self._group, body.decode(), skip)
            else:
                await self._heard_durable(*parse_live(payload))
        except ValueError:
            log.warning("a message on Redis is not one of ours", extra={"group": self._group})

    async def resumed(self) -> None:
        if self._seen is not None:
            await self._catch_up(self._seen)

    def _notify(self, message: Any) -> None:
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise ValueError("a layer message is an object with a type")
        self._listeners.notify(self._group, message)

    async def _heard_durable(self, entry: Entry, is_last: bool) -> None:
        position = entry.position
        if self._seen is None:
            self._latest, self._is_over = position, is_last
        elif position.offset == self._seen.offset + 1 and self._seen.epoch in ("", position.epoch):
            self._is_over = is_last
            self._give(entry)
            self._end_if_over()
        elif position.epoch != self._seen.epoch or _is_later(position, self._seen):
            await self._catch_up(self._seen)

    async def _catch_up(self, seen: Position) -> None:
        """Give out what is in history after `seen`, and say so where that isn't all."""
        if self._history is None:
            return
        reading = await self._history.read(self._group, seen if seen.epoch else None)
        reason, missed = None, reading.entries
        if seen.epoch and not self._history.was_silent(seen, reading):
            reason, missed = reading.missed_since(seen)
        if reason is None:
            for entry in missed:
                self._give(entry)
        else:
            log.warning("history has a gap: %s", reason, extra={"group": self._group})
            if reading.end.epoch == seen.epoch:
                missed = [entry for entry in missed if _is_later(entry.position, seen)]
            self._fences.clear()
            frames = [entry.frame(self._group) for entry in missed]
            self._listeners.recover(self._group, Recovery(len(frames), reason), frames)
        self._seen = reading.end
        self._is_over = reading.is_over
        self._end_if_over()

    def _end_if_over(self) -> None:
        if self._is_over:
            self._listeners.close(self._group)
            self._on_over()

    def _give(self, entry: Entry) -> None:
        self._seen = entry.position
        for given in self._given_meanwhile:
            given.append(entry)
        exclude = entry.exclude
        if self._fences:
            offset = entry.position.offset
            self._fences = {who: end for who, end in self._fences.items() if end >= offset}
            exclude = exclude | self._fences.keys()
        self._listeners.give(self._group, entry.frame(self._group), exclude)

    def _repeat(self, subscriber: Subscriber, reading: Reading) -> None:
        for entry in reading.entries[-1:]:
            subscriber.deliver(entry.frame(self._group))

    def _position_in(self, since: str) -> Position | None:
        parsed = Position.parse(since)
        if parsed is None or parsed[0] != self._group:
            return None
        return parsed[1]

    def _recover(
        self, subscriber: Subscriber, since: str, position: Position | None, reading: Reading
    ) -> Recovery:
        reason: LossReason | None
        if Position.parse(since) is None:
            reason, missed = LossReason.INVALID, reading.entries
        else:
            reason, missed = reading.missed_since(position)
        frames = [entry.frame(self._group) for entry in missed]
        recovery = Recovery(len(frames), reason)
        subscriber.recover(recovery, frames)
        return recovery


def _is_later(position: Position, than: Position) -> bool:
    """Within one epoch. Offsets alone don't tell: Redis may come back without its last messages
    (a replica that was behind, a file not yet written), and gives their offsets to others."""
    return (position.at_ms, position.offset) > (than.at_ms, than.offset)
