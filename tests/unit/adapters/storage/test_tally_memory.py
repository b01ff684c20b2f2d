"""The tally in memory: the contract."""

import pytest

from adapters.storage.tally_memory import OTHER_NAMES, MemoryTally
from application.ports import Tally
from tests.contracts.tally import NAME_LIMIT, OTHER, TallyContract, add


@pytest.fixture
def tally() -> Tally:
    return MemoryTally(name_limit=NAME_LIMIT)


class TestMemoryTally(TallyContract):
    """The contract, in one process."""


async def test_a_flood_of_names_takes_bounded_memory() -> None:
    tally = MemoryTally(name_limit=10)

    await add(tally, *(f"name {number}" for number in range(1000)))

    assert len(tally._counts) == 11
    assert OTHER_NAMES == OTHER
