"""Broadcasting over lanes on Redis: the contract."""

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from tests.contracts.broadcaster import BroadcasterContract
from tests.contracts.broadcaster_history import BroadcasterHistoryContract
from tests.contracts.broadcasting import PLANS, SUBSCRIPTION_LIMIT, Broadcasting, encode
from tests.integration.layers.process import LaneProcess

pytestmark = pytest.mark.redis


@pytest.fixture
def broadcaster(process: LaneProcess) -> Broadcasting:
    lanes = {name: process.lane(plan) for name, plan in PLANS.items()}
    return LaneBroadcaster(lanes, encode, subscription_limit=SUBSCRIPTION_LIMIT)


class TestLaneBroadcasterOnRedis(BroadcasterContract, BroadcasterHistoryContract):
    """The contract, over Redis."""
