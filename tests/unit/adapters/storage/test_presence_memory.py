"""Presence in memory: the contract."""

import pytest

from adapters.storage.presence_memory import MemoryPresence
from application.ports import Presence
from domain.identity import ConnectionId
from tests.contracts.presence import LOBBY, PresenceContract, enter


@pytest.fixture
def presence() -> Presence:
    return MemoryPresence()


class TestMemoryPresence(PresenceContract):
    """The contract, in one process."""


async def test_nothing_is_kept_of_rooms_that_all_have_left() -> None:
    presence = MemoryPresence()
    await enter(presence, LOBBY, "ada")
    await presence.leave(LOBBY, ConnectionId("ada"))

    assert presence._rooms == {}


async def test_a_roster_is_in_the_order_of_coming() -> None:
    presence = MemoryPresence()
    await enter(presence, LOBBY, "eve", "ada", "bob")

    roster = await presence.roster(LOBBY, 2)

    assert [member.name for member in roster.members] == ["eve", "ada"]
