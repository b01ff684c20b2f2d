"""A lane whose Redis forgot something, or says what is none of ours."""

import asyncio
from dataclasses import replace

import pytest

from adapters.lane_table import LanePlan
from adapters.redis_connection import Client
from application.ports import LossReason, Recovery
from tests.contracts.lane import DURABLE, EPHEMERAL, LONG, bodies, hears, listener, publish
from tests.doubles import RecordingSubscriber
from tests.integration.layers.process import LaneProcess, forget

pytestmark = pytest.mark.redis


async def test_a_group_that_redis_forgot_begins_anew_and_whoever_listens_is_told(
    redis_client: Client, process: LaneProcess
) -> None:
    lost = list[str]()
    lane = process.lane(DURABLE, lost.append)
    ada = await listener(lane)
    await publish(lane, "g", 1, 2)
    await ada.wait_for(2)
    await lane._feeds["g"].resumed()
    assert lost == []

    await forget(redis_client, process.service)
    await publish(lane, "g", 3, 4)

    await hears(ada, 1, 2, 3, 4)
    assert ada.recoveries == [Recovery(1, LossReason.UNKNOWN_POSITION)]
    assert lost == ["g"]


async def test_a_group_that_was_silent_until_redis_forgot_it_just_goes_on(
    redis_client: Client, process: LaneProcess
) -> None:
    lane = process.lane(DURABLE)
    ada = await listener(lane)
    await publish(lane, "g", 1)
    await ada.wait_for(1)

    # As if that had been a day ago.
    feed = lane._feeds["g"]._feed
    assert feed.seen is not None
    feed.seen = replace(feed.seen, at_ms=feed.seen.at_ms - 24 * 3600 * 1000)
    await forget(redis_client, process.service)
    await publish(lane, "g", 2, 3)

    await hears(ada, 1, 2, 3)
    assert ada.recoveries == []


@pytest.mark.parametrize("new", [1, 2, 3, 4])
@pytest.mark.parametrize("is_connected", [True, False], ids=["connected", "reconnected"])
async def test_nothing_new_is_taken_for_what_redis_lost_of_the_end_of_its_history(
    redis_client: Client, process: LaneProcess, new: int, is_connected: bool
) -> None:
    lane = process.lane(LONG)
    ada, late = RecordingSubscriber("ada"), RecordingSubscriber("late")
    await lane.attach("g", ada)
    await publish(lane, "g", 1, 2)
    keys = [key async for key in redis_client.scan_iter(f"{process.service}:*")]
    kept = {key: await redis_client.dump(key) for key in keys}
    await publish(lane, "g", 3, 4)
    await ada.wait_for(4)
    lost = ada.cursor

    # As a replica that was behind, or a file that was not written to its end, has it.
    if not is_connected:
        await redis_client.client_kill_filter(_type="pubsub")
    for key, value in kept.items():
        await redis_client.restore(key, 60_000, value, replace=True)
    await asyncio.sleep(0.002)  # for its clock to go on
    numbers = range(5, 5 + new)
    await publish(lane, "g", *numbers)

    await ada.wait_for(4 + new)
    assert ada.bodies == bodies(1, 2, 3, 4, *numbers)
    assert [told.reason for told in ada.recoveries] == [LossReason.UNKNOWN_POSITION]
    recovery = await lane.attach("g", late, since=lost)
    assert recovery is not None
    assert recovery.reason is LossReason.UNKNOWN_POSITION
    assert late.bodies[-new:] == bodies(*numbers)


@pytest.mark.parametrize(
    ("plan", "garbage"),
    [
        (EPHEMERAL, [b"", b"no line before it", b"\xff\n{}", b"\n\xff"]),
        (DURABLE, [b"", b"\n{}", b"a b c d e\n{}", b"0 1 2\n{}", b"\xff\n", b"0 1 1  \n\xff"]),
    ],
    ids=["ephemeral", "durable"],
)
async def test_what_a_stranger_publishes_is_passed_over(
    redis_client: Client,
    process: LaneProcess,
    plan: LanePlan,
    garbage: list[bytes],
    caplog: pytest.LogCaptureFixture,
) -> None:
    lane = process.lane(plan)
    ada = await listener(lane)

    garbage = [*garbage, b"!", b"!{", b'!["list"]', b"!{}", b'!{"type": 1}', b"!\xff"]
    for payload in garbage:
        await redis_client.publish(f"{process.service}:{plan.prefix}:0:g", payload)
    await publish(lane, "g", 1)

    await hears(ada, 1)
    assert ada.notices == []
    assert caplog.text.count("not one of ours") == len(garbage)
