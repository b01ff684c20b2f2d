"""Revocations on Redis: each process reads what the others added, four times a second.

They stand in a sorted set in the order of their coming. A process reads on from the newest one
that it has read, and that one included: if it isn't there, Redis forgot something. Then it reads
all, and puts back what Redis doesn't have any more.
"""

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from adapters.background_task import BackgroundTask
from adapters.identity.revocation_encoding import Malformed, decode, encode
from adapters.identity.revocation_table import AHEAD, Kept, RevocationTable
from adapters.redis_commands import Script
from adapters.redis_connection import Client, answering, reason
from application.errors import TooManyRevocations, Unavailable
from application.identity_ports import HearRevocations, Revocations
from application.ports import Clock
from domain.identity import Identity
from domain.revocations import Revocation

log = logging.getLogger(__name__)

KEEP = Script(Path(__file__).parent / "scripts" / "keep.lua")

INTERVAL = 0.25
"""Seconds between two readings: others' revocations are in force within a second. Each is one
command."""

LATE = 5.0
"""Seconds without a reading after which a process doesn't count as ready: it may let somebody in
whom another one would refuse."""

PAGE = 1_000
"""Revocations in one command: Redis and this process are busy with them for some milliseconds."""

KEPT_LONGER = AHEAD + 60
"""Seconds for which Redis keeps what no process needs any more: that is not taken for lost."""

AT_ONCE = 500
"""Revocations that are put back by one command."""

LONGEST = 86_400.0
"""Seconds by which another process may have tokens live longer; what says more is bounded to it."""

LAST = 2.0**53
"""Places are below it: so far numbers are exact."""

Placed: TypeAlias = tuple[bytes, float]
"""A revocation as it stands on Redis, and where."""


class RedisRevocations(Revocations):
    """`life` is for how many seconds after its issue a token could be in use."""

    def __init__(
        self, client: Client, service: str, clock: Clock, *, life: float, limit: int
    ) -> None:
        self._client = client
        self._key = f"{service}:revocations"
        self._clock = clock
        self._life = life
        self._limit = limit
        self._table = RevocationTable(clock, life=life, limit=limit)
        self._newest: Placed | None = None
        """Up to which all was read; None where that has to begin anew."""
        self._own: Placed | None = None
        """The newest that this process added and has not read yet."""
        self._lost: list[Kept] = []
        """What Redis has to be given again."""
        self._replaced: list[bytes] = []
        """What the last ones took the place of; the newest stays where it is for that long."""
        self._read_at = -math.inf
        self._task = BackgroundTask("revocations", self._run)

    async def start(self) -> None:
        """Know all that is revoked, and hear of more from then on; raises `Unavailable`."""
        await self.read()
        self._task.start()

    async def stop(self) -> None:
        await self._task.stop()

    def check(self) -> None:
        """Raises `Unavailable` while this process hears of nothing."""
        self._task.check()
        if self._clock.monotonic() - self._read_at > LATE:
            raise Unavailable("Revocations can't be read.")

    async def revoke(self, revocations: Sequence[Revocation]) -> None:
        kept = self._table.to_keep(revocations)
        # What is known already stands on Redis, or is about to be put back.
        await self._add([each for each in kept if each != self._table.get(each.target)])
        self._table.learn(kept)

    def is_revoked(self, identity: Identity) -> bool:
        return self._table.is_revoked(identity)

    def listen(self, hear: HearRevocations) -> None:
        self._table.listen(hear)

    async def _run(self) -> None:
        told = ""
        while True:
            await asyncio.sleep(INTERVAL)
            why = ""
            try:
                await self.read()
            except Unavailable as error:
                why = reason(error.__cause__)
            if why and why != told:
                log.warning("revocations can't be exchanged: %s", why)
            told = why

    async def read(self) -> None:
        """Learn what is new on Redis, and put back what it lost; raises `Unavailable`."""
        if self._newest is None or not await self._read_on(self._newest):
            await self._read_all()
        self._read_at = self._clock.monotonic()
        await self._put_back()

    async def _read_on(self, newest: Placed) -> bool:
        """Read what came after `newest`; False if Redis is not where it was."""
        begin, own = newest, self._own
        has_own = own is None
        async with contextlib.aclosing(self._pages(f"{begin[1]:.0f}")) as pages:
            async for page in pages:
                if newest is begin and page[:1] != [begin]:
                    return False
                self._table.learn(self._decoded(page[1:] if newest is begin else page))
                has_own = has_own or own in page
                newest = page[-1] if page else newest
        if has_own:
            self._has_read(newest, own)
        return has_own

    async def _read_all(self) -> None:
        held, own = self._table.known(), self._own
        there: dict[str, Kept] = {}
        newest = None
        async for page in self._pages("-inf"):
            kept = list(self._decoded(page))
            self._table.learn(kept)
            there |= {each.target: each.joined(there.get(each.target)) for each in kept}
            newest = page[-1] if page else newest
        self._lost = [
            each
            for target, each in held.items()
            if (known := there.get(target)) is None or each.joined(known) != known
        ]
        self._has_read(newest, own)

    def _has_read(self, newest: Placed | None, own: Placed | None) -> None:
        """Up to `newest`, and with `own`, if that was there."""
        self._newest = newest
        if self._own == own or not self._is_ahead(self._own):
            self._own = None

    def _is_ahead(self, placed: Placed | None) -> bool:
        newest = self._newest
        return placed is not None and (newest is None or placed[1] > newest[1])

    async def _pages(self, begin: str) -> AsyncGenerator[list[Placed]]:
        """From a place on, in order."""
        page: list[Placed] = []
        while not page or len(page) == PAGE:
            begin = f"({page[-1][1]:.0f}" if page else begin
            with answering():
                page = await self._client.zrangebyscore(
                    self._key, begin, LAST, start=0, num=PAGE, withscores=True
                )
            yield page
            if not page:
                return

    def _decoded(self, page: Iterable[Placed]) -> Iterator[Kept]:
        latest = self._clock.now() + self._life + LONGEST
        for member, _ in page:
            try:
                yield decode(member, latest=latest)
            except Malformed as error:
                log.warning("a revocation on Redis is malformed: %s", error)

    async def _put_back(self) -> None:
        while self._lost:
            try:
                await self._add(self._lost[:AT_ONCE])
            except TooManyRevocations:
                log.exception("revocations can't be put back on Redis")
                self._lost.clear()
            del self._lost[:AT_ONCE]

    async def _add(self, several: Sequence[Kept]) -> None:
        if not several:
            return
        kept_ms = int((self._life + KEPT_LONGER) * 1000)
        replaced = [
            encode(known)
            for kept in several
            if (known := self._table.get(kept.target)) is not None and known != kept
        ]
        old = [*replaced, *self._replaced]
        args: list[Any] = [self._limit, kept_ms, len(old), *old, *map(encode, several)]
        with answering():
            done = await KEEP(self._client, [self._key], args)
        if done is None:
            raise TooManyRevocations(f"No more than {self._limit} revocations are kept.")
        self._replaced = replaced
        at, place = done
        if at and self._is_ahead(own := (args[at - 1], float(place))):
            self._own = own
