"""What broadcasting promises the application: `Broadcaster`, `Subscriptions` and `History`."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

import pytest

from adapters.lane_table import LANE_OF, LANES, LanePlan
from application.errors import TooManySubscriptions
from application.ports import (
    Broadcaster,
    Cursor,
    History,
    LossReason,
    Recovery,
    Subscriptions,
)
from domain import jobs, rooms
from domain.audiences import Audience
from domain.chat import CHAT, RELIABLE
from domain.events import MessageSaid
from domain.identity import ConnectionId, JobId, Member, MemberId, MessageText, RoomName
from domain.jobs import JobCancelled, JobEvent, JobFailed, JobQueued, JobSucceeded
from tests.doubles import RecordingSubscriber
from tests.sockets import fixed_audiences

SUBSCRIPTION_LIMIT = 4

PLANS: Mapping[str, LanePlan] = {
    name: replace(plan, capacity=100, expiry=60) for name, plan in LANES.items()
}
"""The lanes under the fixture `broadcaster`."""

ADA = Member(MemberId("ada"), "Ada")
JOB = JobId("7")
LOBBY = rooms.audience(RoomName("lobby"))


def job(job_id: JobId) -> Audience[Any]:
    """Here anything may be told to the watchers of a job."""
    return jobs.audience(job_id)


EVERYBODY: list[Audience[Any]] = [*fixed_audiences(), LOBBY, job(JOB)]
DURABLE = [each for each in EVERYBODY if LANES[LANE_OF[each.kind]].is_durable]
EPHEMERAL = [each for each in EVERYBODY if each not in DURABLE]

everywhere = pytest.mark.parametrize("audience", EPHEMERAL + DURABLE, ids=lambda it: it.kind.value)
durable = pytest.mark.parametrize("audience", DURABLE, ids=lambda it: it.kind.value)


class Broadcasting(Broadcaster, Subscriptions, History, Protocol):
    """The three ports that are implemented together."""


def encode(_audience: Audience[Any], event: Any) -> str:
    """What the fixture `broadcaster` encodes with: the text said, or the event's name."""
    text = event.text.value if isinstance(event, MessageSaid) else type(event).__name__
    return json.dumps({"said": text})


def said(text: str) -> MessageSaid:
    return MessageSaid(ADA, MessageText(text))


def texts(frames: list[str]) -> list[Any]:
    return [json.loads(frame)["said"] for frame in frames]


