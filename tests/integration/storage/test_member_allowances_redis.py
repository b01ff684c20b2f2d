"""Allowances of members on Redis: the contract, shared by all processes of a service."""

import asyncio

import pytest

from adapters.buckets import Rate
from adapters.redis_connection import Client
from adapters.storage.member_allowances_redis import RedisMemberAllowances
from application.limits import Limit, MemberAllowances
from tests.contracts.member_allowances import ADA, RATES, ROOMS, MemberAllowancesContract

pytestmark = pytest.mark.redis


@pytest.fixture
def allowances(redis_client: Client, prefix: str) -> MemberAllowances:
    return RedisMemberAllowances(redis_client, prefix, RATES)


class TestRedisMemberAllowances(MemberAllowancesContract):
    """The contract."""


async def test_server_processes_share_one_burst_and_services_do_not(
    redis_client: Client, prefix: str
) -> None:
    pair = [RedisMemberAllowances(redis_client, prefix, RATES) for _ in range(2)]
    waits = [await pair[number % 2].take(ROOMS, ADA) for number in range(5)]

    assert [wait > 0 for wait in waits] == [False] * 3 + [True] * 2
    other = RedisMemberAllowances(redis_client, f"{prefix}-other", RATES)
    assert await other.take(ROOMS, ADA) == 0


async def test_what_was_refused_is_fine_after_the_wait_and_is_kept_no_longer(
    redis_client: Client, prefix: str
) -> None:
    allowances = RedisMemberAllowances(redis_client, prefix, {Limit.ROOMS_MADE: Rate(5, 1)})
    assert await allowances.take(ROOMS, ADA) == 0
    (key,) = [key async for key in redis_client.scan_iter(f"{prefix}:*")]
    assert 0 < await redis_client.pttl(key) <= 201

    await asyncio.sleep(await allowances.take(ROOMS, ADA))

    assert await allowances.take(ROOMS, ADA) == 0
