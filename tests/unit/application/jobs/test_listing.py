"""Listing and looking at jobs, and leaving them."""

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from application.jobs import LISTED_JOBS, JobService
from domain.errors import JobIsUnknown
from domain.identity import JobId
from domain.jobs import Job, JobKind, JobStarted
from tests.doubles import BEGINNING, FragileJobRecords, RecordingSubscriber
from tests.unit.application.jobs.asking import FIRST, submit, tell
from tests.unit.application.people import ADA, BOB, STRANGER


async def test_a_member_sees_its_own_jobs_newest_first(jobs: JobService) -> None:
    for member in (ADA, BOB, ADA):
        await submit(jobs, member)

    assert [job.id for job in await jobs.list(ADA)] == ["job-3", "job-1"]
    assert [job.id for job in await jobs.list(BOB)] == ["job-2"]
    assert await jobs.list(STRANGER) == []


async def test_fifty_jobs_are_listed_at_most(jobs: JobService, records: FragileJobRecords) -> None:
    for number in range(60):
        job_id = JobId(f"{number}")
        await records.add(Job.ask(job_id, JobKind.DEFAULT, "x", ADA, BEGINNING + number))

    listed = await jobs.list(ADA)

    assert len(listed) == LISTED_JOBS == 50
    assert listed[0].id == "59"


async def test_a_job_can_be_looked_at_by_whoever_may_watch_it(jobs: JobService) -> None:
    await submit(jobs, BOB)
    await submit(jobs, STRANGER)

    assert (await jobs.get(BOB, FIRST)).id == FIRST
    assert (await jobs.get(ADA, JobId("job-2"))).id == "job-2"
    with pytest.raises(JobIsUnknown):
        await jobs.get(ADA, FIRST)


async def test_whoever_leaves_hears_nothing_more_but_the_jobs_go_on(
    jobs: JobService,
    broadcaster: LaneBroadcaster,
    records: FragileJobRecords,
    ada: RecordingSubscriber,
) -> None:
    await jobs.submit(ADA, ada, "translate", "hello")
    before = list(ada.frames)

    await jobs.leave(ada)
    await tell(broadcaster, JobStarted(FIRST, 1))

    assert ada.frames == before
    assert await records.claim(FIRST, 60) is not None
