"""Cursors, good ones and others: see `adapters.layers.lanes.Lane`."""

import json
from dataclasses import replace

import pytest

from adapters.layers.lanes import Lane
from adapters.layers.position import Position
from application.ports import BEGINNING, LossReason, Recovery
from tests.contracts.lane import (
    EPHEMERAL,
    OnDurable,
    OpenLane,
    ada_and_bob,
    bodies,
    cursors,
    hears,
    listener,
    publish,
)
from tests.doubles import RecordingSubscriber, cursor_of


class CursorsContract(OnDurable):
    """Takes the fixtures `open_lane` (`OpenLane`) and `clock` (`PassingTime`)."""

    async def test_each_frame_of_a_durable_lane_has_a_cursor_of_its_own_the_same_for_all(
        self, lane: Lane
    ) -> None:
        ada, bob = await ada_and_bob(lane)

        await publish(lane, "g", 1, 2, 3)

        assert await ada.wait_for(3) == await bob.wait_for(3)
        assert len({cursor_of(frame) for frame in ada.frames}) == 3
        assert [set(json.loads(frame)) for frame in ada.frames] == [{"n", "seq", "cursor"}] * 3

    async def test_an_ephemeral_frame_has_no_cursor(self, open_lane: OpenLane) -> None:
        lane = await open_lane(EPHEMERAL)
        ada = await listener(lane)

        await publish(lane, "g", 1)

        assert await ada.wait_for(1) == bodies(1)

    async def test_a_cursor_of_another_epoch_is_unknown(self, lane: Lane) -> None:
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
        self, lane: Lane
    ) -> None:
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

    async def test_a_cursor_of_another_group_is_unknown(self, lane: Lane) -> None:
        elsewhere, *_ = await cursors(lane, "elsewhere", 7)
        await publish(lane, "g", 1, 2)
        ada = RecordingSubscriber()

        recovery = await lane.attach("g", ada, since=elsewhere)

        assert recovery == Recovery(2, LossReason.UNKNOWN_POSITION)
        assert ada.bodies == bodies(1, 2)

    async def test_a_cursor_beyond_the_end_is_unknown(self, lane: Lane) -> None:
        *_, last = await cursors(lane, "g", 1, 2)
        group, position = _parsed(last)
        ada = RecordingSubscriber()

        recovery = await lane.attach(
            "g", ada, since=replace(position, offset=position.offset + 1).cursor(group)
        )

        assert recovery == Recovery(2, LossReason.UNKNOWN_POSITION)
        assert ada.bodies == bodies(1, 2)

    async def test_a_cursor_of_a_group_that_never_heard_anything_is_unknown(
        self, lane: Lane
    ) -> None:
        ada = RecordingSubscriber()

        recovery = await lane.attach("g", ada, since=Position("0" * 12, 1, 1).cursor("g"))
        await publish(lane, "g", 1)

        assert recovery == Recovery(0, LossReason.UNKNOWN_POSITION)
        assert ada.recoveries == [recovery]
        await hears(ada, 1)

    async def test_from_the_beginning_comes_all_that_is_kept(self, lane: Lane) -> None:
        ada = RecordingSubscriber()
        await lane.attach("g", ada, since=BEGINNING)
        assert ada.recoveries == [Recovery(0)]
        await publish(lane, "g", 1, 2)
        bob = RecordingSubscriber("bob")
        recovery = await lane.attach("g", bob, since=BEGINNING)
        assert recovery == Recovery(2)
        assert bob.frames == ada.frames

    async def test_whoever_comes_is_told_a_place_to_come_back_to_before_it_has_heard_anything(
        self, lane: Lane
    ) -> None:
        ada, bob, eve = (RecordingSubscriber(name) for name in ("ada", "bob", "eve"))
        await lane.attach("g", ada)
        assert ada.begun_at == BEGINNING
        await publish(lane, "g", 1, 2)
        await lane.attach("g", bob)
        await hears(ada, 1, 2)
        assert bob.begun_at == ada.cursor
        await publish(lane, "g", 3)
        await lane.attach("g", eve, since=bob.begun_at)
        await hears(ada, 1, 2, 3)
        assert eve.frames == ada.frames[2:]
        assert eve.begun_at == ada.cursor

    async def test_what_was_missed_stands_after_a_place_that_one_can_come_back_to(
        self, lane: Lane
    ) -> None:
        await publish(lane, "g", 1, 2, 3)
        ada = RecordingSubscriber()
        recovery = await lane.attach("g", ada, since="garbage")
        assert recovery is not None
        bob = RecordingSubscriber("bob")
        await lane.attach("g", bob, since=recovery.before)
        assert (bob.recoveries, bob.frames) == ([Recovery(3)], ada.frames)

    @pytest.mark.parametrize(
        "garbage", ["", "x", "g~", "g~0-0-0", "💥", "g~' OR 1=1", "g" * 10_000, "\x00\n"]
    )
    async def test_what_is_no_cursor_is_invalid_and_all_that_is_left_follows(
        self, lane: Lane, garbage: str
    ) -> None:
        await publish(lane, "g", 1, 2)
        ada = RecordingSubscriber()

        recovery = await lane.attach("g", ada, since=garbage)
        await publish(lane, "g", 3)

        assert recovery == Recovery(2, LossReason.INVALID)
        assert ada.recoveries == [recovery]
        await hears(ada, 1, 2, 3)


def _parsed(cursor: str) -> tuple[str, Position]:
    parsed = Position.parse(cursor)
    assert parsed is not None
    return parsed
