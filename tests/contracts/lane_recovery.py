"""Cursors, and coming back with one: see `adapters.layers.lanes.Lane`."""

import pytest

from adapters.layers.lanes import Lane
from adapters.layers.publication import Publication
from application.ports import LossReason, Recovery
from domain.identity import ConnectionId
from tests.contracts.lane import (
    BRIEF,
    EPHEMERAL,
    OnDurable,
    OpenLane,
    bodies,
    body,
    cursors,
    hears,
    listener,
    publish,
)
from tests.contracts.passing_time import PassingTime
from tests.doubles import RecordingSubscriber, cursor_of


class RecoveryContract(OnDurable):
    """Takes the fixtures `open_lane` (`OpenLane`) and `clock` (`PassingTime`)."""

    @pytest.mark.parametrize("missed", [0, 1, 3, 5])
    async def test_whoever_comes_back_in_time_gets_exactly_what_was_missed(
        self, lane: Lane, missed: int
    ) -> None:
        *_, seen = await cursors(lane, "g", 0)
        await publish(lane, "g", *range(1, missed + 1))
        ada = RecordingSubscriber()

        recovery = await lane.attach("g", ada, since=seen)

        assert recovery == Recovery(missed, None)
        assert ada.recoveries == [recovery]
        assert ada.bodies == bodies(*range(1, missed + 1))

    async def test_live_frames_follow_the_missed_ones(self, lane: Lane) -> None:
        first, *_ = await cursors(lane, "g", 1, 2)
        ada = RecordingSubscriber()

        await lane.attach("g", ada, since=first)
        await publish(lane, "g", 3, 4)

        await hears(ada, 2, 3, 4)
        assert lane.attached(ada) == 1

    async def test_a_missed_frame_is_the_one_that_others_heard(self, lane: Lane) -> None:
        bob = await listener(lane, "bob")
        await publish(lane, "g", 1, 2, 3)
        await bob.wait_for(3)
        ada = RecordingSubscriber("ada")

        await lane.attach("g", ada, since=cursor_of(bob.frames[0]))

        assert ada.frames == bob.frames[1:]

    async def test_one_can_come_back_again_and_again(self, lane: Lane) -> None:
        ada = await listener(lane)
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
        self, lane: Lane
    ) -> None:
        first, *_ = await cursors(lane, "g", 1)
        await lane.publish("g", Publication(body(2), exclude=ConnectionId("ada")))
        bob = RecordingSubscriber("bob")

        assert await lane.attach("g", bob, since=first) == Recovery(1)
        assert bob.bodies == bodies(2)

    async def test_too_much_missed_is_told_as_trimmed_with_what_is_left(self, lane: Lane) -> None:
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

    async def test_coming_back_while_already_attached_brings_nothing_but_what_is_asked_for(
        self, lane: Lane
    ) -> None:
        ada = await listener(lane)
        await publish(lane, "g", 1, 2)
        await ada.wait_for(2)

        assert await lane.attach("g", ada, since=cursor_of(ada.frames[0])) is None
        assert ada.bodies == bodies(1, 2)
        await lane.attach("g", ada, replay_last=True)
        await publish(lane, "g", 3)

        await hears(ada, 1, 2, 2, 3)
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
