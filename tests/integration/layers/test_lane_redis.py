"""The lane on Redis: the contract."""

import asyncio

import pytest

from adapters.lane_table import LanePlan
from adapters.layers.lanes import Lane
from tests.contracts.durable_lane import DurableLaneContract
from tests.contracts.lane import OpenLane
from tests.contracts.lane_listening import ListeningContract
from tests.contracts.passing_time import PassingTime
from tests.integration.layers.process import LaneProcess

pytestmark = pytest.mark.redis


class RealTime(PassingTime):
    """The ids of a stream are moments that nobody can move: these have to be waited for."""

    async def advance(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@pytest.fixture
def clock() -> PassingTime:
    return RealTime()


@pytest.fixture
def open_lane(process: LaneProcess) -> OpenLane:
    async def open_one(plan: LanePlan) -> Lane:
        return process.lane(plan)

    return open_one


class TestListening(ListeningContract):
    """Who hears what, on both kinds."""


class TestDurableLane(DurableLaneContract):
    """What is kept and recovered, and messages for handlers."""
