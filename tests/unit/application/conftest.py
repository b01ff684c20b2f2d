"""The memory backend, and a broadcaster whose frames can be read back as events."""

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from adapters.layers.lane_memory import MemoryLane
from tests.contracts.broadcasting import PLANS
from tests.doubles import EventBook, ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def book() -> EventBook:
    return EventBook()


@pytest.fixture
def lanes(clock: ManualClock) -> dict[str, MemoryLane]:
    return {name: MemoryLane(plan, clock) for name, plan in PLANS.items()}


@pytest.fixture
def broadcaster(lanes: dict[str, MemoryLane], book: EventBook) -> LaneBroadcaster:
    return LaneBroadcaster(lanes, book, subscription_limit=4)