class BroadcasterContract:
    """Takes the fixture `broadcaster` (`Broadcasting`): it encodes with `encode`, its lanes have
    `PLANS`, and one connection may have `SUBSCRIPTION_LIMIT` subscriptions."""

    @everywhere
    async def test_subscribers_hear_what_is_published(
        self, broadcaster: Broadcasting, audience: Audience[Any]
    ) -> None:
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        await broadcaster.subscribe(audience, ada)
        await broadcaster.subscribe(audience, bob)

        await broadcaster.publish(audience, said("one"))
        await broadcaster.publish(audience, said("two"))

        for subscriber in (ada, bob):
            assert texts(await subscriber.wait_for(2)) == ["one", "two"]

    @everywhere
    async def test_publishing_without_subscribers_is_no_error(
        self, broadcaster: Broadcasting, audience: Audience[Any]
    ) -> None:
        await broadcaster.publish(audience, said("nobody hears it"))

    @everywhere
    async def test_one_connection_can_be_left_out(
        self, broadcaster: Broadcasting, audience: Audience[Any]
    ) -> None:
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        await broadcaster.subscribe(audience, ada)
        await broadcaster.subscribe(audience, bob)

        await broadcaster.publish(audience, said("one"), exclude=ConnectionId("ada"))
        await broadcaster.publish(audience, said("two"))

        assert texts(await ada.wait_for(1)) == ["two"]
        assert texts(await bob.wait_for(2)) == ["one", "two"]

    async def test_no_audience_hears_what_another_is_told(self, broadcaster: Broadcasting) -> None:
        all_of_them = [*EPHEMERAL, *DURABLE, rooms.audience(RoomName("attic"))]
        listening = {audience: RecordingSubscriber(str(audience)) for audience in all_of_them}
        for audience, subscriber in listening.items():
            await broadcaster.subscribe(audience, subscriber)

        for audience in all_of_them:
            await broadcaster.publish(audience, said(str(audience)))

        for audience, subscriber in listening.items():
            assert texts(await subscriber.wait_for(1)) == [str(audience)]

    @everywhere
    async def test_subscribing_twice_delivers_once(
        self, broadcaster: Broadcasting, audience: Audience[Any]
    ) -> None:
        ada = RecordingSubscriber()
        await broadcaster.subscribe(audience, ada)
        await broadcaster.subscribe(audience, ada)

        await broadcaster.publish(audience, said("one"))
        await broadcaster.publish(audience, said("two"))

        assert texts(await ada.wait_for(2)) == ["one", "two"]

    async def test_dropping_ends_every_subscription_of_one_connection(
        self, broadcaster: Broadcasting
    ) -> None:
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        for audience in (CHAT, LOBBY):
            await broadcaster.subscribe(audience, ada)
            await broadcaster.subscribe(audience, bob)

        await broadcaster.drop(ada)
        for audience in (CHAT, LOBBY):
            await broadcaster.publish(audience, said("gone"))

        await bob.wait_for(2)
        assert ada.frames == []
        await broadcaster.drop(ada)

    async def test_dropping_one_audience_leaves_the_others(self, broadcaster: Broadcasting) -> None:
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        attic = rooms.audience(RoomName("attic"))
        for audience in (CHAT, LOBBY, attic):
            await broadcaster.subscribe(audience, ada)
            await broadcaster.subscribe(audience, bob)

        await broadcaster.drop(ada, LOBBY)
        await broadcaster.drop(ada, RELIABLE)
        for audience in (LOBBY, CHAT, attic):
            await broadcaster.publish(audience, said(audience.key or "chat"))

        await bob.wait_for(3)
        assert sorted(texts(await ada.wait_for(2))) == ["attic", "chat"]

    async def test_dropping_whoever_never_subscribed_changes_nothing(
        self, broadcaster: Broadcasting
    ) -> None:
        await broadcaster.drop(RecordingSubscriber("stranger"))

    @durable
    async def test_whoever_comes_back_with_a_cursor_gets_what_was_missed(
        self, broadcaster: Broadcasting, audience: Audience[Any]
    ) -> None:
        ada = RecordingSubscriber()
        await broadcaster.subscribe(audience, ada)
        await broadcaster.publish(audience, said("seen"))
        await ada.wait_for(1)
        await broadcaster.drop(ada)
        await broadcaster.publish(audience, said("missed"))

        recovery = await broadcaster.subscribe(audience, ada, since=ada.cursor)
        await broadcaster.publish(audience, said("live"))

        assert recovery == Recovery(1)
        assert ada.recoveries == [recovery]
        assert texts(await ada.wait_for(3)) == ["seen", "missed", "live"]

    @durable
    async def test_a_position_that_can_not_be_honoured_is_told(
        self, broadcaster: Broadcasting, audience: Audience[Any]
    ) -> None:
        await broadcaster.publish(audience, said("left"))
        ada = RecordingSubscriber()

        recovery = await broadcaster.subscribe(audience, ada, since=Cursor("nonsense"))

        assert recovery == Recovery(1, LossReason.INVALID)
        assert ada.recoveries == [recovery]
        assert texts(ada.frames) == ["left"]

    @durable
    async def test_a_newcomer_can_be_told_the_newest_event_first(
        self, broadcaster: Broadcasting, audience: Audience[Any]
    ) -> None:
        await broadcaster.publish(audience, said("old"))
        await broadcaster.publish(audience, said("newest"))
        ada = RecordingSubscriber()

        await broadcaster.subscribe(audience, ada, replay_last=True)
        await broadcaster.publish(audience, said("live"))

        assert texts(await ada.wait_for(2)) == ["newest", "live"]

    @durable
    async def test_history_holds_the_newest_oldest_first(
        self, broadcaster: Broadcasting, audience: Audience[Any]
    ) -> None:
        for text in ("one", "two", "three"):
            await broadcaster.publish(audience, said(text))

        assert texts(await broadcaster.recent(audience, 2)) == ["two", "three"]
        assert texts(await broadcaster.recent(audience, 9)) == ["one", "two", "three"]

    @everywhere
    async def test_an_audience_never_told_anything_has_no_history(
        self, broadcaster: Broadcasting, audience: Audience[Any]
    ) -> None:
        assert await broadcaster.recent(audience, 9) == []

    @pytest.mark.parametrize("audience", EPHEMERAL, ids=lambda it: it.kind.value)
    async def test_what_was_said_on_an_ephemeral_lane_is_gone(
        self, broadcaster: Broadcasting, audience: Audience[Any]
    ) -> None:
        await broadcaster.publish(audience, said("gone"))
        ada = RecordingSubscriber()

        recovery = await broadcaster.subscribe(audience, ada, since=Cursor("any"), replay_last=True)

        assert recovery is None
        assert (ada.frames, ada.recoveries) == ([], [])
        assert await broadcaster.recent(audience, 9) == []

    @durable
    async def test_a_cursor_names_its_audience(
        self, broadcaster: Broadcasting, audience: Audience[Any]
    ) -> None:
        ada = RecordingSubscriber()
        await broadcaster.subscribe(audience, ada)
        await broadcaster.publish(audience, said("one"))
        await ada.wait_for(1)

        assert broadcaster.audience_of(ada.cursor) == audience

    @pytest.mark.parametrize(
        "cursor", ["", "nonsense", "room.lobby", "nobody~000000000000-1-1", "💥", "\x00"]
    )
    async def test_what_is_no_cursor_names_no_audience(
        self, broadcaster: Broadcasting, cursor: str
    ) -> None:
        assert broadcaster.audience_of(Cursor(cursor)) is None

    async def test_one_connection_can_not_follow_more_than_its_limit(
        self, broadcaster: Broadcasting
    ) -> None:
        ada = RecordingSubscriber("ada")
        jobs = [job(JobId(str(number))) for number in range(SUBSCRIPTION_LIMIT + 1)]
        for audience in jobs[:-1]:
            await broadcaster.subscribe(audience, ada)

        with pytest.raises(TooManySubscriptions, match=str(SUBSCRIPTION_LIMIT)):
            await broadcaster.subscribe(jobs[-1], ada)

        await broadcaster.publish(jobs[-1], said("not followed"))
        await broadcaster.publish(jobs[0], said("followed"))
        assert texts(await ada.wait_for(1)) == ["followed"]

    async def test_the_limit_is_each_connections_own(self, broadcaster: Broadcasting) -> None:
        ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
        for number in range(SUBSCRIPTION_LIMIT):
            await broadcaster.subscribe(job(JobId(str(number))), ada)

        await broadcaster.subscribe(job(JobId("another")), bob)

        await broadcaster.publish(job(JobId("another")), said("followed"))
        assert texts(await bob.wait_for(1)) == ["followed"]

    async def test_at_the_limit_subscribing_again_to_the_same_still_changes_nothing(
        self, broadcaster: Broadcasting
    ) -> None:
        ada = RecordingSubscriber()
        for number in range(SUBSCRIPTION_LIMIT):
            await broadcaster.subscribe(job(JobId(str(number))), ada)

        await broadcaster.subscribe(job(JobId("0")), ada)

        await broadcaster.publish(job(JobId("0")), said("once"))
        await broadcaster.publish(job(JobId("0")), said("then this"))
        assert texts(await ada.wait_for(2)) == ["once", "then this"]

    @pytest.mark.parametrize(
        "ending",
        [JobSucceeded(JOB, "done"), JobFailed(JOB, "no"), JobCancelled(JOB)],
        ids=lambda ending: type(ending).__name__,
    )
    async def test_after_the_end_of_a_job_nobody_follows_it_any_more(
        self, broadcaster: Broadcasting, ending: JobEvent
    ) -> None:
        ada = RecordingSubscriber()
        audience = job(JOB)
        await broadcaster.subscribe(audience, ada)
        for number in range(1, SUBSCRIPTION_LIMIT):
            await broadcaster.subscribe(job(JobId(f"another {number}")), ada)

        await broadcaster.publish(audience, ending)
        # There is room for one more now.
        await broadcaster.subscribe(job(JobId("one more")), ada)
        await broadcaster.publish(audience, JobQueued(JOB))
        await broadcaster.publish(job(JobId("one more")), said("heard"))

        assert texts(await ada.wait_for(2)) == [type(ending).__name__, "heard"]
