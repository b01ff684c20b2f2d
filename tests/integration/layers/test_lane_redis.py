"""The lane on Redis: the contract, several processes, and what it costs Redis."""

import asyncio
import json
from collections import Counter
from dataclasses import replace

import pytest

from adapters.lane_table import LanePlan
from adapters.layers.lanes import Lane
from adapters.layers.publication import Publication
from adapters.redis_connection import Client
from application.ports import LossReason, Recovery
from domain.identity import ConnectionId
from tests.contracts.idempotency_keys import IdempotencyKeysContract, keyed
from tests.contracts.lane import (
    DURABLE,
    EPHEMERAL,
    LONG,
    OpenLane,
    bodies,
    body,
    both_kinds,
    cursors,
    publish,
)
from tests.contracts.lane_history import HistoryContract
from tests.contracts.lane_listening import ListeningContract
from tests.contracts.lane_messages import MessagesContract
from tests.contracts.lane_recovery import RecoveryContract
from tests.contracts.passing_time import PassingTime
from tests.doubles import RecordingSubscriber
from tests.integration.client import until
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
    """Who hears what."""


class TestMessages(MessagesContract):
    """Messages for handlers, and endings."""


class TestRecovery(RecoveryContract):
    """Cursors and coming back."""


class TestHistory(HistoryContract):
    """What is kept."""


class TestIdempotencyKeys(IdempotencyKeysContract):
    """The contract of publications with a key."""


async def test_a_retry_in_another_process_is_a_retry(
    process: LaneProcess, other_process: LaneProcess
) -> None:
    here, there = process.lane(DURABLE), other_process.lane(DURABLE)
    bob = RecordingSubscriber("bob")
    await there.attach("g", bob)

    first = await here.publish("g", keyed(1, "k"))

    assert await there.publish("g", keyed(2, "k")) == first
    await here.publish("g", Publication(body(3)))
    await bob.wait_for(2)
    assert bob.bodies == bodies(1, 3)


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


# Several processes of one service.


@both_kinds
async def test_what_is_published_in_one_process_is_heard_in_the_other(
    process: LaneProcess, other_process: LaneProcess, plan: LanePlan
) -> None:
    here, there = process.lane(plan), other_process.lane(plan)
    ada, bob, eve = (RecordingSubscriber(name) for name in ("ada", "bob", "eve"))
    await here.attach("g", ada)
    for subscriber in (bob, eve):
        await there.attach("g", subscriber)

    await publish(here, "g", 1, 2)
    await there.publish("g", Publication(body(3), exclude=ConnectionId("bob")))
    await there.notify("g", {"type": "knock"})
    await publish(here, "g", 4)

    for subscriber, heard in ((ada, (1, 2, 3, 4)), (bob, (1, 2, 4)), (eve, (1, 2, 3, 4))):
        await subscriber.wait_for(len(heard))
        assert subscriber.bodies == bodies(*heard)
        assert subscriber.notices == [{"type": "knock"}]


async def test_a_durable_group_has_one_order_for_all_processes(
    process: LaneProcess, other_process: LaneProcess
) -> None:
    here, there = process.lane(LONG), other_process.lane(LONG)
    ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
    await here.attach("g", ada)
    await there.attach("g", bob)

    await asyncio.gather(
        *(publish(lane, "g", *range(start, 400, 4)) for start, lane in enumerate([here, there] * 2))
    )

    assert await ada.wait_for(400) == await bob.wait_for(400)
    assert sorted(json.loads(body)["n"] for body in ada.bodies) == list(range(400))
    assert await here.recent("g", 400) == ada.frames


async def test_a_cursor_of_one_process_is_good_in_the_other(
    process: LaneProcess, other_process: LaneProcess
) -> None:
    here, there = process.lane(DURABLE), other_process.lane(DURABLE)
    first, *_ = await cursors(here, "g", 1, 2)
    ada = RecordingSubscriber()

    assert await there.attach("g", ada, since=first) == Recovery(1)
    await publish(here, "g", 3)

    await ada.wait_for(2)
    assert ada.bodies == bodies(2, 3)


@both_kinds
async def test_two_services_on_one_redis_hear_nothing_of_each_other(
    redis_client: Client, process: LaneProcess, plan: LanePlan
) -> None:
    async with LaneProcess(redis_client, f"{process.service}-other") as other_service:
        here, there = process.lane(plan), other_service.lane(plan)
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        await here.attach("g", ada)
        await there.attach("g", bob)

        await publish(here, "g", 1)
        await publish(there, "g", 2)
        await here.notify("g", {"type": "here"})
        await there.notify("g", {"type": "there"})

        for subscriber, number, place in ((ada, 1, "here"), (bob, 2, "there")):
            await subscriber.wait_for(1)
            await subscriber.wait_for_notices(1)
            assert subscriber.bodies == bodies(number)
            assert subscriber.notices == [{"type": place}]


