"""Watching a job: where it stands, and all that follows."""

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from adapters.layers.lane_memory import MemoryLane
from application.jobs import JobService
from domain.errors import JobIsUnknown
from domain.identity import JobId
from domain.jobs import (
    Job,
    JobCancelled,
    JobEnded,
    JobFailed,
    JobProgressed,
    JobQueued,
    JobStarted,
    JobSucceeded,
)
from tests.doubles import EventBook, FragileJobRecords, RecordingSubscriber
from tests.unit.application.jobs.asking import FIRST, JOBS, run_to_its_end, submit, tell
from tests.unit.application.people import ADA, BOB, STRANGER


async def test_a_watcher_hears_where_the_job_stands_and_all_that_follows(
    jobs: JobService, broadcaster: LaneBroadcaster, book: EventBook, ada: RecordingSubscriber
) -> None:
    await submit(jobs)
    await tell(broadcaster, JobStarted(FIRST, 1), JobProgressed(FIRST, 0.5, "Half"))

    assert await jobs.watch(ADA, ada, FIRST) is None
    await tell(broadcaster, JobSucceeded(FIRST, "hola"))

    assert book.heard_by(ada) == [JobProgressed(FIRST, 0.5, "Half"), JobSucceeded(FIRST, "hola")]


@pytest.mark.parametrize(
    "ending",
    [JobSucceeded(FIRST, "hola"), JobFailed(FIRST, "no"), JobCancelled(FIRST)],
    ids=lambda ending: type(ending).__name__,
)
async def test_of_a_job_that_is_over_the_watcher_gets_the_record(
    jobs: JobService,
    broadcaster: LaneBroadcaster,
    records: FragileJobRecords,
    lanes: dict[str, MemoryLane],
    ada: RecordingSubscriber,
    ending: JobEnded,
) -> None:
    await submit(jobs)
    await run_to_its_end(broadcaster, records, ending)

    job = await jobs.watch(ADA, ada, FIRST)

    assert job is not None
    assert job.ending() == ending
    assert ada.frames == []
    assert lanes[JOBS].attached(ada) == 0


async def test_a_job_that_ends_while_a_watcher_comes_is_heard_to_end(
    jobs: JobService,
    broadcaster: LaneBroadcaster,
    records: FragileJobRecords,
    lanes: dict[str, MemoryLane],
    book: EventBook,
    ada: RecordingSubscriber,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await submit(jobs)
    get = records.get

    async def get_just_before_the_end(job_id: JobId) -> Job | None:
        job = await get(job_id)
        await run_to_its_end(broadcaster, records, JobSucceeded(FIRST, "hola"))
        return job

    monkeypatch.setattr(records, "get", get_just_before_the_end)

    assert await jobs.watch(ADA, ada, FIRST) is None

    assert book.heard_by(ada) == [JobSucceeded(FIRST, "hola")]
    assert lanes[JOBS].attached(ada) == 0


async def test_an_unknown_job_can_not_be_watched(
    jobs: JobService, lanes: dict[str, MemoryLane], ada: RecordingSubscriber
) -> None:
    with pytest.raises(JobIsUnknown):
        await jobs.watch(ADA, ada, JobId("unknown"))

    assert lanes[JOBS].attached(ada) == 0


async def test_a_private_job_looks_to_strangers_as_if_there_were_none(
    jobs: JobService, lanes: dict[str, MemoryLane], ada: RecordingSubscriber
) -> None:
    await submit(jobs, BOB)

    with pytest.raises(JobIsUnknown) as hidden:
        await jobs.watch(ADA, ada, FIRST)
    with pytest.raises(JobIsUnknown) as missing:
        await jobs.watch(ADA, ada, JobId("unknown"))

    assert hidden.value.detail == missing.value.detail
    assert lanes[JOBS].attached(ada) == 0
    assert ada.frames == []


async def test_its_owner_can_watch_a_private_job_over_another_connection(
    jobs: JobService, book: EventBook, ada: RecordingSubscriber
) -> None:
    await submit(jobs, ADA)

    await jobs.watch(ADA, ada, FIRST)

    assert book.heard_by(ada) == [JobQueued(FIRST)]


async def test_whoever_knows_its_id_can_watch_the_job_of_somebody_unrecognised(
    jobs: JobService, book: EventBook, ada: RecordingSubscriber
) -> None:
    await submit(jobs, STRANGER)

    await jobs.watch(ADA, ada, FIRST)

    assert book.heard_by(ada) == [JobQueued(FIRST)]


async def test_watching_twice_hears_what_follows_once(
    jobs: JobService, broadcaster: LaneBroadcaster, book: EventBook, ada: RecordingSubscriber
) -> None:
    await jobs.submit(ADA, ada, "translate", "hello")

    await jobs.watch(ADA, ada, FIRST)
    await tell(broadcaster, JobStarted(FIRST, 1))

    assert book.heard_by(ada)[-1] == JobStarted(FIRST, 1)
    assert book.heard_by(ada).count(JobStarted(FIRST, 1)) == 1
