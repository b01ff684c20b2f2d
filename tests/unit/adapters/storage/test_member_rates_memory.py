"""Rates of members in one process: the contract."""

import pytest

from adapters.buckets import Rate
from adapters.storage.member_rates_memory import MemoryMemberRates
from application.member_rates import MemberRates
from tests.contracts.member_rates import ADA, BYTES, FRAMES, MemberRatesContract


@pytest.fixture
def rates() -> MemberRates:
    return MemoryMemberRates(FRAMES, BYTES)


class TestMemoryMemberRates(MemberRatesContract):
    """The contract, in one process."""


def test_what_was_refused_is_fine_after_the_wait() -> None:
    now = [0.0]
    rates = MemoryMemberRates(Rate(10, 5), Rate(1e9, 1e9), lambda: now[0])
    rates.spend(ADA, 5, 0)
    now[0] += rates.spend(ADA, 2, 0)
    assert now[0] == pytest.approx(0.2)
    assert rates.spend(ADA, 2, 0) == 0
