"""What members may make, in one process."""

import time
from collections.abc import Callable, Mapping

from adapters.buckets import Buckets, Rate
from application.limits import Limit, MemberAllowances
from domain.identity import MemberId


class MemoryMemberAllowances(MemberAllowances):
    """`clock` is any steady one, in seconds."""

    def __init__(
        self, rates: Mapping[Limit, Rate], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._buckets = {limit: Buckets(rate) for limit, rate in rates.items()}
        self._clock = clock

    async def take(self, limit: Limit, member: MemberId) -> float:
        return self._buckets[limit].take(member, self._clock())
