"""Publications that are passing, such as "somebody came": see `adapters.layers.lanes.Lane`."""

from adapters.lane_table import LanePlan
from adapters.layers.lanes import Lane
from adapters.layers.publication import Publication
from application.ports import Recovery
from domain.identity import ConnectionId
from tests.contracts.lane import (
    DURABLE,
    EPHEMERAL,
    OnDurable,
    OpenLane,
    ada_and_bob,
    all_hear,
    bodies,
    body,
    both_kinds,
    cursors,
    hears,
    listener,
    publish,
)
from tests.doubles import RecordingSubscriber, body_of, cursor_of


def passing(number: int, exclude: str | None = None) -> Publication:
    exclude_id = None if exclude is None else ConnectionId(exclude)
    return Publication(body(number), exclude_id, passing=True)


class PassingContract(OnDurable):
    """Takes the fixtures `open_lane` (`OpenLane`) and `clock` (`PassingTime`)."""

    @both_kinds
    async def test_what_is_passing_is_heard_in_the_order_of_its_sender(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        lane = await open_lane(plan)
        ada, bob = await ada_and_bob(lane)

        await lane.publish("g", passing(1, "ada"))
        await publish(lane, "g", 2)
        await lane.publish("g", passing(3))
        await publish(lane, "g", 4)

        await all_hear((ada, bodies(2, 3, 4)), (bob, bodies(1, 2, 3, 4)))

    async def test_what_is_passing_takes_no_place_in_history(self, lane: Lane) -> None:
        first, *_ = await cursors(lane, "g", 0)
        for number in range(DURABLE.capacity):
            await lane.publish("g", passing(number))
            await publish(lane, "g", number)
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")

        assert [body_of(frame) for frame in await lane.recent("g", 99)] == bodies(*range(5))
        assert await lane.attach("g", ada, since=first) == Recovery(5)
        assert ada.bodies == bodies(*range(5))
        await lane.publish("g", passing(6))
        await lane.attach("g", bob, replay_last=True)
        assert bob.bodies == bodies(4)

    async def test_whoever_heard_nothing_else_can_come_back_with_its_cursor(
        self, lane: Lane
    ) -> None:
        await publish(lane, "g", 1)
        ada = await listener(lane)
        await lane.publish("g", passing(2))
        await ada.wait_for(1)

        await lane.detach(ada)
        assert await lane.attach("g", ada, since=ada.cursor) == Recovery(0)
        await lane.detach(ada)
        await publish(lane, "g", 3)
        await lane.publish("g", passing(4))
        assert await lane.attach("g", ada, since=ada.cursor) == Recovery(1)
        assert ada.bodies == bodies(2, 3)

    async def test_it_is_a_place_to_come_back_to_also_where_nothing_was_ever_said(
        self, lane: Lane
    ) -> None:
        ada = await listener(lane)
        await lane.publish("g", passing(1))
        await lane.publish("g", passing(2))
        await ada.wait_for(2)
        beginning = ada.cursor
        assert cursor_of(ada.frames[0]) == beginning
        assert await lane.recent("g", 9) == []

        await lane.detach(ada)
        assert await lane.attach("g", ada, since=beginning) == Recovery(0)
        await publish(lane, "g", 3, 4)
        await hears(ada, 1, 2, 3, 4)
        await lane.detach(ada)
        assert await lane.attach("g", ada, since=beginning) == Recovery(2)
        assert [told.reason for told in ada.recoveries] == [None, None]

    async def test_its_cursor_is_that_of_the_last_message(self, lane: Lane) -> None:
        ada = await listener(lane)
        await publish(lane, "g", 1)
        await lane.publish("g", passing(2))
        await publish(lane, "g", 3)
        await lane.publish("g", passing(4))

        found = [cursor_of(frame) for frame in await ada.wait_for(4)]
        assert found[0] == found[1] != found[2] == found[3]

    async def test_after_the_last_publication_nobody_hears_what_is_passing(
        self, lane: Lane
    ) -> None:
        ada = await listener(lane)
        await lane.attach("other", ada)
        await lane.publish("g", Publication(body(1), last=True))

        await lane.publish("g", passing(2))
        await publish(lane, "other", 3)

        await hears(ada, 1, 3)

    async def test_on_an_ephemeral_lane_it_is_heard_as_any_other(self, open_lane: OpenLane) -> None:
        lane = await open_lane(EPHEMERAL)
        ada = await listener(lane)

        await lane.publish("g", passing(1))

        assert await ada.wait_for(1) == bodies(1)
