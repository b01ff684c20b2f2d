"""What broadcasting promises the application: `Broadcaster`, `Subscriptions` and `History`."""

from typing import Any

import pytest

from application.errors import TooManySubscriptions
from domain import rooms
from domain.audiences import Audience
from domain.chat import CHAT, RELIABLE
from domain.identity import ConnectionId, JobId, RoomName
from domain.jobs import JobCancelled, JobEvent, JobFailed, JobQueued, JobSucceeded
from tests.contracts.broadcasting import (
    ADA,
    DURABLE,
    EPHEMERAL,
    JOB,
    LOBBY,
    SUBSCRIPTION_LIMIT,
    Broadcasting,
    everywhere,
    job,
    said,
    texts,
)
from tests.doubles import RecordingSubscriber


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
        await ada.wait_for(1)
        # There is room for one more now.
        await broadcaster.subscribe(job(JobId("one more")), ada)
        await broadcaster.publish(audience, JobQueued(JOB, ADA))
        await broadcaster.publish(job(JobId("one more")), said("heard"))

        assert texts(await ada.wait_for(2)) == [type(ending).__name__, "heard"]
