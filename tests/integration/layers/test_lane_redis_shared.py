"""A lane on Redis in several processes of one service, and of two."""

import asyncio
import json

import pytest

from adapters.environment import load_settings
from adapters.lane_table import LanePlan
from adapters.layers.publication import Publication
from adapters.redis_connection import Client, connect
from application.ports import Recovery
from domain.identity import ConnectionId
from tests.contracts.idempotency_keys import keyed
from tests.contracts.lane import (
    DURABLE,
    LONG,
    bodies,
    body,
    both_kinds,
    cursors,
    hears,
    listener,
    publish,
)
from tests.doubles import RecordingSubscriber
from tests.integration.layers.process import LaneProcess
from tests.integration.processes import Redis

pytestmark = pytest.mark.redis


async def test_a_retry_in_another_process_is_a_retry(
    process: LaneProcess, other_process: LaneProcess
) -> None:
    here, there = process.lane(DURABLE), other_process.lane(DURABLE)
    bob = await listener(there, "bob")

    first = await here.publish("g", keyed(1, "k"))

    assert await there.publish("g", keyed(2, "k")) == first
    await here.publish("g", Publication(body(3)))
    await hears(bob, 1, 3)


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
    ada, bob = await listener(here, "ada"), await listener(there, "bob")

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

    await hears(ada, 2, 3)


@both_kinds
async def test_two_services_on_one_redis_hear_nothing_of_each_other(
    redis_client: Client, process: LaneProcess, plan: LanePlan
) -> None:
    async with LaneProcess(redis_client, f"{process.service}-other") as other_service:
        here, there = process.lane(plan), other_service.lane(plan)
        ada, bob = await listener(here, "ada"), await listener(there, "bob")

        await publish(here, "g", 1)
        await publish(there, "g", 2)
        await here.notify("g", {"type": "here"})
        await there.notify("g", {"type": "there"})

        for subscriber, number, place in ((ada, 1, "here"), (bob, 2, "there")):
            await subscriber.wait_for(1)
            await subscriber.wait_for_notices(1)
            assert subscriber.bodies == bodies(number)
            assert subscriber.notices == [{"type": place}]


@both_kinds
async def test_two_databases_with_one_prefix_hear_nothing_of_each_other(
    process: LaneProcess, redis_server: Redis, plan: LanePlan
) -> None:
    url = redis_server.url.removesuffix("/0") + "/1"
    client = connect(load_settings(redis_url=url, redis_timeout=5, redis_pool=4).redis)
    async with LaneProcess(client, process.service) as other_database:
        here, there = process.lane(plan), other_database.lane(plan)
        ada, bob = await listener(here, "ada"), await listener(there, "bob")
        await publish(here, "g", 1)
        await here.notify("g", {"type": "knock"})
        await publish(there, "g", 2)
        await hears(ada, 1)
        await hears(bob, 2)
        await publish(here, "g", 3)
        await hears(ada, 1, 3)
        await hears(bob, 2)
        assert bob.notices == []
    await client.aclose(close_connection_pool=True)
