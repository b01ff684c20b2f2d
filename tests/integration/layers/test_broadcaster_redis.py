"""Broadcasting over lanes on Redis: the contract."""

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from tests.contracts.broadcaster import (
    PLANS,
    SUBSCRIPTION_LIMIT,
    BroadcasterContract,
    Broadcasting,
    encode,
)
from tests.integration.layers.process import LaneProcess

pytestmark = pytest.mark.redis


@pytest.fixture
def broadcaster(process: LaneProcess) -> Broadcasting:
    lanes = {name: process.lane(plan) for name, plan in PLANS.items()}
    return LaneBroadcaster(lanes, encode, subscription_limit=SUBSCRIPTION_LIMIT)


class TestLaneBroadcasterOnRedis(BroadcasterContract):
    """The contract, over Redis."""
