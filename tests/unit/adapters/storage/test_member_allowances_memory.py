"""Allowances of members in one process: the contract, and time that passes."""

import pytest

from adapters.buckets import Rate
from adapters.storage.member_allowances_memory import MemoryMemberAllowances
from application.limits import Limit, MemberAllowances
from tests.contracts.member_allowances import ADA, RATES, MemberAllowancesContract


@pytest.fixture
def allowances() -> MemberAllowances:
    return MemoryMemberAllowances(RATES)


class TestMemoryMemberAllowances(MemberAllowancesContract):
    """The contract, in one process."""


async def test_what_was_refused_is_fine_after_the_wait() -> None:
    now = [0.0]
    rooms = Limit.ROOMS_MADE
    allowances = MemoryMemberAllowances({rooms: Rate(10, 1)}, lambda: now[0])
    await allowances.take(rooms, ADA)

    now[0] += await allowances.take(rooms, ADA)

    assert now[0] == pytest.approx(0.1)
    assert await allowances.take(rooms, ADA) == 0
