"""Messages for handlers, and a group's last publication: see `adapters.layers.lanes.Lane`."""

import asyncio
from typing import Any

from adapters.lane_table import LanePlan
from adapters.layers.lanes import Lane
from adapters.layers.publication import Publication
from application.ports import Recovery
from tests.contracts.lane import (
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
from tests.doubles import RecordingSubscriber, body_of


class MessagesContract(OnDurable):
    """Takes the fixtures `open_lane` (`OpenLane`) and `clock` (`PassingTime`)."""

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
        ada = await listener(lane)
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
        ada, bob = await ada_and_bob(lane)

        await lane.notify("g", {"type": "knock", "payload": {"times": 1}})

        (hers,) = await ada.wait_for_notices(1)
        hers["payload"]["times"] = 2
        assert await bob.wait_for_notices(1) == [{"type": "knock", "payload": {"times": 1}}]

    async def test_a_notice_is_never_stored(self, lane: Lane) -> None:
        first, *_ = await cursors(lane, "g", 1)

        await lane.notify("g", {"type": "knock"})

        ada = RecordingSubscriber()
        assert await lane.attach("g", ada, since=first) == Recovery(0)
        assert (ada.frames, ada.notices) == ([], [])
        assert [body_of(frame) for frame in await lane.recent("g", 9)] == bodies(1)

    # The last publication of a durable group.

    async def test_the_last_publication_is_heard_and_ends_every_attachment(
        self, lane: Lane
    ) -> None:
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        for subscriber in (ada, bob):
            await lane.attach("g", subscriber)
        await lane.attach("other", ada)

        await lane.publish("g", Publication(body(1), last=True))
        await publish(lane, "g", 2)
        await publish(lane, "other", 3)

        await all_hear((ada, bodies(1, 3)), (bob, bodies(1)))
        assert lane.attached(ada) == 1
        assert lane.attached(bob) == 0

    async def test_whoever_comes_after_the_last_publication_gets_history_but_no_attachment(
        self, lane: Lane
    ) -> None:
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

    async def test_history_is_still_there_after_the_last_publication(self, lane: Lane) -> None:
        await publish(lane, "g", 1)
        await lane.publish("g", Publication(body(2), last=True))

        assert [body_of(frame) for frame in await lane.recent("g", 9)] == bodies(1, 2)

    async def test_what_is_published_after_the_last_publication_changes_nothing(
        self, lane: Lane
    ) -> None:
        first, *_ = await cursors(lane, "g", 1)
        await lane.publish("g", Publication(body(2), last=True))
        ada = RecordingSubscriber()

        await publish(lane, "g", 3)
        await lane.publish("g", Publication(body(2), last=True))

        assert [body_of(frame) for frame in await lane.recent("g", 9)] == bodies(1, 2)
        assert await lane.attach("g", ada, since=first) == Recovery(1)
        assert ada.bodies == bodies(2)

    async def test_an_ending_published_twice_at_once_is_heard_once(self, lane: Lane) -> None:
        ada = await listener(lane)
        await lane.attach("other", ada)

        await asyncio.gather(
            *(lane.publish("g", Publication(body(1), last=True)) for _ in range(5))
        )
        await publish(lane, "other", 2)

        await hears(ada, 1, 2)
