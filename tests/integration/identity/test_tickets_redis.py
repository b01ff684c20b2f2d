"""Tickets on Redis: the contract, several processes, and what others wrote."""

import logging

import pytest

from adapters.identity.ticket_codes import digest
from adapters.identity.tickets_redis import RedisTickets
from adapters.redis_connection import Client
from application.identity_ports import Tickets
from tests.contracts.tickets import ADA, EXPIRY, TicketsContract
from tests.doubles import ManualClock
from tests.integration.storage.aging import AgingKeys

pytestmark = pytest.mark.redis


class AgingTickets(ManualClock):
    """Time passes for the process, and on Redis."""

    def __init__(self, client: Client, service: str) -> None:
        super().__init__()
        self._keys = AgingKeys(client, service)

    async def advance(self, seconds: float) -> None:
        self.shift(seconds)
        await self._keys.advance(seconds)


@pytest.fixture
def clock(redis_client: Client, prefix: str) -> ManualClock:
    return AgingTickets(redis_client, prefix)


@pytest.fixture
def tickets(redis_client: Client, prefix: str, clock: ManualClock) -> Tickets:
    return RedisTickets(redis_client, prefix, clock, expiry=EXPIRY)


@pytest.fixture
def other_process(redis_client: Client, prefix: str, clock: ManualClock) -> Tickets:
    return RedisTickets(redis_client, prefix, clock, expiry=EXPIRY)


class TestRedisTickets(TicketsContract):
    """The contract, shared by all processes of a service."""


async def test_it_is_good_once_on_whichever_process(
    tickets: Tickets, other_process: Tickets
) -> None:
    ticket = await tickets.issue(ADA)

    assert await other_process.redeem(ticket) == ADA
    assert await tickets.redeem(ticket) is None


async def test_it_is_good_for_its_own_service(
    redis_client: Client, prefix: str, clock: ManualClock, tickets: Tickets
) -> None:
    other = RedisTickets(redis_client, f"{prefix}-other", clock, expiry=EXPIRY)
    ticket = await tickets.issue(ADA)

    assert await other.redeem(ticket) is None
    assert await tickets.redeem(ticket) == ADA


async def test_whoever_reads_redis_has_no_tickets_and_all_have_an_end(
    redis_client: Client, prefix: str, tickets: Tickets
) -> None:
    ticket = await tickets.issue(ADA)

    (key,) = [key async for key in redis_client.scan_iter(f"{prefix}:*")]

    assert 0 < await redis_client.ttl(key) <= EXPIRY
    assert ticket.encode() not in key + await redis_client.get(key)
    assert await tickets.redeem(key.decode().rpartition(":")[2]) is None


@pytest.mark.parametrize("raw", [b"", b"\xff", b"{}", b'{"member": 1}'], ids=ascii)
async def test_what_is_no_identity_stands_for_nobody_and_is_logged(
    redis_client: Client,
    prefix: str,
    tickets: Tickets,
    caplog: pytest.LogCaptureFixture,
    raw: bytes,
) -> None:
    ticket = await tickets.issue(ADA)
    await redis_client.set(f"{prefix}:ticket:{digest(ticket)}", raw)

    assert await tickets.redeem(ticket) is None

    (warning,) = caplog.records
    assert warning.levelno == logging.WARNING
    assert warning.exc_info is None
    assert ticket not in warning.getMessage()
