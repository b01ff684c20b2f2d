"""`/ws/background_jobs`: jobs are asked for, watched, cancelled and listed."""

from chanx.core.decorators import ws_handler

from adapters.websocket import refusals
from adapters.websocket.connection import Connection
from adapters.websocket.connections import Connections
from adapters.websocket.messages.jobs import (
    JobCancel,
    JobList,
    JobListPayload,
    JobListRequest,
    JobMessage,
    JobStatus,
    JobStatusPayload,
    JobSummary,
    JobWatch,
)
from adapters.websocket.presenter import job_status
from application.errors import Refusal, TooManySubscriptions
from application.jobs import JobService
from domain.errors import BrokenRule
from domain.events import JobQueued
from domain.identity import JobId
from domain.jobs import Job, JobState


class JobsConsumer(Connection):
    """Background jobs, whose progress streams back to whoever watches."""

    channel_layer_alias = "jobs"
    emits = [JobStatus]

    def __init__(self, connections: Connections, jobs: JobService) -> None:
        super().__init__(connections)
        self._jobs = jobs

    async def opened(self) -> None:
        try:
            for cursor in self.since:
                await self._tell_ending(await self._jobs.resume(self.member, self, cursor))
        except TooManySubscriptions as error:
            await self.send_message(refusals.refusal(error))
        await self._tell("connected", "🔄 Background Job Processor: Connected!")

    async def closed(self) -> None:
        await self._jobs.leave(self)

    @ws_handler
    async def job(self, message: JobMessage) -> None:
        asked = message.payload
        await self._tell("queuing", f"⏳ Queuing {asked.type} job: {asked.content}")
        try:
            submitted = await self._jobs.submit(
                self.member, self, asked.type, asked.content, message.key
            )
        except (BrokenRule, Refusal) as error:
            await self._tell("error", f"❌ Error queuing job: {error.detail}")
            return
        if submitted.again:
            # The answer that was lost, then how far the job has come meanwhile.
            await self.send_message(JobStatus(payload=job_status(JobQueued(submitted.job_id))))
            await self._tell_ending(await self._jobs.watch(self.member, self, submitted.job_id))

    @ws_handler
    async def job_cancel(self, message: JobCancel) -> None:
        await self._jobs.cancel(self.member, self, JobId(message.payload.job_id))

    @ws_handler
    async def job_watch(self, message: JobWatch) -> None:
        job_id = JobId(message.payload.job_id)
        await self._tell_ending(await self._jobs.watch(self.member, self, job_id))

    @ws_handler
    async def job_list(self, _message: JobListRequest) -> JobList:
        jobs = await self._jobs.list(self.member)
        return JobList(payload=JobListPayload(jobs=[_summary(job) for job in jobs]))

    async def _tell(self, status: str, message: str) -> None:
        payload = JobStatusPayload.model_validate({"status": status, "message": message})
        await self.send_message(JobStatus(payload=payload))

    async def _tell_ending(self, job: Job | None) -> None:
        if job is not None and (ending := job.ending()) is not None:
            await self.send_message(JobStatus(payload=job_status(ending)))


def _summary(job: Job) -> JobSummary:
    succeeded = job.state is JobState.SUCCEEDED
    return JobSummary.model_validate(
        {
            "job_id": job.id,
            "kind": job.kind,
            "content": job.content,
            "status": "result" if succeeded else job.state.value,
            "progress": job.progress,
            "message": job.outcome,
        }
    )
