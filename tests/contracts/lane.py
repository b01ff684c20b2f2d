"""What the contracts of lanes have in common: lanes to open, and what is said on them."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeAlias

import pytest

from adapters.lane_table import LaneKind, LanePlan
from adapters.layers.lanes import Lane
from adapters.layers.publication import Publication
from tests.doubles import RecordingSubscriber, cursor_of

OpenLane: TypeAlias = Callable[[LanePlan], Awaitable[Lane]]
"""The fixture `open_lane`: a lane to these settings, ready for use, closed after the test.

All lanes of one test share a backend; nothing of another test is in it.
"""

EPHEMERAL = LanePlan("chat", LaneKind.EPHEMERAL, "ephemeral")
DURABLE = LanePlan("rooms", LaneKind.DURABLE, "durable", capacity=5, expiry=60)
BRIEF = replace(DURABLE, prefix="brief", expiry=1)
LONG = replace(DURABLE, prefix="long", capacity=1000)

both_kinds = pytest.mark.parametrize("plan", [EPHEMERAL, DURABLE], ids=["ephemeral", "durable"])


def publication(number: int) -> Publication:
    return Publication(body(number))


def body(number: int) -> str:
    return f'{{"n":{number}}}'


def bodies(*numbers: int) -> list[str]:
    return [body(number) for number in numbers]


async def publish(lane: Lane, group: str, *numbers: int) -> None:
    for number in numbers:
        await lane.publish(group, publication(number))


async def cursors(lane: Lane, group: str, *numbers: int) -> list[str]:
    """Publish these, and return where each of them stands."""
    subscriber = RecordingSubscriber("notes the cursors")
    await lane.attach(group, subscriber)
    await publish(lane, group, *numbers)
    frames = await subscriber.wait_for(len(numbers))
    await lane.detach(subscriber)
    return [cursor_of(frame) for frame in frames]


class OnBothKinds:
    """For contracts whose every sentence holds on an ephemeral lane and on a durable one."""

    @pytest.fixture(params=[EPHEMERAL, DURABLE], ids=["ephemeral", "durable"])
    def plan(self, request: pytest.FixtureRequest) -> LanePlan:
        found: LanePlan = request.param
        return found

    @pytest.fixture
    async def lane(self, open_lane: OpenLane, plan: LanePlan) -> Lane:
        return await open_lane(plan)


class OnDurable:
    """For contracts whose most sentences are of one durable lane."""

    @pytest.fixture
    async def lane(self, open_lane: OpenLane) -> Lane:
        return await open_lane(DURABLE)


async def listener(lane: Lane, name: str = "ada") -> RecordingSubscriber:
    """Attached to the group `g`."""
    subscriber = RecordingSubscriber(name)
    await lane.attach("g", subscriber)
    return subscriber


async def ada_and_bob(lane: Lane) -> tuple[RecordingSubscriber, RecordingSubscriber]:
    return await listener(lane, "ada"), await listener(lane, "bob")


async def hears(subscriber: RecordingSubscriber, *numbers: int) -> None:
    """It gets these in this order, and has got nothing else."""
    await all_hear((subscriber, bodies(*numbers)))


async def all_hear(*expected: tuple[RecordingSubscriber, list[str]]) -> None:
    """The same of several; they are looked at when all have got as much."""
    for subscriber, heard in expected:
        await subscriber.wait_for(len(heard))
    for subscriber, heard in expected:
        assert subscriber.bodies == heard
