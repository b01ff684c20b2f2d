"""The tally on Redis: the contract, and how far it reaches."""

from typing import Any

import pytest

from adapters.redis_connection import Client
from adapters.storage.tally_redis import RedisTally
from application.ports import Tally
from domain.analytics import Counts
from tests.contracts.tally import EXPIRY, NAME_LIMIT, TallyContract, add
from tests.integration.storage.aging import AgingKeys

pytestmark = pytest.mark.redis


def tally_of(client: Client, service: str) -> RedisTally:
    return RedisTally(client, service, name_limit=NAME_LIMIT, expiry=EXPIRY)


@pytest.fixture
def clock(redis_client: Client, prefix: str) -> AgingKeys:
    return AgingKeys(redis_client, prefix)


@pytest.fixture
def tally(redis_client: Client, prefix: str) -> Tally:
    return tally_of(redis_client, prefix)


class TestRedisTally(TallyContract):
    """The contract, shared by all processes of a service."""


async def test_two_processes_count_together_and_two_services_do_not(
    redis_client: Client, prefix: str, tally: Tally
) -> None:
    same = tally_of(redis_client, prefix)
    other = tally_of(redis_client, f"{prefix}-other")
    await add(tally, "click")

    assert await add(same, "click") == [(2, 2)]
    assert await other.counts(9) == Counts(0, {})


async def test_all_that_is_kept_is_bounded_and_has_an_end(
    redis_client: Client, prefix: str, tally: Tally
) -> None:
    await add(tally, *(f"name {number}" for number in range(20)))

    keys = [key async for key in redis_client.scan_iter(f"{prefix}:*")]
    assert len(keys) == 3
    for key in keys:
        assert 0 < await redis_client.ttl(key) <= EXPIRY
    assert await redis_client.zcard(f"{prefix}:{{tally}}:last") == NAME_LIMIT + 1


async def test_a_count_that_is_none_begins_anew(
    redis_client: Client, prefix: str, tally: Tally
) -> None:
    await add(tally, "click", "click")
    execute: Any = redis_client.execute_command
    await execute("HSET", f"{prefix}:{{tally}}:counts", "click", "x")

    assert await tally.counts(9) == Counts(2, {"click": 0})
    assert await tally.add("click") == (1, 3)


async def test_a_name_that_is_no_text_is_passed_over_and_so_is_a_total_that_is_no_number(
    redis_client: Client, prefix: str, tally: Tally
) -> None:
    await add(tally, "click")
    await redis_client.zadd(f"{prefix}:{{tally}}:last", {b"\xff\xfe": 1e15})
    assert await tally.counts(9) == Counts(1, {"click": 1})

    await redis_client.set(f"{prefix}:{{tally}}:total", "many")
    assert await tally.counts(9) == Counts(0, {"click": 1})
    assert await add(tally, "click") == [(2, 1)]
