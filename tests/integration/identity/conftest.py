"""Server processes that know of revocations by one Redis."""

import pytest

from adapters.identity.revocations_redis import RedisRevocations
from adapters.redis_connection import Client
from tests.doubles import ManualClock
from tests.integration.identity.revoking import revocations_of


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def one(redis_client: Client, prefix: str, clock: ManualClock) -> RedisRevocations:
    return revocations_of(redis_client, prefix, clock)


@pytest.fixture
def two(redis_client: Client, prefix: str, clock: ManualClock) -> RedisRevocations:
    return revocations_of(redis_client, prefix, clock)


@pytest.fixture
def newcomer(redis_client: Client, prefix: str, clock: ManualClock) -> RedisRevocations:
    return revocations_of(redis_client, prefix, clock)
