"""What clients come back to on Redis: read in pages, shared within a group, bounded in sum."""

import asyncio
import contextlib
import weakref
from collections.abc import AsyncIterator, Sequence
from sys import getsizeof
from typing import Protocol

from adapters.layers.position import Position
from adapters.layers.recovery import Entry, Reading
from application.errors import Unavailable

LINGER = 2.0
"""Seconds for which what was read is kept for the next who comes back: a crowd comes in less."""

TURN_SECONDS = 10.0
"""Whoever waits longer for its turn is better sent away, to come back later."""


class Held(str):
    """A frame of which one can be told when nobody has it any more."""

    __slots__ = ("__weakref__",)


class RecoveryLimit:
    """How much all recoveries of a process hold at once, from reading until the last session has
    written it: over `max_bytes`, no history is read that has more than a page."""

    def __init__(self, max_bytes: int) -> None:
        self.held = 0
        self._max_bytes = max_bytes
        self._reading = asyncio.Lock()
        self._released = asyncio.Event()

    @contextlib.asynccontextmanager
    async def turn(self, page: Sequence[Entry]) -> AsyncIterator[None]:
        """Wait until others than the reader's first page hold less, to read the rest. One after the
        other, so that none waits half-way for what another holds."""
        own = _size(page)
        async with self._reading:
            while self.held - own >= self._max_bytes:
                self._released.clear()
                await self._released.wait()
            yield

    def hold(self, entries: Sequence[Entry]) -> list[Entry]:
        """Count what was read, for as long as somebody has the newest of it: whoever has an older
        one has that as well, and lets go of it last."""
        if not entries:
            return []
        size = _size(entries)
        newest = Held(entries[-1].frame)
        self.held += size
        weakref.finalize(newest, self._release, size).atexit = False
        return [*entries[:-1], entries[-1]._replace(frame=newest)]

    def _release(self, size: int) -> None:
        self.held -= size
        self._released.set()


class Readable(Protocol):
    async def read(
        self,
        group: str,
        after: Position | None = None,
        *,
        before: Position | None = None,
        limit: RecoveryLimit | None = None,
    ) -> Reading: ...


class RecoveryWindow:
    """The end of one group's history, as read for those who came back lately."""

    def __init__(self, history: Readable, group: str, limit: RecoveryLimit) -> None:
        self._history = history
        self._group = group
        self._limit = limit
        self._turn = asyncio.Lock()
        self._known: Reading | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def read(self, after: Position | None) -> Reading:
        """A reading from `after` or from before, as of now; raises `Unavailable`."""
        try:
            async with asyncio.timeout(TURN_SECONDS), self._turn:
                reading = await self._extended(after)
                self._keep(reading)
                return reading
        except TimeoutError as error:
            raise Unavailable from error

    async def _extended(self, after: Position | None) -> Reading:
        known = self._known
        if known is None:
            return await self._read(after)
        newer = await self._read(known.end)
        kept = [entry for entry in known.entries if not _is_gone(entry, newer)]
        if not kept or not _goes_on(known.end, newer):
            return await self._read(after)
        entries = [*kept, *newer.entries]
        end, first = newer.end, entries[0].position
        is_there = after is not None and after.epoch == end.epoch and after.offset <= end.offset
        start = after if is_there else None
        if first.offset > (start.offset if start else 0) + 1:
            older = await self._read(start, before=first)
            if older.entries and not older.entries[-1].position.precedes(first):
                return await self._read(after)
            entries = [*older.entries, *entries]
        return newer._replace(entries=entries)

    async def _read(self, after: Position | None, *, before: Position | None = None) -> Reading:
        return await self._history.read(self._group, after, before=before, limit=self._limit)

    def _keep(self, reading: Reading) -> None:
        self.forget()
        if reading.entries:
            self._known = reading
            self._timer = asyncio.get_running_loop().call_later(LINGER, self.forget)

    def forget(self) -> None:
        self._known = None
        if self._timer is not None:
            self._timer.cancel()


def _size(entries: Sequence[Entry]) -> int:
    return sum(getsizeof(str(entry.frame)) for entry in entries)


def _is_gone(entry: Entry, reading: Reading) -> bool:
    """Whether history doesn't keep it any more."""
    return (entry.position.at_ms, entry.position.offset) < reading.kept_from


def _goes_on(end: Position, newer: Reading) -> bool:
    """Whether a reading after `end` begins right there: history has lost nothing in between."""
    return end.precedes(newer.entries[0].position) if newer.entries else newer.end == end
