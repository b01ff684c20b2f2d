"""What allowances of members promise: see `application.limits.MemberAllowances`."""

import asyncio

import pytest

from adapters.buckets import Rate
from application.limits import Limit, MemberAllowances
from domain.identity import MemberId

RATES = {Limit.ROOMS_MADE: Rate(0.01, 3), Limit.TALLY_NAMES: Rate(0.01, 1)}
"""The rates of the fixture `allowances`: so slow that no test lives to see one more."""

ROOMS, NAMES = Limit.ROOMS_MADE, Limit.TALLY_NAMES
ADA, BOB = MemberId("ada"), MemberId("bob:{x} \n")


class MemberAllowancesContract:
    """Takes the fixture `allowances` (`MemberAllowances`), of which nothing is taken."""

    async def test_a_burst_is_fine_and_no_more(self, allowances: MemberAllowances) -> None:
        assert [await allowances.take(ROOMS, ADA) for _ in range(3)] == [0.0] * 3
        assert await allowances.take(ROOMS, ADA) == pytest.approx(100, rel=0.1)

    async def test_what_is_refused_counts_for_nothing(self, allowances: MemberAllowances) -> None:
        waits = [await allowances.take(ROOMS, ADA) for _ in range(20)]

        assert max(waits) == pytest.approx(100, rel=0.1)

    async def test_members_and_limits_are_apart(self, allowances: MemberAllowances) -> None:
        assert await allowances.take(NAMES, ADA) == 0
        assert await allowances.take(NAMES, ADA) > 0
        assert await allowances.take(NAMES, BOB) == 0
        assert await allowances.take(ROOMS, ADA) == 0

    async def test_of_many_at_once_no_more_get_through(self, allowances: MemberAllowances) -> None:
        waits = await asyncio.gather(*(allowances.take(ROOMS, ADA) for _ in range(20)))

        assert sum(not wait for wait in waits) == 3
