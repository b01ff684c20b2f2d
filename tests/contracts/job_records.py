"""What the contracts of job records have in common: jobs in each state.

They take the fixtures `job_records` and `brief_job_records` (`JobRecords`, empty, keeping ended
jobs for `RETENTION` and `BRIEF_RETENTION` seconds), and `clock` (`PassingTime`).
"""

import pytest

from application.job_ports import JobRecords
from domain.identity import IdempotencyKey, JobId, Member, MemberId
from domain.jobs import Job, JobCancelled, JobEnded, JobFailed, JobKind, JobSucceeded

ADA = Member(MemberId("ada"), "Ada", recognised=True)
BOB = Member(MemberId("bob"), "Bob")
ID = JobId("7")
LEASE = 60.0

RETENTION = 60.0
"""Seconds for which the fixture `job_records` keeps ended jobs."""

BRIEF_RETENTION = 1.0
"""The same for `brief_job_records`."""

ENDINGS: list[JobEnded] = [JobSucceeded(ID, "done"), JobFailed(ID, "no"), JobCancelled(ID)]
every_ending = pytest.mark.parametrize("ending", ENDINGS, ids=lambda it: type(it).__name__)


KEY = IdempotencyKey("k" * 32)


def job(
    job_id: str = ID,
    owner: Member = ADA,
    at: float = 1_700_000_000.25,
    key: IdempotencyKey | None = None,
) -> Job:
    return Job.ask(JobId(job_id), JobKind.DEFAULT, f"content of {job_id}", owner, at, key)


async def running(records: JobRecords, job_id: str = ID, lease: float = LEASE) -> Job:
    """Add a job and claim it."""
    await records.add(job(job_id))
    claimed = await records.claim(JobId(job_id), lease)
    assert claimed is not None
    return claimed


async def ended(records: JobRecords, ending: JobEnded, job_id: str = ID) -> None:
    attempt = (await running(records, job_id)).attempt
    assert await records.end(JobId(job_id), attempt, ending)
