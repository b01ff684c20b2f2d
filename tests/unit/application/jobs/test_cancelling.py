"""Cancelling a job, from the side of whoever asked for it."""

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from adapters.layers.lane_memory import MemoryLane
from application.errors import Unavailable
from application.jobs import JobService
from domain.errors import JobIsNotYours, JobIsOver, JobIsUnknown
from domain.identity import JobId
from domain.jobs import JobCancelled, JobQueued, JobState, JobSucceeded
from tests.doubles import (
    EventBook,
    FragileBroadcaster,
    FragileJobQueue,
    FragileJobRecords,
    RecordingSubscriber,
)
from tests.unit.application.jobs.asking import FIRST, JOBS, run_to_its_end, submit, tell
from tests.unit.application.people import ADA, BOB, STRANGER


async def test_a_queued_job_ends_at_once_and_everybody_who_watches_hears_it(
    jobs: JobService, records: FragileJobRecords, book: EventBook, ada: RecordingSubscriber
) -> None:
    laptop = RecordingSubscriber("laptop")
    await jobs.submit(ADA, laptop, "translate", "hello")

    await jobs.cancel(ADA, ada, FIRST)

    assert book.heard_by(laptop) == [JobQueued(FIRST), JobCancelled(FIRST)]
    assert book.heard_by(ada) == [JobCancelled(FIRST)]
    job = await records.get(FIRST)
    assert job is not None
    assert job.state is JobState.CANCELLED
    assert await records.untold(0, 9) == []


async def test_the_worker_of_a_running_job_is_told_to_look(
    jobs: JobService,
    broadcaster: LaneBroadcaster,
    records: FragileJobRecords,
    queue: FragileJobQueue,
    book: EventBook,
    ada: RecordingSubscriber,
) -> None:
    interrupted: list[JobId] = []
    queue.on_interrupt = interrupted.append
    await submit(jobs)
    running = await records.claim(FIRST, 60)

    await jobs.cancel(ADA, ada, FIRST)

    assert interrupted == [FIRST]
    assert running is not None
    assert await records.get(FIRST) == running.cancel()
    assert ada.frames == []
    await tell(broadcaster, JobCancelled(FIRST))
    assert book.heard_by(ada) == [JobCancelled(FIRST)]


async def test_a_job_that_is_over_can_not_be_cancelled(
    jobs: JobService,
    broadcaster: LaneBroadcaster,
    records: FragileJobRecords,
    queue: FragileJobQueue,
    lanes: dict[str, MemoryLane],
    ada: RecordingSubscriber,
) -> None:
    interrupted: list[JobId] = []
    queue.on_interrupt = interrupted.append
    await submit(jobs)
    await run_to_its_end(broadcaster, records, JobSucceeded(FIRST, "hola"))

    with pytest.raises(JobIsOver):
        await jobs.cancel(ADA, ada, FIRST)

    assert interrupted == []
    assert ada.frames == []
    assert lanes[JOBS].attached(ada) == 0


async def test_an_unknown_job_can_not_be_cancelled(
    jobs: JobService, ada: RecordingSubscriber
) -> None:
    with pytest.raises(JobIsUnknown):
        await jobs.cancel(ADA, ada, JobId("unknown"))


async def test_a_private_job_looks_to_strangers_as_if_there_were_none(
    jobs: JobService, records: FragileJobRecords, ada: RecordingSubscriber
) -> None:
    await submit(jobs, BOB)

    with pytest.raises(JobIsUnknown):
        await jobs.cancel(ADA, ada, FIRST)

    assert await records.claim(FIRST, 60) is not None


async def test_whoever_may_watch_a_job_may_not_therefore_cancel_it(
    jobs: JobService,
    records: FragileJobRecords,
    lanes: dict[str, MemoryLane],
    ada: RecordingSubscriber,
) -> None:
    await submit(jobs, STRANGER)

    with pytest.raises(JobIsNotYours):
        await jobs.cancel(ADA, ada, FIRST)

    assert await records.claim(FIRST, 60) is not None
    assert lanes[JOBS].attached(ada) == 0


async def test_whoever_follows_as_many_jobs_as_possible_can_still_cancel_one_of_them(
    jobs: JobService, book: EventBook, ada: RecordingSubscriber
) -> None:
    for _ in range(4):
        await jobs.submit(ADA, ada, "translate", "hello")

    await jobs.cancel(ADA, ada, FIRST)

    assert book.heard_by(ada)[-1] == JobCancelled(FIRST)


async def test_a_cancelled_job_that_could_not_be_told_is_told_by_the_workers_round(
    jobs: JobService,
    fragile: FragileBroadcaster,
    records: FragileJobRecords,
    ada: RecordingSubscriber,
) -> None:
    await submit(jobs)
    fragile.broken_for = (JobCancelled,)

    with pytest.raises(Unavailable):
        await jobs.cancel(ADA, ada, FIRST)

    assert [job.id for job in await records.untold(0, 9)] == [FIRST]
