"""The frames of `/ws/background_jobs`, and the words for where a job stands."""

from typing import Any, Literal, TypeAlias, assert_never

from chanx.messages.base import BaseMessage
from pydantic import BaseModel, Field

from adapters.job_words import WORDS, StateWord
from adapters.sessions.frames import is_none
from adapters.websocket.frames import CausedPayload, DurableMessage, KeyedMessage, MemberPayload
from application.errors import Scope
from domain.jobs import (
    Job,
    JobCancelled,
    JobEnded,
    JobEvent,
    JobFailed,
    JobOutputGrew,
    JobOutputShown,
    JobProgressed,
    JobQueued,
    JobStarted,
    JobSucceeded,
)

Status: TypeAlias = Literal[
    "connected",
    "queuing",
    "queued",
    "running",
    "progress",
    "result",
    "failed",
    "cancelled",
    "error",
]


class JobPayload(BaseModel):
    """`type` is translate, analyze, generate or converse; anything else runs as default."""

    type: str = Field("default", max_length=50)
    content: str


class JobMessage(KeyedMessage):
    """Asks for a job; with the `key` of one that was asked for before, for that one."""

    action: Literal["job"] = "job"
    payload: JobPayload


class JobIdPayload(BaseModel):
    job_id: str = Field(max_length=64)


class JobCancel(BaseMessage):
    """Stops a job of one's own."""

    action: Literal["job_cancel"] = "job_cancel"
    payload: JobIdPayload


class JobWatch(BaseMessage):
    """Asks for a job's current state and the rest of its stream."""

    action: Literal["job_watch"] = "job_watch"
    payload: JobIdPayload


class JobInputPayload(JobIdPayload):
    """`data` is a text; what is none reaches the job as the text that is its JSON."""

    data: Any


class JobInput(BaseMessage):
    """Gives a running job of one's own, if it takes any, its next input."""

    action: Literal["job_input"] = "job_input"
    payload: JobInputPayload


class JobListRequest(BaseMessage):
    """Asks for the caller's recent jobs."""

    action: Literal["job_list"] = "job_list"
    payload: None = None


class JobStatusPayload(CausedPayload):
    """`progress` runs from 0 to 1; `text` is the output so far, where there is some and it is
    short: `job_output` tells it as it grows. With `error`, `code` and what follows it are those of
    a refusal."""

    status: Status
    job_id: str | None = Field(None, exclude_if=is_none)
    message: str | None = Field(None, exclude_if=is_none)
    progress: float | None = Field(None, exclude_if=is_none)
    text: str | None = Field(None, exclude_if=is_none)
    attempt: int | None = Field(None, exclude_if=is_none)
    code: str | None = Field(None, exclude_if=is_none)
    retryable: bool | None = Field(None, exclude_if=is_none)
    retry_after_ms: int | None = Field(None, exclude_if=is_none)
    scope: Scope | None = Field(None, exclude_if=is_none)


class JobStatus(DurableMessage):
    """Where a job stands. With a cursor where it belongs to the job's stream; `queuing`, `queued`
    and `error` with the `key` that it was asked for under."""

    action: Literal["job_status"] = "job_status"
    key: str | None = Field(None, exclude_if=is_none)
    payload: JobStatusPayload


class JobOutputPayload(BaseModel):
    """`at` is the length of the output before `append`, in characters: Unicode code points. `text`,
    instead of `append` and with `at` 0, is all of it. `attempt` never sinks."""

    job_id: str
    attempt: int
    at: int
    append: str | None = Field(None, exclude_if=is_none)
    text: str | None = Field(None, exclude_if=is_none)


class JobOutput(DurableMessage):
    """A job's output grows, or, without a cursor, is shown to one who came later."""

    action: Literal["job_output"] = "job_output"
    payload: JobOutputPayload


class JobSummary(BaseModel):
    job_id: str
    kind: str
    content: str
    status: StateWord
    progress: float
    message: str | None = None


class JobListPayload(BaseModel):
    """Newest first."""

    jobs: list[JobSummary]


class JobList(BaseMessage):
    """Answers `job_list`."""

    action: Literal["job_list"] = "job_list"
    payload: JobListPayload


def frame_of(event: JobEvent) -> JobStatus | JobOutput:
    """One step of a job's way, or some of its output."""
    match event:
        case JobOutputGrew():
            output = JobOutputPayload(
                job_id=event.job_id, attempt=event.attempt, at=event.at, append=event.append
            )
        case JobOutputShown():
            output = JobOutputPayload(
                job_id=event.job_id, attempt=event.attempt, at=0, text=event.text
            )
        case _:
            return status_of(event)
    return JobOutput(payload=output)


def status_of(event: JobQueued | JobStarted | JobProgressed | JobEnded) -> JobStatus:
    """The words for one step of a job's way."""
    job_id = event.job_id
    key = None
    match event:
        case JobQueued():
            key = event.key
            payload = JobStatusPayload(
                status="queued",
                job_id=job_id,
                message=f"📋 Job {job_id} queued successfully! Worker will process it shortly...",
                member=MemberPayload.of(event.member),
            )
        case JobStarted():
            payload = JobStatusPayload(
                status="running",
                job_id=job_id,
                message="⚙️ A worker has started.",
                attempt=event.attempt,
            )
        case JobProgressed():
            payload = JobStatusPayload(
                status="progress",
                job_id=job_id,
                message=event.note,
                progress=round(event.progress, 4),
                text=event.text,
            )
        case JobSucceeded():
            payload = JobStatusPayload(status="result", job_id=job_id, message=event.result)
        case JobFailed():
            payload = JobStatusPayload(status="failed", job_id=job_id, message=event.reason)
        case JobCancelled():
            payload = JobStatusPayload(
                status="cancelled", job_id=job_id, message="🛑 The job was cancelled."
            )
        case _:
            assert_never(event)
    return JobStatus(key=key, payload=payload)


def summary_of(job: Job) -> JobSummary:
    return JobSummary(
        job_id=job.id,
        kind=job.kind,
        content=job.content,
        status=WORDS[job.state],
        progress=job.progress,
        message=job.outcome,
    )
