"""Jobs without a socket: asked for, listed, looked at, cancelled."""

from typing import Literal, Self

from fastapi import APIRouter
from pydantic import BaseModel, Field

from adapters.http.callers import Known
from adapters.http.failures import failing
from adapters.job_words import WORDS, StateWord
from application.jobs import JobService
from domain.identity import JobId
from domain.jobs import Job


class AskedJob(BaseModel):
    """`type` is translate, analyze or generate; anything else runs as default. With a `key` (1 to
    64 visible ASCII characters) it is safe to ask once more: the answer is the same job."""

    type: str = Field("default", max_length=50)
    content: str
    key: str | None = None


class QueuedJob(BaseModel):
    """`again`: it was asked for before, under the same key."""

    job_id: str
    status: Literal["queued"] = "queued"
    again: bool


class JobView(BaseModel):
    """`status` is what it is on the socket."""

    job_id: str
    kind: str
    content: str
    status: StateWord
    progress: float
    attempt: int
    submitted_at: float
    message: str | None

    @classmethod
    def of(cls, job: Job) -> Self:
        return cls(
            job_id=job.id,
            kind=job.kind,
            content=job.content,
            status=WORDS[job.state],
            progress=job.progress,
            attempt=job.attempt,
            submitted_at=job.submitted_at,
            message=job.outcome,
        )


class JobsView(BaseModel):
    """Newest first."""

    jobs: list[JobView]


def job_router(jobs: JobService) -> APIRouter:
    router = APIRouter(prefix="/api/jobs")

    @router.post("", status_code=202, responses=failing(401, 403, 413, 422, 503))
    async def submit(asked: AskedJob, caller: Known) -> QueuedJob:
        """Ask for a job. Its progress is told on `/ws/background_jobs`, by `job_watch`."""
        submitted = await jobs.submit(caller, None, asked.type, asked.content, asked.key)
        return QueuedJob(job_id=submitted.job_id, again=submitted.again)

    @router.get("", responses=failing(401, 403, 503))
    async def listed(caller: Known) -> JobsView:
        """The caller's recent jobs."""
        return JobsView(jobs=[JobView.of(job) for job in await jobs.list(caller)])

    @router.get("/{job_id}", responses=failing(401, 403, 404, 503))
    async def job(job_id: str, caller: Known) -> JobView:
        """Where a job stands."""
        return JobView.of(await jobs.get(caller, JobId(job_id)))

    @router.delete("/{job_id}", status_code=202, responses=failing(401, 403, 404, 409, 503))
    async def cancel(job_id: str, caller: Known) -> JobView:
        """Cancel a job of one's own; with an API key, anybody's. A running one ends soon after."""
        await jobs.cancel(caller, None, JobId(job_id))
        return JobView.of(await jobs.get(caller, JobId(job_id)))

    return router
