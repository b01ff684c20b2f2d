"""Cursors, and coming back with one: see `adapters.layers.lanes.Lane`."""

import json
from dataclasses import replace

import pytest

from adapters.layers.position import Position
from adapters.layers.publication import Publication
from application.ports import LossReason, Recovery
from domain.identity import ConnectionId
from tests.contracts.lane import BRIEF, DURABLE, EPHEMERAL, OpenLane, bodies, body, cursors, publish
from tests.contracts.passing_time import PassingTime
from tests.doubles import RecordingSubscriber, cursor_of


class RecoveryContract:
    """Takes the fixtures `open_lane` (`OpenLane`) and `clock` (`PassingTime`)."""

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

    async def test_a_cursor_whose_time_was_edited_is_judged_alike_everywhere(
        self, open_lane: OpenLane
    ) -> None:
        lane = await open_lane(DURABLE)
        first, *_ = await cursors(lane, "g", 1, 2)
        group, position = _parsed(first)
        later = replace(position, at_ms=position.at_ms + 3_600_000)
        earlier = replace(position, at_ms=position.at_ms - 1)
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")

        recovery = await lane.attach(group, ada, since=later.cursor(group))
        assert recovery is not None
        assert recovery.reason is LossReason.TRIMMED
        assert ada.bodies == []
        recovery = await lane.attach(group, bob, since=earlier.cursor(group))
        assert recovery is not None
        assert recovery.reason is LossReason.UNKNOWN_POSITION
        assert bob.bodies == bodies(1, 2)

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


def _parsed(cursor: str) -> tuple[str, Position]:
    parsed = Position.parse(cursor)
    assert parsed is not None
    return parsed
