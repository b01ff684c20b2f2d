"""Tickets in memory: the contract, and how many there are."""

import pytest

from adapters.identity.tickets_memory import MemoryTickets
from application.identity_ports import Tickets
from tests.contracts.tickets import ADA, EXPIRY, TicketsContract
from tests.doubles import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def tickets(clock: ManualClock) -> Tickets:
    return MemoryTickets(clock, expiry=EXPIRY)


class TestMemoryTickets(TicketsContract):
    """The contract, in one process."""


async def test_of_a_flood_the_oldest_are_forgotten(clock: ManualClock) -> None:
    tickets = MemoryTickets(clock, expiry=EXPIRY, capacity=3)

    issued = [await tickets.issue(ADA) for _ in range(4)]

    assert len(tickets._issued) == 3
    assert [await tickets.redeem(ticket) for ticket in issued] == [None, ADA, ADA, ADA]


async def test_those_that_are_over_take_no_memory(clock: ManualClock) -> None:
    tickets = MemoryTickets(clock, expiry=EXPIRY)
    for _ in range(9):
        await tickets.issue(ADA)
    clock.shift(EXPIRY)

    await tickets.issue(ADA)

    assert len(tickets._issued) == 1


async def test_a_clock_that_is_set_ends_no_ticket_and_prolongs_none(clock: ManualClock) -> None:
    tickets = MemoryTickets(clock, expiry=EXPIRY)
    first, second = await tickets.issue(ADA), await tickets.issue(ADA)

    clock.set(EXPIRY + 1)
    assert await tickets.redeem(first) == ADA
    clock.set(-3600)
    clock.shift(EXPIRY)
    assert await tickets.redeem(second) is None
