"""Rates of members over all server processes: told to Redis after the fact, a share at a time."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from adapters.buckets import KEYS, Rate
from adapters.redis_commands import Script
from adapters.redis_connection import Client, answering
from adapters.storage.member_rates_memory import MemoryMemberRates
from application.errors import Unavailable
from application.member_rates import MemberRates
from domain.identity import MemberId

log = logging.getLogger(__name__)

SPEND = Script(Path(__file__).parent / "scripts" / "spend.lua")

SHARES = 20
"""A process tells Redis of each twentieth of a burst: whoever sends little costs no command, and
what the others don't know of is little beside the burst."""


@dataclass(slots=True)
class _Untold:
    """What Redis wasn't told of yet; until `blocked_until` there was too much of it elsewhere."""

    frames: int = 0
    size: int = 0
    blocked_until: float = 0.0
    is_telling: bool = False


class RedisMemberRates(MemberRates):
    """A bucket in this process stands before the common one, and alone while Redis is away."""

    def __init__(
        self,
        client: Client,
        service: str,
        frames: Rate,
        size: Rate,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.bursts = frames.burst, size.burst
        self._client = client
        self._service = service
        self._local = MemoryMemberRates(frames, size, clock)
        self._frames = frames
        self._size = size
        self._clock = clock
        self._untold: OrderedDict[MemberId, _Untold] = OrderedDict()
        self._telling: set[asyncio.Task[None]] = set()

    def spend(self, member: MemberId, frames: int, size: int) -> float:
        untold = self._untold.get(member)
        if untold is None:
            untold = self._begin(member)
        if untold.blocked_until:
            wait = untold.blocked_until - self._clock()
            if wait > 0:
                return wait
            untold.blocked_until = 0.0
        if wait := self._local.spend(member, frames, size):
            return wait
        self._note(member, untold, frames, size)
        return 0.0

    def owe(self, member: MemberId, frames: int, size: int) -> None:
        self._local.owe(member, frames, size)
        self._note(member, self._untold.get(member) or self._begin(member), frames, size)

    def _note(self, member: MemberId, untold: _Untold, frames: int, size: int) -> None:
        """Tell Redis of it, once there is enough to tell."""
        untold.frames += frames
        untold.size += size
        if (
            untold.frames * SHARES >= self._frames.burst or untold.size * SHARES >= self._size.burst
        ) and not untold.is_telling:
            self._tell(member, untold)

    async def told(self) -> None:
        """Return when Redis has been told all that was to be told by now."""
        await asyncio.gather(*self._telling)

    async def stop(self) -> None:
        for task in self._telling:
            task.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)

    def _begin(self, member: MemberId) -> _Untold:
        if len(self._untold) >= KEYS:
            self._untold.popitem(last=False)
        untold = self._untold[member] = _Untold()
        return untold

    def _tell(self, member: MemberId, untold: _Untold) -> None:
        untold.is_telling = True
        task = asyncio.create_task(self._tell_redis(member, untold), name="member-rates")
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell_redis(self, member: MemberId, untold: _Untold) -> None:
        spent = (untold.frames, untold.size)
        untold.frames = untold.size = 0
        rates = (
            self._frames.per_second,
            self._frames.burst,
            self._size.per_second,
            self._size.burst,
        )
        try:
            with answering():
                wait_ms = await SPEND(
                    self._client, {f"{self._service}:spent:{member}": "hash"}, [*spent, *rates]
                )
            if wait_ms:
                untold.blocked_until = self._clock() + wait_ms / 1000
        except Unavailable:
            log.debug("what members send is not told to Redis, which is away")
        finally:
            untold.is_telling = False
