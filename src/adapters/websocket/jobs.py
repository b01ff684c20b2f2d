"""`/ws/background_jobs`: jobs are asked for, watched, cancelled and listed."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, assert_never

from chanx.messages.base import BaseMessage
from pydantic import BaseModel, Field

from adapters.job_words import WORDS, StateWord
from adapters.sessions.frames import is_none
from adapters.sessions.host import Host
from adapters.websocket import replies
from adapters.websocket.consumer import FeatureConsumer
from adapters.websocket.feature import ToldFeature, handler
from adapters.websocket.frames import CausedPayload, DurableMessage, KeyedMessage, MemberPayload
from application.errors import Refusal, Scope, TooManySubscriptions
from application.jobs import JobService
from application.ports import Cursor
from domain import jobs
from domain.audiences import Audience, AudienceKind
from domain.errors import BrokenRule
from domain.events import ending_id
from domain.identity import JobId
from domain.jobs import (
    ANY_JOB,
    Job,
    JobCancelled,
    JobEvent,
    JobFailed,
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


class JobStatusPayload(CausedPayload):
    """`progress` runs from 0 to 1; `text` is the output so far, where there is some. With
    `error`, `code` and what follows it are those of a refusal."""

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


class JobsFeature(ToldFeature):
    """Of the topic `job:ID`, that one job; otherwise all that the client asks for or watches."""

    audience_kind = AudienceKind.JOB
    key_name = "job_id"
    emits = [JobStatus]

    def __init__(self, session: Host, path: Mapping[str, str], service: JobService) -> None:
        super().__init__(session)
        self._jobs = service
        job_id = path.get("job_id", ANY_JOB.key)
        self._only = None if job_id == ANY_JOB.key else JobId(job_id)
        self.place = ANY_JOB if self._only is None else jobs.audience(self._only)

    async def open(self, since: Sequence[Cursor]) -> None:
        caller, session = self.session.caller, self.session
        if self._only is not None:
            cursor = next(iter(since), None)
            self._tell_ending(await self._jobs.watch(caller, session, self._only, cursor))
            return
        await self._jobs.enter(self.session.caller)
        try:
            for cursor in self._jobs.one_of_each(since):
                job = await self._jobs.resume(self.session.caller, self.session, cursor)
                self._tell_ending(job)
        except TooManySubscriptions as error:
            self.reply(replies.refusal(error))
        self._tell("connected", "🔄 Background Job Processor: Connected!")

    async def close(self) -> None:
        await self._jobs.leave(self.session)

    @handler
    async def job(self, message: JobMessage) -> None:
        session, asked = self.session, message.payload
        self._tell("queuing", f"⏳ Queuing {asked.type} job: {asked.content}", message.key)
        try:
            submitted = await self._jobs.submit(
                session.caller, session, asked.type, asked.content, message.key
            )
        except (BrokenRule, Refusal) as error:
            payload = JobStatusPayload(
                status="error",
                message=f"❌ Error queuing job: {error.detail}",
                **replies.refusal_payload(error).model_dump(exclude={"detail"}),
            )
            self.reply(JobStatus(key=message.key, payload=payload))
            return
        if submitted.again:
            # The answer that was lost, then how far the job has come meanwhile.
            self.reply(_status(JobQueued(submitted.job_id, session.caller.member, message.key)))
            self._tell_ending(await self._jobs.watch(session.caller, session, submitted.job_id))

    @handler
    async def job_cancel(self, message: JobCancel) -> None:
        job_id = JobId(message.payload.job_id)
        await self._jobs.cancel(self.session.caller, self.session, job_id)

    @handler
    async def job_watch(self, message: JobWatch) -> None:
        job_id = JobId(message.payload.job_id)
        self._tell_ending(await self._jobs.watch(self.session.caller, self.session, job_id))

    @handler
    async def job_list(self, _message: JobListRequest) -> JobList:
        jobs = await self._jobs.list(self.session.caller)
        return JobList(payload=JobListPayload(jobs=[_summary(job) for job in jobs]))

    @staticmethod
    def present(_audience: Audience[JobEvent], event: JobEvent) -> JobStatus:
        return _status(event)

    def _tell(self, status: Status, message: str, key: str | None = None) -> None:
        self.reply(JobStatus(key=key, payload=JobStatusPayload(status=status, message=message)))

    def _tell_ending(self, job: Job | None) -> None:
        if job is not None and (ending := job.ending()) is not None:
            told = _status(ending)
            told.id = ending_id(jobs.audience(job.id).channel)
            told.at = None if ending.at is None else int(ending.at * 1000)
            self.reply(told)


class JobsConsumer(FeatureConsumer, feature=JobsFeature, path="/background_jobs"):
    """Background jobs, whose progress streams back to whoever watches."""


def _status(event: JobEvent) -> JobStatus:
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


def _summary(job: Job) -> JobSummary:
    return JobSummary(
        job_id=job.id,
        kind=job.kind,
        content=job.content,
        status=WORDS[job.state],
        progress=job.progress,
        message=job.outcome,
    )
