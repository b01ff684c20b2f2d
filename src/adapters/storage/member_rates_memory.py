"""Rates of members in one process."""

import time
from collections.abc import Callable

from adapters.buckets import Buckets, Rate
from application.member_rates import MemberRates
from domain.identity import MemberId


class MemoryMemberRates(MemberRates):
    """`frames` and `size` are the rates; `clock` is any steady one, in seconds."""

    def __init__(
        self, frames: Rate, size: Rate, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._frames = Buckets(frames)
        self._bytes = Buckets(size)
        self._clock = clock

    def spend(self, member: MemberId, frames: int, size: int) -> float:
        now = self._clock()
        return self._bytes.wait(member, now, size) or (
            self._frames.take(member, now, frames) or self._bytes.take(member, now, size)
        )
