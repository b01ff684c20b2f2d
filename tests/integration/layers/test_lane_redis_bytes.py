"""The bytes of a group on Redis: the sum stays true whatever becomes of the stream, and so does the
memory that it stands for."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import cycle
from typing import Any, TypeAlias

import pytest

from adapters.layers.publication import Publication
from adapters.redis_connection import Client
from application.ports import LossReason, Recovery
from tests.contracts.lane import DURABLE, cursors
from tests.contracts.lane_bytes import NARROW, ROOM, kept, sized
from tests.doubles import RecordingSubscriber
from tests.integration.footprint import calls
from tests.integration.layers.process import LaneProcess

pytestmark = pytest.mark.redis

WIDE = replace(NARROW, group_bytes=100 * ROOM)
KIB = 1024

OVERHEAD = 200
"""Bytes that Redis takes of an entry beside its frame, its headers included, at most."""


Entry: TypeAlias = tuple[bytes, dict[bytes, bytes]]


class Group:
    """The keys of the group `g`, as a stranger or another release sees them."""

    def __init__(self, client: Client, service: str, prefix: str = NARROW.prefix) -> None:
        self._client = client
        self.stream = f"{service}:{prefix}:{{g}}:stream"
        self.meta = f"{service}:{prefix}:{{g}}:meta"

    async def run(self, *words: Any) -> Any:
        return await self._client.execute_command(*words)  # type: ignore[no-untyped-call]

    async def entries(self) -> list[Entry]:
        found: list[Entry] = await self.run("XRANGE", self.stream, "-", "+")
        return found

    async def told(self) -> tuple[int, int]:
        """The sum and the number that the meta has."""
        size, entries, *_ = (await self.run("HGET", self.meta, "size")).split()
        return int(size), int(entries)

    async def counted(self) -> tuple[int, int]:
        entries = await self.entries()
        return sum(len(next(iter(fields.values()))) for _, fields in entries), len(entries)


@pytest.fixture
def group(redis_client: Client, process: LaneProcess) -> Group:
    return Group(redis_client, process.service)


async def test_the_sum_is_that_of_the_stream_after_every_message(
    process: LaneProcess, group: Group
) -> None:
    lane = process.lane(replace(NARROW, capacity=4))
    sizes = cycle([20, 40, 13, 90, 101, 12, 12, 12, 12, 12])
    for _, size in zip(range(40), sizes, strict=False):
        await lane.publish("g", Publication(sized(size)))
        await lane.publish("g", Publication(sized(50), passing=True))

        assert await group.told() == await group.counted()


Damage: TypeAlias = Callable[[Group], Awaitable[None]]


async def no_sum(group: Group) -> None:
    """As a release before this one left it."""
    await group.run("HDEL", group.meta, "size")


async def no_number(group: Group) -> None:
    await group.run("HSET", group.meta, "size", "x")


async def endless_number(group: Group) -> None:
    offset = int(await group.run("HGET", group.meta, "offset"))
    await group.run("HSET", group.meta, "size", f"{'9' * 400} {offset} {offset} {'9' * 400}")


async def earlier_release(group: Group) -> None:
    """A process of the release before this one goes on storing, and trims by count."""
    at, offset = await group.run("HMGET", group.meta, "at", "offset")
    number = int(offset) + 1
    stream_id = f"{at.decode()}-{number}"
    await group.run("XADD", group.stream, "MAXLEN", offset, stream_id, "b", sized(40))
    await group.run("HSET", group.meta, "offset", number)


async def deleted_oldest(group: Group) -> None:
    await group.run("XTRIM", group.stream, "MAXLEN", 3)


async def deleted_newest(group: Group) -> None:
    stream_id, _ = (await group.entries())[-1]
    await group.run("XDEL", group.stream, stream_id)


async def deleted_all(group: Group) -> None:
    await group.run("DEL", group.stream)


async def foreign_entry(group: Group) -> None:
    stream_id, _ = (await group.entries())[-1]
    at, _, offset = stream_id.partition(b"-")
    await group.run("XADD", group.stream, at + b"-%d" % (int(offset) + 500), "junk", "x" * 45)


@pytest.mark.parametrize(
    "damage",
    [
        no_sum,
        no_number,
        endless_number,
        earlier_release,
        deleted_oldest,
        deleted_newest,
        deleted_all,
        foreign_entry,
    ],
)
@pytest.mark.parametrize("stored", [6, 250], ids=["few", "more-than-a-page"])
async def test_a_stream_whose_sum_is_not_known_is_counted_with_the_next_message(
    process: LaneProcess, group: Group, damage: Damage, stored: int
) -> None:
    before = process.lane(replace(WIDE, capacity=1_000))
    for _ in range(stored):
        await before.publish("g", Publication(sized(30)))

    await damage(group)
    after = process.lane(replace(NARROW, group_bytes=120 * 30, capacity=1_000))
    await after.publish("g", Publication(sized(30)))

    size, entries = await group.told()
    assert (size, entries) == await group.counted()
    assert size <= 120 * 30 or entries == 1
    for _ in range(150):
        await after.publish("g", Publication(sized(30)))
        assert await group.told() == await group.counted()
    assert await kept(after) == [sized(30)] * 99
    assert await group.told() == (120 * 30, 120)


@pytest.mark.parametrize("damage", [no_sum, no_number, earlier_release, foreign_entry])
async def test_what_is_counted_late_keeps_all_that_fits(
    process: LaneProcess, group: Group, damage: Damage
) -> None:
    before = process.lane(replace(WIDE, capacity=1_000))
    for _ in range(250):
        await before.publish("g", Publication(sized(30)))

    await damage(group)
    after = process.lane(replace(NARROW, group_bytes=5_000, capacity=1_000))
    await after.publish("g", Publication(sized(30)))

    size, _ = await group.told()
    assert 5_000 - 30 < size <= 5_000


async def test_whoever_comes_back_to_a_stream_that_was_counted_late_is_told_that_it_was_trimmed(
    process: LaneProcess, group: Group
) -> None:
    wide, narrow = process.lane(WIDE), process.lane(NARROW)
    first, *_ = await cursors(wide, "g", *range(20))
    await no_sum(group)
    await narrow.publish("g", Publication(sized(93)))
    ada = RecordingSubscriber()

    recovery = await narrow.attach("g", ada, since=first)

    assert recovery == Recovery(1, LossReason.TRIMMED)
    assert ada.bodies == [sized(93)]


async def test_what_is_too_old_goes_out_of_the_sum(process: LaneProcess, group: Group) -> None:
    now, _ = await group.run("TIME")
    old_ms, young_ms = (int(now) - NARROW.expiry - 60) * 1000, (int(now) - 1) * 1000
    for number in range(1, 251):
        at_ms = old_ms if number <= 249 else young_ms
        await group.run("XADD", group.stream, f"{at_ms:.0f}-{number}", "b", sized(30))
    place = {"epoch": secrets.token_hex(6), "offset": 250, "at": young_ms}
    size = f"{250 * 30} 250 250 {old_ms:.0f}"
    await group.run("HSET", group.meta, *(it for pair in place.items() for it in pair))
    await group.run("HSET", group.meta, "size", size)
    lane = process.lane(replace(WIDE, capacity=1_000))

    await lane.publish("g", Publication(sized(40)))

    assert await kept(lane) == [sized(30), sized(40)]
    assert await group.told() == await group.counted() == (70, 2)


async def test_what_goes_is_read_in_pages_and_no_more_than_that(
    redis_client: Client, process: LaneProcess, group: Group
) -> None:
    wide, narrow = process.lane(replace(WIDE, capacity=1_000)), process.lane(NARROW)
    for _ in range(300):
        await wide.publish("g", Publication(sized(30)))
    before = await calls(redis_client)

    await narrow.publish("g", Publication(sized(30)))

    after = await calls(redis_client)
    assert await group.counted() == (90, 3)
    assert after["xrange"] - before["xrange"] < 15
    assert after["xrevrange"] == before["xrevrange"]


@pytest.mark.parametrize(
    ("size", "published"), [(8 * KIB, 100), (200, 3_000), (20, 2_000)], ids=["8K", "200", "20"]
)
async def test_the_memory_on_redis_is_that_bound_and_a_little_for_each_message(
    redis_client: Client, process: LaneProcess, size: int, published: int
) -> None:
    plan = replace(DURABLE, prefix="narrow", capacity=1_000, group_bytes=128 * KIB)
    lane = process.lane(plan)
    headers = {"id": "x" * 32, "at": "1700000000000"}
    for _ in range(published):
        await lane.publish("g", Publication(sized(size), headers=headers))

    group = Group(redis_client, process.service)
    count = min(plan.capacity, plan.group_bytes // size)
    assert await group.counted() == (count * size, count)
    memory = await group.run("MEMORY", "USAGE", group.stream, "SAMPLES", 0)
    memory += await group.run("MEMORY", "USAGE", group.meta)
    assert count * size < memory < count * (size + OVERHEAD) + 8 * KIB
