"""Cancelling a job, from the side of whoever asked for it."""

import pytest

from application.errors import Unavailable
from domain.errors import JobIsNotYours, JobIsOver, JobIsUnknown
from domain.identity import JobId
from domain.jobs import JobCancelled, JobQueued, JobState, JobSucceeded
from tests.doubles import RecordingSubscriber
from tests.unit.application.jobs.stage import FIRST, Stage
from tests.unit.application.people import ADA, BOB, STRANGER


async def test_a_queued_job_ends_at_once_and_everybody_who_watches_hears_it(stage: Stage) -> None:
    laptop = RecordingSubscriber("laptop")
    await stage.jobs.submit(ADA, laptop, "translate", "hello")

    await stage.jobs.cancel(ADA, stage.ada, FIRST)

    assert stage.heard_by(laptop) == [JobQueued(FIRST, ADA.member), JobCancelled(FIRST)]
    assert stage.heard_by(stage.ada) == [JobCancelled(FIRST)]
    job = await stage.records.get(FIRST)
    assert job is not None
    assert job.state is JobState.CANCELLED
    assert await stage.records.untold(0, 9) == []


async def test_the_worker_of_a_running_job_is_told_to_look(stage: Stage) -> None:
    interrupted: list[JobId] = []
    stage.queue.on_interrupt = interrupted.append
    await stage.submit()
    running = await stage.records.claim(FIRST, 60)

    await stage.jobs.cancel(ADA, stage.ada, FIRST)

    assert interrupted == [FIRST]
    assert running is not None
    assert await stage.records.get(FIRST) == running.cancel()
    assert stage.ada.frames == []
    await stage.tell(JobCancelled(FIRST))
    assert stage.heard_by(stage.ada) == [JobCancelled(FIRST)]


async def test_a_job_that_is_over_can_not_be_cancelled(stage: Stage) -> None:
    interrupted: list[JobId] = []
    stage.queue.on_interrupt = interrupted.append
    await stage.submit()
    await stage.run_to_its_end(JobSucceeded(FIRST, "hola"))

    with pytest.raises(JobIsOver):
        await stage.jobs.cancel(ADA, stage.ada, FIRST)

    assert interrupted == []
    assert stage.ada.frames == []
    assert stage.attached(stage.ada) == 0


async def test_an_unknown_job_can_not_be_cancelled(stage: Stage) -> None:
    with pytest.raises(JobIsUnknown):
        await stage.jobs.cancel(ADA, stage.ada, JobId("unknown"))


async def test_a_private_job_looks_to_strangers_as_if_there_were_none(stage: Stage) -> None:
    await stage.submit(BOB)

    with pytest.raises(JobIsUnknown):
        await stage.jobs.cancel(ADA, stage.ada, FIRST)

    assert await stage.records.claim(FIRST, 60) is not None


async def test_whoever_may_watch_a_job_may_not_therefore_cancel_it(stage: Stage) -> None:
    await stage.submit(STRANGER)

    with pytest.raises(JobIsNotYours):
        await stage.jobs.cancel(ADA, stage.ada, FIRST)

    assert await stage.records.claim(FIRST, 60) is not None
    assert stage.attached(stage.ada) == 0


async def test_whoever_follows_as_many_jobs_as_possible_can_still_cancel_one_of_them(
    stage: Stage,
) -> None:
    for _ in range(4):
        await stage.jobs.submit(ADA, stage.ada, "translate", "hello")

    await stage.jobs.cancel(ADA, stage.ada, FIRST)

    assert stage.heard_by(stage.ada)[-1] == JobCancelled(FIRST)


async def test_a_cancelled_job_that_could_not_be_told_is_told_by_the_workers_round(
    stage: Stage,
) -> None:
    await stage.submit()
    stage.fragile.broken_for = (JobCancelled,)

    with pytest.raises(Unavailable):
        await stage.jobs.cancel(ADA, stage.ada, FIRST)

    assert [job.id for job in await stage.records.untold(0, 9)] == [FIRST]
