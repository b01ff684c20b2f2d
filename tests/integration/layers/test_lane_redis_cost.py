"""What a lane costs Redis, and what is left there of it."""

import asyncio
from dataclasses import replace

import pytest

from adapters.lane_table import LanePlan
from adapters.layers.publication import Publication
from adapters.redis_connection import Client
from tests.contracts.idempotency_keys import keyed
from tests.contracts.lane import DURABLE, EPHEMERAL, body, both_kinds, publish
from tests.doubles import RecordingSubscriber
from tests.integration.client import until
from tests.integration.footprint import calls, subscribers
from tests.integration.layers.process import LaneProcess

pytestmark = pytest.mark.redis


async def test_keys_do_not_outlive_their_time_in_redis(
    process: LaneProcess, redis_client: Client, prefix: str
) -> None:
    lane = process.lane(replace(DURABLE, keys=3, key_expiry=7))
    for number in range(9):
        await lane.publish("g", keyed(number, str(number)))

    for command, name in (("ZCARD", "keys"), ("HLEN", "sent")):
        key = f"{prefix}:durable:{{g}}:{name}"
        assert await redis_client.execute_command(command, key) == 3  # type: ignore[no-untyped-call]
        assert 0 < await redis_client.pttl(key) <= 7_000


async def until_subscribers(client: Client, service: str, expected: dict[str, int]) -> None:
    """Redis hears of it a moment later when nobody listens any more."""

    async def are_there() -> bool:
        return await subscribers(client, service) == expected

    await until(are_there, f"subscribers are {expected}")


@both_kinds
async def test_a_process_has_one_subscription_per_group_whatever_the_number_of_listeners(
    redis_client: Client, process: LaneProcess, other_process: LaneProcess, plan: LanePlan
) -> None:
    lanes = [process.lane(plan), other_process.lane(plan)]
    listening = [RecordingSubscriber(str(number)) for number in range(50)]
    for lane in lanes:
        await asyncio.gather(*(lane.attach("g", subscriber) for subscriber in listening))
    await lanes[0].attach("other", listening[0])

    channel = f"{process.service}:{plan.prefix}:0"
    assert await subscribers(redis_client, process.service) == {
        f"{channel}:g": 2,
        f"{channel}:other": 1,
    }

    for subscriber in listening:
        await lanes[0].detach(subscriber)
    await until_subscribers(redis_client, process.service, {f"{channel}:g": 1})


@pytest.mark.parametrize(
    ("plan", "command"),
    [(EPHEMERAL, "publish"), (DURABLE, "evalsha")],
    ids=["ephemeral", "durable"],
)
async def test_a_message_is_one_command_whatever_the_number_of_receivers(
    redis_client: Client, process: LaneProcess, plan: LanePlan, command: str
) -> None:
    lane = process.lane(plan)
    listening = [RecordingSubscriber(str(number)) for number in range(50)]
    await asyncio.gather(*(lane.attach("g", subscriber) for subscriber in listening))
    await publish(lane, "g", 0)  # which teaches Redis the script

    before = await calls(redis_client)
    await publish(lane, "g", *range(1, 11))
    for subscriber in listening:
        await subscriber.wait_for(11)
    after = await calls(redis_client)

    assert after[command] - before[command] == 10
    # Who publishes looks at the one that goes. Nobody else reads, nobody subscribes again.
    assert after["xrange"] - before["xrange"] <= 10
    for other in ("subscribe", "xrevrange", "get"):
        assert after[other] == before[other]


async def test_nothing_is_left_of_a_group_after_its_last_publication(
    redis_client: Client, process: LaneProcess, other_process: LaneProcess
) -> None:
    here, there = process.lane(DURABLE), other_process.lane(DURABLE)
    ada, bob, late = (RecordingSubscriber(name) for name in ("ada", "bob", "late"))
    await here.attach("g", ada)
    await there.attach("g", bob)

    await here.publish("g", Publication(body(1), last=True))

    await ada.wait_for(1)
    await bob.wait_for(1)
    await here.attach("g", late)
    assert [lane.attached(late) for lane in (here, there)] == [0, 0]
    await until_subscribers(redis_client, process.service, {})
    assert here._feeds == there._feeds == {}
