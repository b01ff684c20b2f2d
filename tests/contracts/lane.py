"""What every lane promises: see `adapters.layers.lanes.Lane`."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeAlias

import pytest

from adapters.lane_table import LaneKind, LanePlan
from adapters.layers.lanes import Lane, group_of
from adapters.layers.position import Position
from adapters.layers.publication import Publication
from application.ports import LossReason, Recovery
from domain import rooms
from domain.identity import ConnectionId, RoomName
from tests.contracts.passing_time import PassingTime
from tests.doubles import RecordingSubscriber, body_of, cursor_of

OpenLane: TypeAlias = Callable[[LanePlan], Awaitable[Lane]]
"""The fixture `open_lane`: a lane to these settings, ready for use, closed after the test.

All lanes of one test share a backend; nothing of another test is in it.
"""

EPHEMERAL = LanePlan("chat", LaneKind.EPHEMERAL, "ephemeral")
DURABLE = LanePlan("rooms", LaneKind.DURABLE, "durable", capacity=5, expiry=60)
BRIEF = replace(DURABLE, prefix="brief", expiry=1)
LONG = replace(DURABLE, prefix="long", capacity=1000)

both_kinds = pytest.mark.parametrize("plan", [EPHEMERAL, DURABLE], ids=["ephemeral", "durable"])


def publication(number: int) -> Publication:
    return Publication(body(number))


def body(number: int) -> str:
    return f'{{"n":{number}}}'


def bodies(*numbers: int) -> list[str]:
    return [body(number) for number in numbers]


async def publish(lane: Lane, group: str, *numbers: int) -> None:
    for number in numbers:
        await lane.publish(group, publication(number))


async def cursors(lane: Lane, group: str, *numbers: int) -> list[str]:
    """Publish these, and return where each of them stands."""
    subscriber = RecordingSubscriber("notes the cursors")
    await lane.attach(group, subscriber)
    await publish(lane, group, *numbers)
    frames = await subscriber.wait_for(len(numbers))
    await lane.detach(subscriber)
    return [cursor_of(frame) for frame in frames]


class LaneContract:
    """Takes the fixtures `open_lane` (`OpenLane`) and `clock` (`PassingTime`)."""

    # Who hears what, on both kinds of lane.

    @both_kinds
    async def test_everybody_attached_hears_a_packet(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        lane = await open_lane(plan)
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        await lane.attach("g", ada)
        await lane.attach("g", bob)

        await lane.publish("g", publication(1))

        for subscriber in (ada, bob):
            await subscriber.wait_for(1)
            assert subscriber.bodies == bodies(1)

    @both_kinds
    async def test_packets_arrive_in_the_order_published(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        lane = await open_lane(plan)
        ada = RecordingSubscriber()
        await lane.attach("g", ada)

        await publish(lane, "g", *range(50))

        await ada.wait_for(50)
        assert ada.bodies == bodies(*range(50))

    @both_kinds
    async def test_a_body_arrives_letter_for_letter(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        lane = await open_lane(plan)
        ada = RecordingSubscriber()
        await lane.attach("g", ada)
        said = json.dumps({"a": 'Grüße "\\ \n\u2028 👋', "b": [1.50, None, {}]}, ensure_ascii=False)

        await lane.publish("g", Publication(said))

        await ada.wait_for(1)
        assert ada.bodies == [said]
        assert json.loads(ada.frames[0]).items() >= json.loads(said).items()

    @both_kinds
    async def test_the_connection_named_besides_hears_nothing(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        lane = await open_lane(plan)
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        await lane.attach("g", ada)
        await lane.attach("g", bob)

        await lane.publish("g", Publication(body(1), exclude=ConnectionId("ada")))
        await lane.publish("g", publication(2))

        await ada.wait_for(1)
        await bob.wait_for(2)
        assert ada.bodies == bodies(2)
        assert bob.bodies == bodies(1, 2)

    @both_kinds
    async def test_besides_somebody_who_is_not_there_leaves_nobody_out(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        lane = await open_lane(plan)
        ada = RecordingSubscriber("ada")
        await lane.attach("g", ada)

        await lane.publish("g", Publication(body(1), exclude=ConnectionId("nobody")))

        await ada.wait_for(1)
        assert ada.bodies == bodies(1)

    @both_kinds
    async def test_attaching_twice_delivers_once(self, open_lane: OpenLane, plan: LanePlan) -> None:
        lane = await open_lane(plan)
        ada = RecordingSubscriber()
        await lane.attach("g", ada)
        await lane.attach("g", ada)

        await publish(lane, "g", 1, 2)

        assert lane.attached(ada) == 1
        await ada.wait_for(2)
        assert ada.bodies == bodies(1, 2)

    @both_kinds
    async def test_attaching_brings_nothing_from_before(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        lane = await open_lane(plan)
        await publish(lane, "g", 1)
        ada = RecordingSubscriber()

        recovery = await lane.attach("g", ada)
        await publish(lane, "g", 2)

        await ada.wait_for(1)
        assert ada.bodies == bodies(2)
        assert recovery is None
        assert ada.recoveries == []

    @both_kinds
    async def test_nothing_is_heard_after_detaching(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        lane = await open_lane(plan)
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        await lane.attach("g", ada)
        await lane.attach("g", bob)

        await lane.detach(ada)
        await publish(lane, "g", 1)

        await bob.wait_for(1)
        assert ada.frames == []
        assert lane.attached(ada) == 0

    @both_kinds
    async def test_detaching_twice_changes_nothing(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        lane = await open_lane(plan)
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        await lane.detach(ada)
        await lane.attach("g", ada)
        await lane.attach("g", bob)

        for group in ("g", "g", None, None):
            await lane.detach(ada, group)
        await publish(lane, "g", 1)

        await bob.wait_for(1)
        assert bob.bodies == bodies(1)
        assert ada.frames == []

    @both_kinds
    async def test_a_detached_subscriber_can_attach_again(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        lane = await open_lane(plan)
        ada = RecordingSubscriber()
        for _ in range(3):
            await lane.attach("g", ada)
            await lane.detach(ada)
        await lane.attach("g", ada)

        await publish(lane, "g", 1)

        await ada.wait_for(1)
        assert ada.bodies == bodies(1)

    @both_kinds
    async def test_one_subscriber_can_listen_to_many_groups(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        lane = await open_lane(plan)
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

    @both_kinds
    async def test_detaching_one_group_leaves_the_others(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        lane = await open_lane(plan)
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
        await ada.wait_for(1)
        assert ada.bodies == bodies(2)

    @both_kinds
    async def test_detaching_without_a_group_ends_all_of_them(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        lane = await open_lane(plan)
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

    @both_kinds
    async def test_one_group_does_not_hear_another(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        lane = await open_lane(plan)
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        await lane.attach("g", ada)
        await lane.attach("g.g", bob)

        await publish(lane, "g", 1)
        await publish(lane, "g.g", 2)

        await ada.wait_for(1)
        await bob.wait_for(1)
        assert ada.bodies == bodies(1)
        assert bob.bodies == bodies(2)

    @both_kinds
    @pytest.mark.parametrize("room", ["日本語", "a*b", "a?[x]", "a:b", "A", "x" * 64])
    async def test_any_room_can_be_a_group(
        self, open_lane: OpenLane, plan: LanePlan, room: str
    ) -> None:
        lane = await open_lane(plan)
        group = group_of(rooms.audience(RoomName.parse(room)))
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        await lane.attach(group, ada)
        await lane.attach("room.a", bob)

        await publish(lane, group, 1)
        await publish(lane, "room.a", 2)

        await ada.wait_for(1)
        await bob.wait_for(1)
        assert ada.bodies == bodies(1)
        assert bob.bodies == bodies(2)

    @both_kinds
    async def test_telling_a_group_that_nobody_listens_to_is_no_error(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        lane = await open_lane(plan)

        await lane.publish("nobody", Publication(body(1), exclude=ConnectionId("ada")))
        await lane.publish("nobody", Publication(body(1), last=True))
        await lane.notify("nobody", {"type": "knock"})

    @both_kinds
    async def test_two_lanes_of_different_prefixes_are_kept_apart(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        lane, other = await open_lane(plan), await open_lane(replace(plan, prefix="other"))
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        await lane.attach("g", ada)
        await other.attach("g", bob)

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

    # Messages for a connection's own handlers.

    @both_kinds
    async def test_a_notice_reaches_everybody_attached_as_a_notice(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        lane = await open_lane(plan)
        ada, bob, eve = (RecordingSubscriber(name) for name in ("ada", "bob", "eve"))
        await lane.attach("g", ada)
        await lane.attach("g", bob)
        await lane.attach("elsewhere", eve)
        message = {"type": "knock", "payload": {"text": "👋", "list": [1, None, True]}}

        await lane.notify("g", message)
        await lane.notify("elsewhere", {"type": "other"})

        for subscriber in (ada, bob):
            await subscriber.wait_for_notices(1)
            assert subscriber.notices == [message]
            assert subscriber.frames == []
        await eve.wait_for_notices(1)
        assert eve.notices == [{"type": "other"}]

    @both_kinds
    async def test_a_notice_changed_after_it_was_sent_arrives_as_it_was_sent(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        lane = await open_lane(plan)
        ada = RecordingSubscriber()
        await lane.attach("g", ada)
        message: dict[str, Any] = {"type": "knock", "payload": {"times": 1}}

        await lane.notify("g", message)
        message["type"] = "changed"
        message["payload"]["times"] = 2

        await ada.wait_for_notices(1)
        assert ada.notices == [{"type": "knock", "payload": {"times": 1}}]

    @both_kinds
    async def test_what_one_subscriber_does_to_a_notice_is_not_seen_by_the_next(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        lane = await open_lane(plan)
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        await lane.attach("g", ada)
        await lane.attach("g", bob)

        await lane.notify("g", {"type": "knock", "payload": {"times": 1}})

        (hers,) = await ada.wait_for_notices(1)
        hers["payload"]["times"] = 2
        assert await bob.wait_for_notices(1) == [{"type": "knock", "payload": {"times": 1}}]

    async def test_a_notice_is_never_stored(self, open_lane: OpenLane) -> None:
        lane = await open_lane(DURABLE)
        first, *_ = await cursors(lane, "g", 1)

        await lane.notify("g", {"type": "knock"})

        ada = RecordingSubscriber()
        assert await lane.attach("g", ada, since=first) == Recovery(0)
        assert (ada.frames, ada.notices) == ([], [])
        assert [body_of(frame) for frame in await lane.recent("g", 9)] == bodies(1)

    # The last publication of a durable group.

    async def test_the_last_packet_is_heard_and_ends_every_attachment(
        self, open_lane: OpenLane
    ) -> None:
        lane = await open_lane(DURABLE)
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        for subscriber in (ada, bob):
            await lane.attach("g", subscriber)
        await lane.attach("other", ada)

        await lane.publish("g", Publication(body(1), last=True))
        await publish(lane, "g", 2)
        await publish(lane, "other", 3)

        await ada.wait_for(2)
        await bob.wait_for(1)
        assert ada.bodies == bodies(1, 3)
        assert bob.bodies == bodies(1)
        assert lane.attached(ada) == 1
        assert lane.attached(bob) == 0

    async def test_whoever_comes_after_the_last_packet_gets_history_but_no_attachment(
        self, open_lane: OpenLane
    ) -> None:
        lane = await open_lane(DURABLE)
        first, *_ = await cursors(lane, "g", 1, 2)
        await lane.publish("g", Publication(body(3), last=True))
        returning, newcomer, plain = (RecordingSubscriber(name) for name in ("r", "n", "p"))

        assert await lane.attach("g", returning, since=first) == Recovery(2)
        await lane.attach("g", newcomer, replay_last=True)
        await lane.attach("g", plain)

        assert returning.bodies == bodies(2, 3)
        assert newcomer.bodies == bodies(3)
        assert plain.frames == []
        for subscriber in (returning, newcomer, plain):
            assert lane.attached(subscriber) == 0

    async def test_history_is_still_there_after_the_last_packet(self, open_lane: OpenLane) -> None:
        lane = await open_lane(DURABLE)
        await publish(lane, "g", 1)
        await lane.publish("g", Publication(body(2), last=True))

        assert [body_of(frame) for frame in await lane.recent("g", 9)] == bodies(1, 2)

    async def test_what_is_published_after_the_last_packet_changes_nothing(
        self, open_lane: OpenLane
    ) -> None:
        lane = await open_lane(DURABLE)
        first, *_ = await cursors(lane, "g", 1)
        await lane.publish("g", Publication(body(2), last=True))
        ada = RecordingSubscriber()

        await publish(lane, "g", 3)
        await lane.publish("g", Publication(body(2), last=True))

        assert [body_of(frame) for frame in await lane.recent("g", 9)] == bodies(1, 2)
        assert await lane.attach("g", ada, since=first) == Recovery(1)
        assert ada.bodies == bodies(2)

    async def test_an_ending_published_twice_at_once_is_heard_once(
        self, open_lane: OpenLane
    ) -> None:
        lane = await open_lane(DURABLE)
        ada = RecordingSubscriber()
        await lane.attach("g", ada)
        await lane.attach("other", ada)

        await asyncio.gather(
            *(lane.publish("g", Publication(body(1), last=True)) for _ in range(5))
        )
        await publish(lane, "other", 2)

        await ada.wait_for(2)
        assert ada.bodies == bodies(1, 2)

    # Cursors.

    async def test_each_frame_of_a_durable_lane_has_a_cursor_of_its_own_the_same_for_all(
        self, open_lane: OpenLane
    ) -> None:
        lane = await open_lane(DURABLE)
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        await lane.attach("g", ada)
        await lane.attach("g", bob)

        await publish(lane, "g", 1, 2, 3)

        assert await ada.wait_for(3) == await bob.wait_for(3)
        assert len({cursor_of(frame) for frame in ada.frames}) == 3
        assert [set(json.loads(frame)) for frame in ada.frames] == [{"n", "cursor"}] * 3

    async def test_an_ephemeral_frame_has_no_cursor(self, open_lane: OpenLane) -> None:
        lane = await open_lane(EPHEMERAL)
        ada = RecordingSubscriber()
        await lane.attach("g", ada)

        await publish(lane, "g", 1)

        assert await ada.wait_for(1) == bodies(1)

    # Coming back to a durable lane.

    @pytest.mark.parametrize("missed", [0, 1, 3, 5])
    async def test_whoever_comes_back_in_time_gets_exactly_what_was_missed(
        self, open_lane: OpenLane, missed: int
    ) -> None:
        lane = await open_lane(DURABLE)
        *_, seen = await cursors(lane, "g", 0)
        await publish(lane, "g", *range(1, missed + 1))
        ada = RecordingSubscriber()

        recovery = await lane.attach("g", ada, since=seen)

        assert recovery == Recovery(missed, None)
        assert ada.recoveries == [recovery]
        assert ada.bodies == bodies(*range(1, missed + 1))

    async def test_live_frames_follow_the_missed_ones(self, open_lane: OpenLane) -> None:
        lane = await open_lane(DURABLE)
        first, *_ = await cursors(lane, "g", 1, 2)
        ada = RecordingSubscriber()

        await lane.attach("g", ada, since=first)
        await publish(lane, "g", 3, 4)

        await ada.wait_for(3)
        assert ada.bodies == bodies(2, 3, 4)
        assert lane.attached(ada) == 1

    async def test_a_missed_frame_is_the_one_that_others_heard(self, open_lane: OpenLane) -> None:
        lane = await open_lane(DURABLE)
        bob = RecordingSubscriber("bob")
        await lane.attach("g", bob)
        await publish(lane, "g", 1, 2, 3)
        await bob.wait_for(3)
        ada = RecordingSubscriber("ada")

        await lane.attach("g", ada, since=cursor_of(bob.frames[0]))

        assert ada.frames == bob.frames[1:]

    async def test_one_can_come_back_again_and_again(self, open_lane: OpenLane) -> None:
        lane = await open_lane(DURABLE)
        ada = RecordingSubscriber()
        await lane.attach("g", ada)
        await publish(lane, "g", 0)
        await ada.wait_for(1)

        for number in range(1, 20, 2):
            await lane.detach(ada)
            await publish(lane, "g", number)
            assert await lane.attach("g", ada, since=ada.cursor) == Recovery(1)
            await publish(lane, "g", number + 1)
            await ada.wait_for(number + 2)

        assert ada.bodies == bodies(*range(20 + 1))

    async def test_what_its_sender_did_not_hear_is_in_history_all_the_same(
        self, open_lane: OpenLane
    ) -> None:
        lane = await open_lane(DURABLE)
        first, *_ = await cursors(lane, "g", 1)
        await lane.publish("g", Publication(body(2), exclude=ConnectionId("ada")))
        bob = RecordingSubscriber("bob")

        assert await lane.attach("g", bob, since=first) == Recovery(1)
        assert bob.bodies == bodies(2)

    async def test_too_much_missed_is_told_as_trimmed_with_what_is_left(
        self, open_lane: OpenLane
    ) -> None:
        lane = await open_lane(DURABLE)
        first, *_ = await cursors(lane, "g", 0)
        await publish(lane, "g", *range(1, 7))
        ada = RecordingSubscriber()

        recovery = await lane.attach("g", ada, since=first)

        assert recovery == Recovery(5, LossReason.TRIMMED)
        assert ada.recoveries == [recovery]
        assert ada.bodies == bodies(2, 3, 4, 5, 6)

    async def test_too_old_a_position_is_told_as_expired_with_what_is_left(
        self, open_lane: OpenLane, clock: PassingTime
    ) -> None:
        lane = await open_lane(BRIEF)
        first, *_ = await cursors(lane, "g", 1, 2)
        await clock.advance(1.1)
        await publish(lane, "g", 3)
        ada = RecordingSubscriber()

        recovery = await lane.attach("g", ada, since=first)

        assert recovery == Recovery(1, LossReason.EXPIRED)
        assert ada.recoveries == [recovery]
        assert ada.bodies == bodies(3)

    async def test_too_old_a_position_is_told_as_expired_also_when_nothing_is_left(
        self, open_lane: OpenLane, clock: PassingTime
    ) -> None:
        lane = await open_lane(BRIEF)
        first, *_ = await cursors(lane, "g", 1, 2)
        await clock.advance(1.1)
        ada = RecordingSubscriber()

        assert await lane.attach("g", ada, since=first) == Recovery(0, LossReason.EXPIRED)
        assert ada.frames == []

    async def test_an_old_position_is_good_while_nothing_after_it_is_lost(
        self, open_lane: OpenLane, clock: PassingTime
    ) -> None:
        lane = await open_lane(BRIEF)
        *_, last = await cursors(lane, "g", 1, 2)
        await clock.advance(1.1)
        await publish(lane, "g", 3)
        ada = RecordingSubscriber()

        assert await lane.attach("g", ada, since=last) == Recovery(1)
        assert ada.bodies == bodies(3)

    async def test_a_cursor_of_another_epoch_is_unknown(self, open_lane: OpenLane) -> None:
        lane = await open_lane(DURABLE)
        first, *_ = await cursors(lane, "g", 1, 2)
        group, position = _parsed(first)
        ada = RecordingSubscriber()

        recovery = await lane.attach(
            "g", ada, since=replace(position, epoch="0" * 12).cursor(group)
        )

        assert recovery == Recovery(2, LossReason.UNKNOWN_POSITION)
        assert ada.recoveries == [recovery]
        assert ada.bodies == bodies(1, 2)

    async def test_a_cursor_of_another_group_is_unknown(self, open_lane: OpenLane) -> None:
        lane = await open_lane(DURABLE)
        elsewhere, *_ = await cursors(lane, "elsewhere", 7)
        await publish(lane, "g", 1, 2)
        ada = RecordingSubscriber()

        recovery = await lane.attach("g", ada, since=elsewhere)

        assert recovery == Recovery(2, LossReason.UNKNOWN_POSITION)
        assert ada.bodies == bodies(1, 2)

    async def test_a_cursor_beyond_the_end_is_unknown(self, open_lane: OpenLane) -> None:
        lane = await open_lane(DURABLE)
        *_, last = await cursors(lane, "g", 1, 2)
        group, position = _parsed(last)
        ada = RecordingSubscriber()

        recovery = await lane.attach(
            "g", ada, since=replace(position, offset=position.offset + 1).cursor(group)
        )

        assert recovery == Recovery(2, LossReason.UNKNOWN_POSITION)
        assert ada.bodies == bodies(1, 2)

    async def test_a_cursor_of_a_group_that_never_heard_anything_is_unknown(
        self, open_lane: OpenLane
    ) -> None:
        lane = await open_lane(DURABLE)
        ada = RecordingSubscriber()

        recovery = await lane.attach("g", ada, since=Position("0" * 12, 1, 1).cursor("g"))
        await publish(lane, "g", 1)

        assert recovery == Recovery(0, LossReason.UNKNOWN_POSITION)
        assert ada.recoveries == [recovery]
        await ada.wait_for(1)
        assert ada.bodies == bodies(1)

    @pytest.mark.parametrize(
        "garbage", ["", "0", "x", "g~", "g~0-0-0", "💥", "g~' OR 1=1", "g" * 10_000, "\x00\n"]
    )
    async def test_what_is_no_cursor_is_invalid_and_all_that_is_left_follows(
        self, open_lane: OpenLane, garbage: str
    ) -> None:
        lane = await open_lane(DURABLE)
        await publish(lane, "g", 1, 2)
        ada = RecordingSubscriber()

        recovery = await lane.attach("g", ada, since=garbage)
        await publish(lane, "g", 3)

        assert recovery == Recovery(2, LossReason.INVALID)
        assert ada.recoveries == [recovery]
        await ada.wait_for(3)
        assert ada.bodies == bodies(1, 2, 3)

    async def test_coming_back_while_already_attached_brings_nothing_but_what_is_asked_for(
        self, open_lane: OpenLane
    ) -> None:
        lane = await open_lane(DURABLE)
        ada = RecordingSubscriber()
        await lane.attach("g", ada)
        await publish(lane, "g", 1, 2)
        await ada.wait_for(2)

        assert await lane.attach("g", ada, since=cursor_of(ada.frames[0])) is None
        assert ada.bodies == bodies(1, 2)
        await lane.attach("g", ada, replay_last=True)
        await publish(lane, "g", 3)

        await ada.wait_for(4)
        assert ada.bodies == bodies(1, 2, 2, 3)
        assert ada.recoveries == []

    async def test_there_is_nothing_to_come_back_to_on_an_ephemeral_lane(
        self, open_lane: OpenLane
    ) -> None:
        lane = await open_lane(EPHEMERAL)
        await publish(lane, "g", 1)
        ada = RecordingSubscriber()

        assert await lane.attach("g", ada, since="anything", replay_last=True) is None
        await publish(lane, "g", 2)

        await ada.wait_for(1)
        assert ada.frames == bodies(2)
        assert ada.recoveries == []

    # The newest frame, and the newest few.

    async def test_a_newcomer_can_have_the_newest_frame_first(self, open_lane: OpenLane) -> None:
        lane = await open_lane(DURABLE)
        bob = RecordingSubscriber("bob")
        await lane.attach("g", bob)
        await publish(lane, "g", 1, 2)
        ada = RecordingSubscriber("ada")

        assert await lane.attach("g", ada, replay_last=True) is None
        await publish(lane, "g", 3)

        await ada.wait_for(2)
        await bob.wait_for(3)
        assert ada.bodies == bodies(2, 3)
        assert bob.bodies == bodies(1, 2, 3)
        assert ada.recoveries == []

    async def test_a_group_that_never_heard_anything_has_no_newest_frame(
        self, open_lane: OpenLane
    ) -> None:
        lane = await open_lane(DURABLE)
        ada = RecordingSubscriber()

        await lane.attach("g", ada, replay_last=True)
        await publish(lane, "g", 1)

        await ada.wait_for(1)
        assert ada.bodies == bodies(1)

    async def test_the_recent_frames_are_the_newest_oldest_first(self, open_lane: OpenLane) -> None:
        lane = await open_lane(DURABLE)
        ada = RecordingSubscriber()
        await lane.attach("g", ada)
        await publish(lane, "g", 1, 2, 3, 4)
        await ada.wait_for(4)

        assert await lane.recent("g", 2) == ada.frames[2:]
        assert await lane.recent("g", 4) == ada.frames
        assert await lane.recent("g", 100) == ada.frames
        assert await lane.recent("g", 1) == ada.frames[3:]

    async def test_history_keeps_as_many_as_its_capacity(self, open_lane: OpenLane) -> None:
        lane = await open_lane(DURABLE)

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

    async def test_a_durable_packet_is_in_history_once_its_publish_returns(
        self, open_lane: OpenLane
    ) -> None:
        lane = await open_lane(DURABLE)

        for number in range(4):
            await publish(lane, "g", number)
            assert [body_of(frame) for frame in await lane.recent("g", 1)] == bodies(number)

    # Many at once.

    async def test_a_durable_group_has_one_order_for_all_however_many_publish_at_once(
        self, open_lane: OpenLane
    ) -> None:
        lane = await open_lane(LONG)
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        await lane.attach("g", ada)
        await lane.attach("g", bob)

        await asyncio.gather(*(publish(lane, "g", number) for number in range(60)))

        assert await ada.wait_for(60) == await bob.wait_for(60)
        assert sorted(ada.bodies) == sorted(bodies(*range(60)))
        assert await lane.recent("g", 60) == ada.frames

    @both_kinds
    async def test_what_each_of_many_senders_says_arrives_in_their_order(
        self, open_lane: OpenLane, plan: LanePlan
    ) -> None:
        lane = await open_lane(plan)
        ada = RecordingSubscriber()
        await lane.attach("g", ada)

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
            await subscriber.wait_for(100)
            assert subscriber.bodies == bodies(*range(1, 101))
            assert [recovery.reason for recovery in subscriber.recoveries] == [None]

    async def test_attaching_and_detaching_while_others_publish_leaves_no_gap_in_between(
        self, open_lane: OpenLane
    ) -> None:
        lane = await open_lane(LONG)
        ada = RecordingSubscriber()
        await lane.attach("g", ada)
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

        await ada.wait_for(101)
        assert ada.bodies == bodies(*range(101))


def _parsed(cursor: str) -> tuple[str, Position]:
    parsed = Position.parse(cursor)
    assert parsed is not None
    return parsed
