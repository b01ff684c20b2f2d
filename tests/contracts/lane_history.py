"""What a durable lane keeps, and many at once: see `adapters.layers.lanes.Lane`."""

import asyncio
import json

from adapters.lane_table import LanePlan
from adapters.layers.lanes import Lane
from tests.contracts.lane import (
    BRIEF,
    EPHEMERAL,
    LONG,
    OnDurable,
    OpenLane,
    ada_and_bob,
    all_hear,
    bodies,
    both_kinds,
    cursors,
    hears,
    listener,
    publish,
)
from tests.contracts.passing_time import PassingTime
from tests.doubles import RecordingSubscriber, body_of


class HistoryContract(OnDurable):
    """Takes the fixtures `open_lane` (`OpenLane`) and `clock` (`PassingTime`)."""

    # The newest frame, and the newest few.

    async def test_a_newcomer_can_have_the_newest_frame_first(self, lane: Lane) -> None:
        bob = await listener(lane, "bob")
        await publish(lane, "g", 1, 2)
        ada = RecordingSubscriber("ada")

        assert await lane.attach("g", ada, replay_last=True) is None
        await publish(lane, "g", 3)

        await all_hear((ada, bodies(2, 3)), (bob, bodies(1, 2, 3)))
        assert ada.recoveries == []

    async def test_a_group_that_never_heard_anything_has_no_newest_frame(self, lane: Lane) -> None:
        ada = RecordingSubscriber()

        await lane.attach("g", ada, replay_last=True)
        await publish(lane, "g", 1)

        await hears(ada, 1)

    async def test_the_recent_frames_are_the_newest_oldest_first(self, lane: Lane) -> None:
        ada = await listener(lane)
        await publish(lane, "g", 1, 2, 3, 4)
        await ada.wait_for(4)

        assert await lane.recent("g", 2) == ada.frames[2:]
        assert await lane.recent("g", 4) == ada.frames
        assert await lane.recent("g", 100) == ada.frames
        assert await lane.recent("g", 1) == ada.frames[3:]

    async def test_history_keeps_as_many_as_its_capacity(self, lane: Lane) -> None:
        await publish(lane, "g", *range(12))

        assert [body_of(frame) for frame in await lane.recent("g", 100)] == bodies(7, 8, 9, 10, 11)

    async def test_history_keeps_nothing_older_than_its_expiry(
        self, open_lane: OpenLane, clock: PassingTime
    ) -> None:
        lane = await open_lane(BRIEF)
        await publish(lane, "g", 1)
        await clock.advance(1.1)
        assert await lane.recent("g", 9) == []
        ada = RecordingSubscriber()
        await lane.attach("g", ada, replay_last=True)
        assert ada.frames == []

        await publish(lane, "g", 2)

        assert [body_of(frame) for frame in await lane.recent("g", 9)] == bodies(2)

    @both_kinds
    async def test_a_group_that_never_heard_anything_has_no_history(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        lane = await open_lane(plan)

        assert await lane.recent("g", 9) == []

    async def test_an_ephemeral_lane_has_no_history(self, open_lane: OpenLane) -> None:
        lane = await open_lane(EPHEMERAL)
        await publish(lane, "g", 1)

        assert await lane.recent("g", 9) == []

    async def test_a_durable_publication_is_in_history_once_its_publish_returns(
        self, lane: Lane
    ) -> None:
        for number in range(4):
            await publish(lane, "g", number)
            assert [body_of(frame) for frame in await lane.recent("g", 1)] == bodies(number)

    # Many at once.

    async def test_a_durable_group_has_one_order_for_all_however_many_publish_at_once(
        self, open_lane: OpenLane
    ) -> None:
        lane = await open_lane(LONG)
        ada, bob = await ada_and_bob(lane)

        await asyncio.gather(*(publish(lane, "g", number) for number in range(60)))

        assert await ada.wait_for(60) == await bob.wait_for(60)
        assert sorted(ada.bodies) == sorted(bodies(*range(60)))
        assert await lane.recent("g", 60) == ada.frames

    @both_kinds
    async def test_what_each_of_many_senders_says_arrives_in_their_order(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        lane = await open_lane(plan)
        ada = await listener(lane)

        await asyncio.gather(*(publish(lane, "g", *range(sender, 100, 5)) for sender in range(5)))

        await ada.wait_for(100)
        numbers = [json.loads(body)["n"] for body in ada.bodies]
        for sender in range(5):
            assert [n for n in numbers if n % 5 == sender] == list(range(sender, 100, 5))

    async def test_whoever_comes_back_while_others_publish_misses_nothing_and_hears_nothing_twice(
        self, open_lane: OpenLane
    ) -> None:
        lane = await open_lane(LONG)
        first, *_ = await cursors(lane, "g", 0)
        returning = [RecordingSubscriber(f"returning {number}") for number in range(20)]

        async def others_publish() -> None:
            for number in range(1, 101):
                await publish(lane, "g", number)
                await asyncio.sleep(0)

        async def come_back() -> None:
            for subscriber in returning:
                await lane.attach("g", subscriber, since=first)
                await asyncio.sleep(0)

        await asyncio.gather(others_publish(), come_back())

        for subscriber in returning:
            await hears(subscriber, *range(1, 101))
            assert [recovery.reason for recovery in subscriber.recoveries] == [None]

    async def test_attaching_and_detaching_while_others_publish_leaves_no_gap_in_between(
        self, open_lane: OpenLane
    ) -> None:
        lane = await open_lane(LONG)
        ada = await listener(lane)
        await publish(lane, "g", 0)
        await ada.wait_for(1)

        async def others_publish() -> None:
            for number in range(1, 101):
                await publish(lane, "g", number)
                await asyncio.sleep(0)

        async def come_and_go() -> None:
            for _ in range(10):
                await lane.detach(ada)
                await asyncio.sleep(0)
                await lane.attach("g", ada, since=ada.cursor)
                await asyncio.sleep(0)

        await asyncio.gather(others_publish(), come_and_go())

        await hears(ada, *range(101))
