"""The lane in memory: the contract, and its bounds."""

import tracemalloc
from dataclasses import replace
from secrets import token_hex
from sys import getsizeof

import pytest

from adapters.lane_table import LanePlan
from adapters.layers.lane_memory import ENTRY_BYTES, HISTORY_BYTES, MemoryLane
from adapters.layers.lanes import Lane
from adapters.layers.publication import Publication
from application.ports import LossReason, Recovery
from tests.contracts.durable_lane import DurableLaneContract
from tests.contracts.idempotency_keys import keyed
from tests.contracts.lane import DURABLE, OpenLane, bodies, body, cursors, publish
from tests.contracts.lane_listening import ListeningContract
from tests.doubles import ManualClock, RecordingSubscriber, body_of


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def open_lane(clock: ManualClock) -> OpenLane:
    async def open_one(plan: LanePlan) -> Lane:
        return MemoryLane(plan, clock)

    return open_one


class TestListening(ListeningContract):
    """Who hears what, on both kinds."""


class TestDurableLane(DurableLaneContract):
    """What is kept and recovered, and messages for handlers."""


@pytest.mark.parametrize("seconds", [3600, -3600], ids=["ahead", "back"])
async def test_a_clock_that_is_set_changes_nothing_of_what_is_kept(seconds: int) -> None:
    clock = ManualClock()
    lane = MemoryLane(replace(DURABLE, expiry=10, key_expiry=10), clock)
    first, *_ = await cursors(lane, "g", 1)
    cursor = await lane.publish("g", keyed(2, "k"))

    clock.set(seconds)
    await publish(lane, "g", 3)
    clock.set(-seconds)
    await publish(lane, "g", 4)
    ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")

    assert await lane.attach("g", ada, since=first) == Recovery(3)
    assert ada.bodies == bodies(2, 3, 4)
    assert await lane.published("g", "k") == cursor
    clock.set(seconds)
    clock.shift(11)
    assert await lane.attach("g", bob, since=first) == Recovery(0, LossReason.EXPIRED)
    assert await lane.published("g", "k") is None


async def size_of_a_frame() -> int:
    """How many bytes of memory a history takes for one of this module's frames."""
    lane = MemoryLane(DURABLE, ManualClock())
    await publish(lane, "a", 1)
    return ENTRY_BYTES + getsizeof((await lane.recent("a", 1))[0])


async def test_the_group_unused_for_longest_is_forgotten_when_all_history_is_too_big() -> None:
    frame_size = await size_of_a_frame()
    lane = MemoryLane(replace(DURABLE, max_bytes=HISTORY_BYTES * 3 + frame_size * 4), ManualClock())
    old, *_ = await cursors(lane, "a", 1, 2)
    kept, *_ = await cursors(lane, "b", 1)
    await publish(lane, "c", 1)

    await publish(lane, "b", 2)

    assert await lane.recent("a", 9) == []
    assert [body_of(frame) for frame in await lane.recent("b", 9)] == bodies(1, 2)
    assert [body_of(frame) for frame in await lane.recent("c", 9)] == bodies(1)
    ada = RecordingSubscriber()
    assert await lane.attach("a", ada, since=old) == Recovery(0, LossReason.UNKNOWN_POSITION)
    assert await lane.attach("b", ada, since=kept) == Recovery(1)


async def test_a_group_that_begins_anew_is_another_epoch() -> None:
    frame_size = await size_of_a_frame()
    lane = MemoryLane(replace(DURABLE, max_bytes=HISTORY_BYTES * 2 + frame_size * 2), ManualClock())
    before, *_ = await cursors(lane, "a", 1)
    await publish(lane, "b", 1, 2)
    after, *_ = await cursors(lane, "a", 1)
    ada = RecordingSubscriber()

    recovery = await lane.attach("a", ada, since=before)

    assert before != after
    assert recovery == Recovery(1, LossReason.UNKNOWN_POSITION)


async def test_listeners_go_on_listening_to_a_group_that_begins_anew() -> None:
    lane = MemoryLane(replace(DURABLE, max_bytes=1), ManualClock())
    ada = RecordingSubscriber()
    await lane.attach("a", ada)
    await publish(lane, "a", 1)
    await publish(lane, "b", 1)
    await publish(lane, "a", 2)

    assert ada.bodies == bodies(1, 2)


async def test_what_expired_makes_room_for_others() -> None:
    clock = ManualClock()
    frame_size = await size_of_a_frame()
    room = HISTORY_BYTES * 4 + frame_size * 3
    lane = MemoryLane(replace(DURABLE, expiry=10, max_bytes=room), clock)
    await publish(lane, "a", 1)
    await publish(lane, "b", 1, 2)
    clock.shift(11)
    assert await lane.recent("b", 9) == []

    await publish(lane, "c", 1, 2)
    await publish(lane, "d", 1)

    assert len(await lane.recent("c", 9)) == 2
    assert len(await lane.recent("d", 9)) == 1


async def test_history_is_bounded_in_bytes_not_in_characters() -> None:
    async def groups_kept(character: str) -> int:
        lane = MemoryLane(replace(DURABLE, max_bytes=1_000_000), ManualClock())
        for number in range(100):
            await lane.publish(f"g{number}", Publication(f'{{"said":"{character * 10_000}"}}'))
        return len([n for n in range(100) if await lane.recent(f"g{n}", 1)])

    # CPython stores the first in one byte and the second in four.
    assert await groups_kept("x") > 3 * await groups_kept("👋") > 0


async def test_one_big_group_is_bounded_by_its_capacity_alone() -> None:
    lane = MemoryLane(replace(DURABLE, capacity=3, max_bytes=1), ManualClock())

    await publish(lane, "g", *range(9))

    assert [body_of(frame) for frame in await lane.recent("g", 9)] == bodies(6, 7, 8)


async def test_keys_count_towards_the_memory_that_all_history_may_take() -> None:
    lane = MemoryLane(replace(DURABLE, capacity=1, max_bytes=16 * 1024), ManualClock())
    old, *_ = await cursors(lane, "old", 1)

    for number in range(100):
        await lane.publish("talkative", keyed(number, str(number)))

    recovery = await lane.attach("old", RecordingSubscriber(), since=old)
    assert recovery == Recovery(0, LossReason.UNKNOWN_POSITION)


async def test_groups_without_a_message_left_count_as_well() -> None:
    clock = ManualClock()
    lane = MemoryLane(replace(DURABLE, expiry=10, max_bytes=HISTORY_BYTES * 4), clock)
    for number in range(100):
        await publish(lane, f"g{number}", 1)
        clock.shift(11)
        await lane.recent(f"g{number}", 1)
    assert len(lane._histories) <= 4


async def test_the_bound_is_what_the_memory_really_is() -> None:
    bound = 1024 * 1024
    lane = MemoryLane(replace(DURABLE, max_bytes=bound), ManualClock())
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(2_000):
        headers = {"id": token_hex(16), "at": f"{number}"}
        await lane.publish(f"g{number // 5}", Publication(body(number), headers=headers))
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert bound / 2 < after - before < bound * 1.2