# What it costs Redis.


async def subscribers_of(client: Client, service: str) -> dict[str, int]:
    """How many connections listen to each channel of a service."""
    channels = await client.pubsub_channels(f"{service}:*")
    return {name.decode(): count for name, count in await client.pubsub_numsub(*channels)}


async def until_subscribers(client: Client, service: str, expected: dict[str, int]) -> None:
    """Redis hears of it a moment later when nobody listens any more."""

    async def are_there() -> bool:
        return await subscribers_of(client, service) == expected

    await until(are_there, f"subscribers are {expected}")


@both_kinds
async def test_a_process_has_one_subscription_per_group_whatever_the_number_of_listeners(
    redis_client: Client, process: LaneProcess, other_process: LaneProcess, plan: LanePlan
) -> None:
    lanes = [process.lane(plan), other_process.lane(plan)]
    subscribers = [RecordingSubscriber(str(number)) for number in range(50)]
    for lane in lanes:
        await asyncio.gather(*(lane.attach("g", subscriber) for subscriber in subscribers))
    await lanes[0].attach("other", subscribers[0])

    channel = f"{process.service}:{plan.prefix}"
    assert await subscribers_of(redis_client, process.service) == {
        f"{channel}:g": 2,
        f"{channel}:other": 1,
    }

    for subscriber in subscribers:
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
    subscribers = [RecordingSubscriber(str(number)) for number in range(50)]
    await asyncio.gather(*(lane.attach("g", subscriber) for subscriber in subscribers))
    await publish(lane, "g", 0)  # which teaches Redis the script

    before = await calls(redis_client)
    await publish(lane, "g", *range(1, 11))
    for subscriber in subscribers:
        await subscriber.wait_for(11)
    after = await calls(redis_client)

    assert after[command] - before[command] == 10
    # Nobody reads history, nobody subscribes again.
    for other in ("subscribe", "xrange", "xrevrange", "get"):
        assert after[other] == before[other]


async def calls(client: Client) -> Counter[str]:
    """How often each command was called so far, by scripts too."""
    stats = await client.info("commandstats")
    return Counter({name.removeprefix("cmdstat_"): stat["calls"] for name, stat in stats.items()})


# The end of a group, and of a process.


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


async def forget(client: Client, service: str) -> None:
    await client.delete(*[key async for key in client.scan_iter(f"{service}:*")])


async def test_a_group_that_redis_forgot_begins_anew_and_whoever_listens_is_told(
    redis_client: Client, process: LaneProcess
) -> None:
    lane = process.lane(DURABLE)
    ada = RecordingSubscriber()
    await lane.attach("g", ada)
    await publish(lane, "g", 1, 2)
    await ada.wait_for(2)

    await forget(redis_client, process.service)
    await publish(lane, "g", 3, 4)

    await ada.wait_for(4)
    assert ada.bodies == bodies(1, 2, 3, 4)
    assert ada.recoveries == [Recovery(1, LossReason.UNKNOWN_POSITION)]


async def test_a_group_that_was_silent_until_redis_forgot_it_just_goes_on(
    redis_client: Client, process: LaneProcess
) -> None:
    lane = process.lane(DURABLE)
    ada = RecordingSubscriber()
    await lane.attach("g", ada)
    await publish(lane, "g", 1)
    await ada.wait_for(1)

    # As if that had been a day ago.
    feed = lane._feeds["g"]._feed
    assert feed.seen is not None
    feed.seen = replace(feed.seen, at_ms=feed.seen.at_ms - 24 * 3600 * 1000)
    await forget(redis_client, process.service)
    await publish(lane, "g", 2, 3)

    await ada.wait_for(3)
    assert ada.bodies == bodies(1, 2, 3)
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
    ada = RecordingSubscriber()
    await lane.attach("g", ada)

    garbage = [*garbage, b"!", b"!{", b'!["list"]', b"!{}", b'!{"type": 1}', b"!\xff"]
    for payload in garbage:
        await redis_client.publish(f"{process.service}:{plan.prefix}:g", payload)
    await publish(lane, "g", 1)

    await ada.wait_for(1)
    assert ada.bodies == bodies(1)
    assert ada.notices == []
    assert caplog.text.count("not one of ours") == len(garbage)
