"""A lane beside whose keys somebody else has written: what isn't ours is set aside alone."""

import asyncio
import json
from typing import Any

import pytest

from adapters.layers.publication import Publication
from adapters.redis_connection import Client
from application.ports import LossReason
from tests.contracts.idempotency_keys import keyed
from tests.contracts.lane import DURABLE, bodies, body, hears, listener, publish
from tests.contracts.lane_growth import growing
from tests.doubles import RecordingSubscriber, body_of
from tests.integration.layers.process import LaneProcess

pytestmark = pytest.mark.redis

DEEP = "[" * 100_000

PLACE = f"{'a' * 12} 1 1"


def head(**fields: Any) -> bytes:
    known = {"v": 2, "p": PLACE, "x": "", "l": False, "h": {}}
    return json.dumps({**known, **fields}).encode() + b'\n{"n":1}'


async def write(client: Client, *words: Any) -> None:
    await client.execute_command(*words)  # type: ignore[no-untyped-call]


async def reconnect(client: Client) -> None:
    await client.client_kill_filter(_type="pubsub")


@pytest.mark.parametrize(
    "fields",
    [
        ["payload", "x"],
        ["b", "hello"],
        ["b", '{"n":9}', "h", DEEP],
        ["b", '{"n":9}', "h", "[1]"],
        ["b", b"\xff"],
        ["b", '{"n":9}', "x", "", "h", "{}"],
    ],
    ids=["no-frame", "no-object", "deep", "no-headers", "no-text", "as-ours"],
)
async def test_a_foreign_entry_in_a_stream_is_passed_over_and_logged_once(
    redis_client: Client,
    process: LaneProcess,
    fields: list[Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    lane = process.lane(DURABLE)
    ada = await listener(lane)
    other = RecordingSubscriber("other")
    await lane.attach("other", other)
    await publish(lane, "g", 1)
    await ada.wait_for(1)
    first = ada.cursor

    await asyncio.sleep(0.002)  # for its clock to go on: a stranger's id ends in 0 then
    await write(redis_client, "XADD", f"{process.service}:durable:{{g}}:stream", "*", *fields)
    await reconnect(redis_client)
    await publish(lane, "g", 2)
    await publish(lane, "other", 3)

    await hears(ada, 1, 2)
    await hears(other, 3)
    assert [body_of(frame) for frame in await lane.recent("g", 9)] == bodies(1, 2)
    back = RecordingSubscriber("back")
    await lane.attach("g", back, since=first)
    assert back.bodies == bodies(2)
    assert caplog.text.count("an entry of a stream") == 1


LAST_ID = f"{2**64 - 1}-{2**64 - 1}"


@pytest.mark.parametrize("stands_at", ["99999999999999-1", LAST_ID], ids=["far", "last"])
async def test_a_foreign_entry_that_stands_where_ours_would_come_stops_nobody(
    redis_client: Client,
    process: LaneProcess,
    stands_at: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    lane = process.lane(DURABLE)
    ada = await listener(lane)
    await publish(lane, "g", 1)
    await ada.wait_for(1)

    key = f"{process.service}:durable:{{g}}:stream"
    await write(redis_client, "XADD", key, stands_at, "b", '{"n":9}')
    await publish(lane, "g", 2, 3)

    await hears(ada, 1, 2, 3)
    assert [told.reason for told in ada.recoveries] == [LossReason.UNKNOWN_POSITION]
    assert [body_of(frame) for frame in await lane.recent("g", 9)] == bodies(2, 3)
    assert caplog.text.count(f"in place of {key} is removed") == 1


@pytest.mark.parametrize(
    "damage",
    [
        [("SET", "stream", "x")],
        [("SET", "meta", "x")],
        [("HSET", "meta", "offset", "x")],
        [("HSET", "meta", "offset", "1.5")],
        [("HSET", "meta", "at", "9" * 20)],
        [("HSET", "meta", "epoch", '"')],
        [("HDEL", "meta", "at")],
        [("SET", "keys", "x")],
        [("SET", "sent", "x")],
    ],
    ids=lambda damage: " ".join(damage[0])[:20],
)
async def test_keys_that_a_stranger_has_overwritten_cost_their_group_its_history_and_no_other(
    redis_client: Client,
    process: LaneProcess,
    damage: list[tuple[str, ...]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    lane = process.lane(DURABLE)
    ada = await listener(lane)
    other = RecordingSubscriber("other")
    await lane.attach("other", other)
    await publish(lane, "g", 1)
    await ada.wait_for(1)

    for command, name, *rest in damage:
        key = f"{process.service}:durable:{{g}}:{name}"
        if command == "SET":
            await write(redis_client, "DEL", key)
        await write(redis_client, command, key, *rest)
    is_lost = damage[0][1] in ("stream", "meta")
    assert [body_of(f) for f in await lane.recent("g", 9)] == ([] if is_lost else bodies(1))
    await reconnect(redis_client)
    await publish(lane, "other", 2)
    await hears(other, 2)

    assert await lane.published("g", keyed(3, "k").key) is None
    cursor = await lane.publish("g", keyed(3, "k"))
    await lane.publish("g", Publication(body(4), passing=True))
    assert await lane.publish("g", keyed(5, "k")) == cursor

    await hears(ada, 1, 3, 4)
    lost = [LossReason.UNKNOWN_POSITION] if is_lost else []
    assert [told.reason for told in ada.recoveries] == lost
    assert [body_of(f) for f in await lane.recent("g", 9)][-1:] == bodies(3)
    assert caplog.text.count("keys of a history") == is_lost


@pytest.mark.parametrize(
    "payload",
    [
        DEEP.encode() + b'\n{"n":1}',
        b"!" + DEEP.encode(),
        head(x=["ada"]),
        head(x={}),
        head(h=[]),
        head(p=f'{"a" * 11}" 1 1'),
        head(p=f"{'a' * 12} 1 -1"),
        head(n=True, x=["ada"]),
        head(n=True, p=[]),
    ],
    ids=range(9),
)
async def test_no_message_of_a_stranger_ends_the_connection_to_redis(
    redis_client: Client,
    process: LaneProcess,
    payload: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    lane = process.lane(DURABLE)
    ada = await listener(lane)
    await publish(lane, "g", 1)
    await redis_client.publish(lane._channel("g"), payload)
    await publish(lane, "g", 2)

    await hears(ada, 1, 2)
    assert "not one of ours" in caplog.text
    assert "the connection to Redis" not in caplog.text


@pytest.mark.parametrize("words", [["HSET", "x", "y"], ["DEL"]], ids=["another type", "gone"])
async def test_a_text_that_is_ours_no_more_does_not_grow_and_begins_anew(
    redis_client: Client, process: LaneProcess, words: list[str]
) -> None:
    lane = process.lane(DURABLE)
    ada = await listener(lane)
    await lane.grow("g", growing(1, 0, "ours"))
    key = f"{process.service}:durable:{{g}}:text"
    await write(redis_client, "DEL", key)
    await write(redis_client, words[0], key, *words[1:])

    assert await lane.text("g") == ""
    assert not await lane.grow("g", growing(2, 4, " more"))
    assert await lane.grow("g", growing(3, 0, "ours more"))

    assert await lane.text("g") == "ours more"
    await hears(ada, 1, 3)
