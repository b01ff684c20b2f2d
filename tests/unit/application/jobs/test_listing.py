"""Listing and looking at jobs, and leaving them."""

import pytest

from domain.errors import JobIsUnknown
from domain.identity import JobId
from domain.jobs import Job, JobKind, JobStarted
from tests.doubles import BEGINNING
from tests.unit.application.jobs.stage import FIRST, Stage
from tests.unit.application.people import ADA, BOB, STRANGER


async def test_a_member_sees_its_own_jobs_newest_first(stage: Stage) -> None:
    for member in (ADA, BOB, ADA):
        await stage.submit(member)

    assert [job.id for job in await stage.jobs.list(ADA)] == ["job-3", "job-1"]
    assert [job.id for job in await stage.jobs.list(BOB)] == ["job-2"]
    assert await stage.jobs.list(STRANGER) == []


async def test_no_more_jobs_are_listed_than_are_set(stage: Stage) -> None:
    for number in range(60):
        job_id = JobId(f"{number}")
        await stage.records.add(
            Job.ask(job_id, JobKind.DEFAULT, "x", ADA.member, BEGINNING + number)
        )

    listed = await stage.jobs.list(ADA)

    assert len(listed) == 50
    assert listed[0].id == "59"


async def test_a_job_can_be_looked_at_by_whoever_may_watch_it(stage: Stage) -> None:
    await stage.submit(BOB)
    await stage.submit(STRANGER)

    assert (await stage.jobs.get(BOB, FIRST)).id == FIRST
    assert (await stage.jobs.get(ADA, JobId("job-2"))).id == "job-2"
    with pytest.raises(JobIsUnknown):
        await stage.jobs.get(ADA, FIRST)


async def test_whoever_leaves_hears_nothing_more_but_the_jobs_go_on(stage: Stage) -> None:
    await stage.jobs.submit(ADA, stage.ada, "translate", "hello")
    before = list(stage.ada.frames)

    await stage.jobs.leave(stage.ada)
    await stage.tell(JobStarted(FIRST, 1))

    assert stage.ada.frames == before
    assert await stage.records.claim(FIRST, 60) is not None
