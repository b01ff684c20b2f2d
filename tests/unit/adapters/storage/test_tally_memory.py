"""The tally in memory: the contract."""

import pytest

from adapters.storage.tally_memory import OTHER_NAMES, MemoryTally
from application.ports import Tally
from tests.contracts.tally import EXPIRY, NAME_LIMIT, OTHER, TallyContract, add
from tests.doubles import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def tally(clock: ManualClock) -> Tally:
    return MemoryTally(clock, name_limit=NAME_LIMIT, expiry=EXPIRY)


class TestMemoryTally(TallyContract):
    """The contract, in one process."""


async def test_a_flood_of_names_takes_bounded_memory() -> None:
    tally = MemoryTally(ManualClock(), name_limit=10, expiry=EXPIRY)

    await add(tally, *(f"name {number}" for number in range(1000)))

    assert len(tally._counts) == 11
    assert OTHER_NAMES == OTHER
