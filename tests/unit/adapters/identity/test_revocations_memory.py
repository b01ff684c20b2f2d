"""Revocations in memory: the contract."""

import pytest

from adapters.identity.revocations_memory import MemoryRevocations
from application.identity_ports import Revocations
from tests.contracts.revocation_times import RevocationTimesContract
from tests.contracts.revocations import LIFE, LIMIT, RevocationsContract
from tests.doubles import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def revocations(clock: ManualClock) -> Revocations:
    return MemoryRevocations(clock, life=LIFE, limit=LIMIT)


class TestMemoryRevocations(RevocationsContract, RevocationTimesContract):
    """The contract, in one process."""
