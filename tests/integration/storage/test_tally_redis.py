"""The tally on Redis: the contract, and how far it reaches."""

import pytest

from adapters.redis_connection import Client
from adapters.storage.tally_redis import RedisTally
from application.ports import Tally
from domain.analytics import Counts
from tests.contracts.tally import NAME_LIMIT, TallyContract, add

pytestmark = pytest.mark.redis


@pytest.fixture
def tally(redis_client: Client, prefix: str) -> Tally:
    return RedisTally(redis_client, prefix, name_limit=NAME_LIMIT)


class TestRedisTally(TallyContract):
    """The contract, shared by all processes of a service."""


async def test_two_processes_count_together_and_two_services_do_not(
    redis_client: Client, prefix: str, tally: Tally
) -> None:
    same = RedisTally(redis_client, prefix, name_limit=NAME_LIMIT)
    other = RedisTally(redis_client, f"{prefix}-other", name_limit=NAME_LIMIT)
    await add(tally, "click")

    assert await add(same, "click") == [(2, 2)]
    assert await other.counts(9) == Counts(0, {})
