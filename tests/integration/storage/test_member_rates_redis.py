"""Rates of members on Redis: the contract, and what several server processes let through."""

from collections.abc import AsyncIterator

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from adapters.buckets import Rate
from adapters.redis_connection import Client
from adapters.storage import member_rates_redis
from adapters.storage.member_rates_redis import SHARES, RedisMemberRates
from application.member_rates import MemberRates
from tests.contracts.member_rates import ADA, BOB, BYTES, FRAMES, MemberRatesContract

pytestmark = pytest.mark.redis

SLOW = Rate(0.01, 100)
PLENTY = Rate(1e9, 1e9)


@pytest.fixture
async def rates(redis_client: Client, prefix: str) -> AsyncIterator[MemberRates]:
    rates = RedisMemberRates(redis_client, prefix, FRAMES, BYTES)
    yield rates
    await rates.stop()


class TestRedisMemberRates(MemberRatesContract):
    """The contract, shared by all processes of a service."""


async def test_two_processes_together_let_through_one_burst_and_a_share(
    redis_client: Client, prefix: str
) -> None:
    pair = [RedisMemberRates(redis_client, prefix, SLOW, PLENTY) for _ in range(2)]
    passed = 0
    for _ in range(200):
        for one in pair:
            passed += not one.spend(ADA, 1, 1)
            await one.told()
    share = 100 // SHARES
    assert 100 <= passed <= 100 + 2 * share
    assert all(one.spend(ADA, 1, 1) > 0 for one in pair)
    assert all(one.spend(BOB, 1, 1) == 0 for one in pair)


async def test_who_sends_little_costs_no_command(redis_client: Client, prefix: str) -> None:
    rates = RedisMemberRates(redis_client, prefix, SLOW, PLENTY)
    for _ in range(100 // SHARES - 1):
        rates.spend(ADA, 1, 1)
    await rates.told()
    assert [key async for key in redis_client.scan_iter(f"{prefix}:*")] == []


async def test_what_is_kept_has_an_end(redis_client: Client, prefix: str) -> None:
    rates = RedisMemberRates(redis_client, prefix, Rate(10, 100), PLENTY)
    rates.spend(ADA, 50, 1)
    await rates.told()
    assert 0 < await redis_client.pttl(f"{prefix}:spent:ada") <= 5_001


async def test_while_redis_is_away_each_process_holds_the_rate_alone(
    redis_client: Client, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def is_away(*_: object) -> None:
        raise RedisConnectionError

    monkeypatch.setattr(member_rates_redis, "SPEND", is_away)
    rates = RedisMemberRates(redis_client, prefix, SLOW, PLENTY)
    assert sum(not rates.spend(ADA, 1, 1) for _ in range(150)) == 100
    await rates.told()
    assert rates.spend(BOB, 1, 1) == 0
