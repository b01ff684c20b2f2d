"""What clients come back to on Redis: read in pages, shared within a group, bounded in sum."""

import asyncio
import contextlib
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from sys import getsizeof
from typing import Protocol

from adapters.layers.position import Position
from adapters.layers.recovery import Entry, Reading
from application.errors import Unavailable

LINGER = 2.0
"""Seconds for which what was read is kept for the next who comes back: a crowd comes in less."""

TURN_SECONDS = 10.0
"""Whoever waits longer for its turn is better sent away, to come back later."""


PAGE = 100
"""Entries that are read by one command at most: Redis and this process are busy with them for a
millisecond or two."""

PAGE_BYTES = 512 * 1024
"""Bytes on Redis of all of them, unless the first alone has more."""

PAGE_ROOM = PAGE * 1024 + PAGE_BYTES * 4
"""Memory of a page at most: Python takes up to four bytes for one, and each frame has a cursor."""


class Held(str):
    """A frame of which one can be told when nobody has it any more."""

    __slots__ = ("__weakref__",)


class NoRoom(Exception):
    """What is known can't be built upon, or there is no room beside it: it has to be let go."""


class RecoveryLimit:
    """How much all recoveries of a process hold at once, from reading until the last session has
    written it: a page is read only once there is room for the largest, so it is never more than
    `max_bytes`, or one history alone.

    Whoever waits holds nothing: none waits for what another holds that waits, too. One at a time
    reads what has more than a page.
    """

    def __init__(self, max_bytes: int) -> None:
        self.held = 0
        self.catching_up = asyncio.Lock()
        """Of what the process itself missed, one history at a time is read, and given out at once:
        that waits for no client."""
        self.lingering: dict[RecoveryWindow, None] = {}
        """Those that keep what nobody may need: they let go of it for want of room."""
        self._reserved = 0
        self._max_bytes = max_bytes
        self._long = asyncio.Lock()
        self._released = asyncio.Event()

    def is_taken(self) -> bool:
        """Whether somebody reads what has more than a page."""
        return self._long.locked()

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        async with self._long:
            yield

    @contextlib.asynccontextmanager
    async def page(self, own: Sequence[Entry], *, may_wait: bool) -> AsyncIterator[None]:
        """Keep room for a page, to be read and counted inside, beside what its reader has; raises
        `NoRoom` instead of waiting for it."""
        while not self._has_room(own):
            if self.lingering:
                next(iter(self.lingering)).forget()
                continue
            if not may_wait:
                raise NoRoom
            self._released.clear()
            await self._released.wait()
        self._reserved += PAGE_ROOM
        try:
            yield
        finally:
            self._reserved -= PAGE_ROOM
            self._released.set()

    def _has_room(self, own: Sequence[Entry]) -> bool:
        used = self.held + self._reserved
        return used + PAGE_ROOM <= self._max_bytes or used <= _size(own)

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


class Share:
    """What one reader has of the limit: `kept` are entries that it has already. With those it does
    not wait, but is told `NoRoom`."""

    def __init__(self, limit: RecoveryLimit, kept: Sequence[Entry] = ()) -> None:
        self._limit = limit
        self._kept = kept
        self._may_wait = not kept

    async def read(self, page: Callable[[bytes], Awaitable[tuple[Reading, bytes]]]) -> Reading:
        """Read page after page: `page` reads the one after an id, and says after which there may
        be more."""
        reading, last_id = await self._page(page, [], b"", may_wait=self._may_wait)
        if not last_id:
            return reading
        entries: list[Entry] = list(reading.entries)
        epoch = reading.end.epoch
        del reading
        if self._limit.is_taken():
            if not self._may_wait:
                raise NoRoom
            entries, last_id = [], b""
        async with self._limit.turn():
            while True:
                further, last_id = await self._page(page, entries, last_id, may_wait=self._may_wait)
                if entries and further.end.epoch != epoch:
                    entries = []
                epoch = further.end.epoch
                entries += further.entries
                if not last_id:
                    return further._replace(entries=entries)

    async def _page(
        self,
        page: Callable[[bytes], Awaitable[tuple[Reading, bytes]]],
        own: list[Entry],
        last_id: bytes,
        *,
        may_wait: bool,
    ) -> tuple[Reading, bytes]:
        async with self._limit.page([*self._kept, *own], may_wait=may_wait):
            reading, last_id = await page(last_id)
            return reading._replace(entries=self._limit.hold(reading.entries)), last_id


class Readable(Protocol):
    async def read(
        self,
        group: str,
        after: Position | None = None,
        *,
        before: Position | None = None,
        share: Share | None = None,
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
        if self._known is not None:
            with contextlib.suppress(NoRoom):
                return await self._shared(self._known, after)
            # There is no room beside what is known: to wait for some, it has to be let go.
            self.forget()
        return await self._read(after)

    async def _shared(self, known: Reading, after: Position | None) -> Reading:
        newer = await self._read(known.end, kept=known.entries)
        kept = [entry for entry in known.entries if not _is_gone(entry, newer)]
        if not kept or not _goes_on(known.end, newer):
            raise NoRoom
        entries = [*kept, *newer.entries]
        end, first = newer.end, entries[0].position
        is_there = after is not None and after.epoch == end.epoch and after.offset <= end.offset
        start = after if is_there else None
        if first.offset > (start.offset if start else 0) + 1:
            older = await self._read(start, before=first, kept=entries)
            if older.entries and not older.entries[-1].position.precedes(first):
                raise NoRoom
            entries = [*older.entries, *entries]
        return newer._replace(entries=entries)

    async def _read(
        self,
        after: Position | None,
        *,
        before: Position | None = None,
        kept: Sequence[Entry] = (),
    ) -> Reading:
        share = Share(self._limit, kept)
        return await self._history.read(self._group, after, before=before, share=share)

    def _keep(self, reading: Reading) -> None:
        self.forget()
        if reading.entries:
            self._known = reading
            self._limit.lingering[self] = None
            self._timer = asyncio.get_running_loop().call_later(LINGER, self.forget)

    def forget(self) -> None:
        self._known = None
        self._limit.lingering.pop(self, None)
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
