from typing import Literal, TypeAlias

from chanx.messages.base import BaseMessage
from pydantic import BaseModel, Field

from adapters.websocket.messages.frames import DurableMessage, KeyedMessage

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
    """`type` is translate, analyze or generate; anything else runs as default."""

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


class JobListRequest(BaseMessage):
    """Asks for the caller's recent jobs."""

    action: Literal["job_list"] = "job_list"
    payload: None = None


def _is_none(value: object) -> bool:
    return value is None


class JobStatusPayload(BaseModel):
    """`progress` runs from 0 to 1; `text` is the output so far, where there is some."""

    status: Status
    job_id: str | None = Field(None, exclude_if=_is_none)
    message: str | None = Field(None, exclude_if=_is_none)
    progress: float | None = Field(None, exclude_if=_is_none)
    text: str | None = Field(None, exclude_if=_is_none)
    attempt: int | None = Field(None, exclude_if=_is_none)


class JobStatus(DurableMessage):
    """Where a job stands. With a cursor where it belongs to the job's stream."""

    action: Literal["job_status"] = "job_status"
    payload: JobStatusPayload


class JobSummary(BaseModel):
    job_id: str
    kind: str
    content: str
    status: Literal["queued", "running", "result", "failed", "cancelled"]
    progress: float
    message: str | None = None


class JobListPayload(BaseModel):
    """Newest first."""

    jobs: list[JobSummary]


class JobList(BaseMessage):
    """Answers `job_list`."""

    action: Literal["job_list"] = "job_list"
    payload: JobListPayload
