"""Who hears what on a lane: see `adapters.layers.lanes.Lane`."""

import json
from dataclasses import replace

import pytest

from adapters.lane_table import LaneKind, LanePlan
from adapters.layers.lanes import Lane, group_of
from adapters.layers.publication import Publication
from application.ports import SlowReaders, Subscriber
from domain import rooms
from domain.identity import ConnectionId, RoomName
from tests.contracts.lane import (
    OnBothKinds,
    OpenLane,
    ada_and_bob,
    all_hear,
    bodies,
    body,
    hears,
    listener,
    publication,
    publish,
)
from tests.doubles import RecordingSubscriber, body_of


class Replaced(RecordingSubscriber):
    """Has another listen in its place where frames may be dropped."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.in_place = RecordingSubscriber(name)
        self.asked: list[SlowReaders] = []

    def lossy(self, slow_readers: SlowReaders) -> Subscriber:
        self.asked.append(slow_readers)
        return self.in_place


class ListeningContract(OnBothKinds):
    """Takes the fixtures `open_lane` (`OpenLane`) and `clock` (`PassingTime`)."""

    async def test_everybody_attached_hears_a_publication(self, lane: Lane) -> None:
        ada, bob = await ada_and_bob(lane)

        await lane.publish("g", publication(1))

        for subscriber in (ada, bob):
            await hears(subscriber, 1)

    async def test_where_frames_may_be_dropped_another_listens_in_its_place(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        ada = Replaced("ada")
        lane = await open_lane(replace(plan, slow_readers=SlowReaders.LATEST))
        await lane.attach("g", ada)

        await lane.publish("g", publication(1))

        await hears(ada.in_place, 1)
        assert (ada.frames, ada.asked) == ([], [SlowReaders.LATEST])

        await lane.detach(ada)
        assert not lane.attached(ada)

    async def test_publications_arrive_in_the_order_published(self, lane: Lane) -> None:
        ada = await listener(lane)

        await publish(lane, "g", *range(50))

        await hears(ada, *range(50))

    async def test_a_body_arrives_letter_for_letter(self, lane: Lane) -> None:
        ada = await listener(lane)
        said = json.dumps({"a": 'Grüße "\\ \n\u2028 👋', "b": [1.50, None, {}]}, ensure_ascii=False)

        await lane.publish("g", Publication(said))

        await ada.wait_for(1)
        assert ada.bodies == [said]
        assert json.loads(ada.frames[0]).items() >= json.loads(said).items()

    async def test_the_connection_excluded_hears_nothing(self, lane: Lane) -> None:
        ada, bob = await ada_and_bob(lane)

        await lane.publish("g", Publication(body(1), exclude=ConnectionId("ada")))
        await lane.publish("g", publication(2))

        await all_hear((ada, bodies(2)), (bob, bodies(1, 2)))

    async def test_excluding_somebody_who_is_not_there_leaves_nobody_out(self, lane: Lane) -> None:
        ada = await listener(lane)

        await lane.publish("g", Publication(body(1), exclude=ConnectionId("nobody")))

        await hears(ada, 1)

    async def test_attaching_twice_delivers_once(self, lane: Lane) -> None:
        ada = await listener(lane)
        await lane.attach("g", ada)

        await publish(lane, "g", 1, 2)

        assert lane.attached(ada) == 1
        await hears(ada, 1, 2)

    async def test_attaching_brings_nothing_from_before(self, lane: Lane) -> None:
        await publish(lane, "g", 1)
        ada = RecordingSubscriber()

        recovery = await lane.attach("g", ada)
        await publish(lane, "g", 2)

        await hears(ada, 2)
        assert recovery is None
        assert ada.recoveries == []

    async def test_nothing_is_heard_after_detaching(self, lane: Lane) -> None:
        ada, bob = await ada_and_bob(lane)

        await lane.detach(ada)
        await publish(lane, "g", 1)

        await bob.wait_for(1)
        assert ada.frames == []
        assert lane.attached(ada) == 0

    async def test_detaching_twice_changes_nothing(self, lane: Lane) -> None:
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        await lane.detach(ada)
        await lane.attach("g", ada)
        await lane.attach("g", bob)

        for group in ("g", "g", None, None):
            await lane.detach(ada, group)
        await publish(lane, "g", 1)

        await hears(bob, 1)
        assert ada.frames == []

    async def test_a_detached_subscriber_can_attach_again(self, lane: Lane) -> None:
        ada = RecordingSubscriber()
        for _ in range(3):
            await lane.attach("g", ada)
            await lane.detach(ada)
        await lane.attach("g", ada)

        await publish(lane, "g", 1)

        await hears(ada, 1)

    async def test_one_subscriber_can_listen_to_many_groups(self, lane: Lane) -> None:
        ada = RecordingSubscriber()
        for group in ("g1", "g2", "g3"):
            await lane.attach(group, ada)

        for number, group in enumerate(("g3", "g1", "g2")):
            await publish(lane, group, number)

        assert lane.attached(ada) == 3
        assert lane.is_attached("g1", ada)
        assert not lane.is_attached("elsewhere", ada)
        await ada.wait_for(3)
        assert sorted(ada.bodies) == bodies(0, 1, 2)

    async def test_detaching_one_group_leaves_the_others(self, lane: Lane) -> None:
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        await lane.attach("gone", ada)
        await lane.attach("gone", bob)
        await lane.attach("kept", ada)

        await lane.detach(ada, "gone")
        await lane.detach(ada, "never attached")
        await publish(lane, "gone", 1)
        await publish(lane, "kept", 2)

        assert lane.attached(ada) == 1
        assert not lane.is_attached("gone", ada)
        assert lane.is_attached("kept", ada)
        await bob.wait_for(1)
        await hears(ada, 2)

    async def test_detaching_without_a_group_ends_all_of_them(self, lane: Lane) -> None:
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        for group in ("g1", "g2"):
            await lane.attach(group, ada)
            await lane.attach(group, bob)

        await lane.detach(ada)
        await publish(lane, "g1", 1)
        await publish(lane, "g2", 2)

        assert lane.attached(ada) == 0
        assert lane.attached(bob) == 2
        await bob.wait_for(2)
        assert ada.frames == []

    async def test_one_group_does_not_hear_another(self, lane: Lane) -> None:
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        await lane.attach("g", ada)
        await lane.attach("g.g", bob)

        await publish(lane, "g", 1)
        await publish(lane, "g.g", 2)

        await all_hear((ada, bodies(1)), (bob, bodies(2)))

    @pytest.mark.parametrize("room", ["日本語", "a*b", "a?[x]", "a:b", "A", "x" * 64])
    async def test_any_room_can_be_a_group(self, lane: Lane, room: str) -> None:
        group = group_of(rooms.audience(RoomName.parse(room)))
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        await lane.attach(group, ada)
        await lane.attach("room.a", bob)

        await publish(lane, group, 1)
        await publish(lane, "room.a", 2)

        await all_hear((ada, bodies(1)), (bob, bodies(2)))

    async def test_telling_a_group_that_nobody_listens_to_is_no_error(self, lane: Lane) -> None:
        await lane.publish("nobody", Publication(body(1), exclude=ConnectionId("ada")))
        await lane.publish("nobody", Publication(body(1), last=True))
        await lane.notify("nobody", {"type": "knock"})

    async def test_two_lanes_of_different_prefixes_are_kept_apart(
        self, open_lane: OpenLane, lane: Lane, plan: LanePlan
    ) -> None:
        other = await open_lane(replace(plan, prefix="other"))
        ada, bob = await listener(lane, "ada"), await listener(other, "bob")

        await publish(lane, "g", 1)
        await publish(other, "g", 2)
        await lane.notify("g", {"type": "for ada"})
        await other.notify("g", {"type": "for bob"})

        await ada.wait_for(1)
        await bob.wait_for(1)
        await ada.wait_for_notices(1)
        await bob.wait_for_notices(1)
        assert ada.bodies == bodies(1)
        assert bob.bodies == bodies(2)
        assert ada.notices == [{"type": "for ada"}]
        assert bob.notices == [{"type": "for bob"}]
        assert [body_of(frame) for frame in await other.recent("g", 9)] == (
            bodies(2) if plan.kind is LaneKind.DURABLE else []
        )
