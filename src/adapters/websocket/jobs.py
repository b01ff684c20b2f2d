"""`/ws/background_jobs`: jobs are asked for, watched, cancelled and listed."""

import json
from collections.abc import Mapping, Sequence

from adapters.sessions.host import Host
from adapters.websocket import replies
from adapters.websocket.consumer import FeatureConsumer
from adapters.websocket.feature import ToldFeature, handler
from adapters.websocket.job_frames import (
    JobCancel,
    JobInput,
    JobList,
    JobListPayload,
    JobListRequest,
    JobMessage,
    JobOutput,
    JobStatus,
    JobStatusPayload,
    JobWatch,
    Status,
    frame_of,
    status_of,
    summary_of,
)
from application.errors import Refusal, TooManySubscriptions
from application.jobs import JobService
from application.ports import Cursor
from domain import jobs
from domain.audiences import Audience, AudienceKind
from domain.errors import BrokenRule
from domain.events import ending_id
from domain.identity import JobId
from domain.jobs import ANY_JOB, Job, JobEvent, JobQueued


class JobsFeature(ToldFeature):
    """Of the topic `job:ID`, that one job; otherwise all that the client asks for or watches."""

    audience_kind = AudienceKind.JOB
    key_name = "job_id"
    emits = [JobStatus, JobOutput]

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
            self.reply(status_of(JobQueued(submitted.job_id, session.caller.member, message.key)))
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
    async def job_input(self, message: JobInput) -> None:
        asked = message.payload
        data = asked.data
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        await self._jobs.give(self.session.caller, JobId(asked.job_id), text)

    @handler
    async def job_list(self, _message: JobListRequest) -> JobList:
        jobs = await self._jobs.list(self.session.caller)
        return JobList(payload=JobListPayload(jobs=[summary_of(job) for job in jobs]))

    @staticmethod
    def present(_audience: Audience[JobEvent], event: JobEvent) -> JobStatus | JobOutput:
        return frame_of(event)

    def _tell(self, status: Status, message: str, key: str | None = None) -> None:
        self.reply(JobStatus(key=key, payload=JobStatusPayload(status=status, message=message)))

    def _tell_ending(self, job: Job | None) -> None:
        if job is not None and (ending := job.ending()) is not None:
            told = status_of(ending)
            told.id = ending_id(jobs.audience(job.id).channel)
            told.at = None if ending.at is None else int(ending.at * 1000)
            self.reply(told)


class JobsConsumer(FeatureConsumer, feature=JobsFeature, path="/background_jobs"):
    """Background jobs, whose progress streams back to whoever watches."""
