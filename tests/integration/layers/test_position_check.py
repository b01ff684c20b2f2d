"""Quiet groups are compared with Redis: what got lost is found though nothing more is said."""

import pytest

from adapters.layers import position_check
from adapters.layers.lane_redis import RedisLane
from adapters.redis_connection import Client
from application.ports import LossReason, Recovery
from tests.contracts.lane import DURABLE, bodies, hears, listener, publication, publish
from tests.doubles import RecordingSubscriber
from tests.integration.footprint import calls
from tests.integration.layers.process import LaneProcess, forget

pytestmark = pytest.mark.redis


async def lose(lane: RedisLane, group: str, number: int) -> None:
    """It is stored, but told on a channel that nobody listens to."""
    assert lane._history is not None
    await lane._history.append(group, "nowhere", publication(number))


async def test_a_last_message_that_was_lost_on_its_way_is_given_out(process: LaneProcess) -> None:
    lane = process.lane(DURABLE)
    ada = await listener(lane)
    await publish(lane, "g", 1)
    await ada.wait_for(1)

    process.check.start()
    await lose(lane, "g", 2)
    await ada.wait_for(2)
    await process.check.stop()
    await publish(lane, "g", 3)

    await hears(ada, 1, 2, 3)
    assert ada.recoveries == []


async def test_a_redis_that_forgot_everything_is_told_of_where_all_is_quiet(
    redis_client: Client, process: LaneProcess
) -> None:
    lane = process.lane(DURABLE)
    ada = await listener(lane)
    await publish(lane, "g", 1)
    await ada.wait_for(1)
    await process.check.compare()

    await forget(redis_client, process.service)
    await process.check.compare()
    await process.check.compare()

    assert ada.recoveries == [Recovery(0, LossReason.UNKNOWN_POSITION)]
    await publish(lane, "g", 2)
    await hears(ada, 1, 2)
    assert len(ada.recoveries) == 1


async def test_a_group_whose_keys_are_not_ours_is_told_once_and_holds_up_no_other(
    redis_client: Client, process: LaneProcess
) -> None:
    lane = process.lane(DURABLE)
    ada = await listener(lane)
    bob = RecordingSubscriber("bob")
    await lane.attach("other", bob)
    await publish(lane, "g", 1)
    await publish(lane, "other", 1)
    await ada.wait_for(1)
    await bob.wait_for(1)
    await redis_client.set(f"{process.service}:durable:{{g}}:meta", "x")
    await lose(lane, "other", 2)

    for _ in range(4):
        await process.check.compare()

    assert ada.recoveries == [Recovery(0, LossReason.UNKNOWN_POSITION)]
    assert bob.bodies == bodies(1, 2)


async def test_all_quiet_groups_are_compared_by_one_command_that_only_reads(
    redis_client: Client, process: LaneProcess
) -> None:
    lane = process.lane(DURABLE)
    ada = RecordingSubscriber("ada")
    for number in range(50):
        await lane.attach(f"g{number}", ada)
        await publish(lane, f"g{number}", number)
    await ada.wait_for(50)
    await process.check.compare()
    await process.check.compare()  # which teaches Redis the script

    before = await calls(redis_client)
    await process.check.compare()
    after = await calls(redis_client)

    assert after["evalsha"] - before["evalsha"] == 1
    assert after["hmget"] - before["hmget"] == 50
    assert len(ada.frames) == 50


async def test_a_group_that_moves_is_left_alone(
    redis_client: Client, process: LaneProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(position_check, "GROUPS_A_COMMAND", 1)
    lane = process.lane(DURABLE)
    ada = await listener(lane)
    await process.check.compare()
    before = await calls(redis_client)
    for number in range(3):
        await publish(lane, "g", number)
        await ada.wait_for(number + 1)
        await process.check.compare()

    assert (await calls(redis_client))["hmget"] - before["hmget"] == 3  # of what was published
