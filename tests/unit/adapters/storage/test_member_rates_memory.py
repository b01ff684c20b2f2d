"""Rates of members in one process: the contract."""

import pytest

from adapters.buckets import Rate
from adapters.storage.member_rates_memory import MemoryMemberRates
from application.member_rates import MemberRates
from domain.identity import MemberId
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


def test_whoever_has_nothing_spent_is_forgotten_and_the_table_is_bounded() -> None:
    now = [0.0]
    rates = MemoryMemberRates(Rate(1, 5), Rate(1, 5), lambda: now[0], capacity=50)
    for number in range(100):
        rates.spend(MemberId(f"early {number}"), 1, 1)
    assert len(rates._spent) == 50
    now[0] = 60.0
    for number in range(40):
        rates.spend(MemberId(f"late {number}"), 1, 1)
    assert len(rates._spent) == 40
