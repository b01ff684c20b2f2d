"""Jobs, from the side of whoever runs them: claim, work step by step, end exactly once."""

import asyncio
import logging

from application.errors import Unavailable
from application.ports import Broadcaster, Clock, JobRecords
from domain import audiences
from domain.events import (
    JobCancelled,
    JobEnded,
    JobFailed,
    JobProgressed,
    JobStarted,
    JobSucceeded,
)
from domain.identity import JobId
from domain.jobs import Job
from domain.work import Outcome, Work

log = logging.getLogger(__name__)


class JobIsLost(Exception):
    """This attempt no longer holds its job: another worker has it, or it is over."""


class WorkService:
    """Runs jobs, as many at once as its caller starts.

    `pace` scales the simulated time of each step (0: no waiting), `timeout` bounds one
    attempt, `lease` is how long a job stays this worker's without a sign of life; all
    in seconds.
    """

    def __init__(
        self,
        broadcaster: Broadcaster,
        records: JobRecords,
        clock: Clock,
        work: Work,
        *,
        pace: float,
        timeout: float,
        lease: float,
    ) -> None:
        self._broadcaster = broadcaster
        self._records = records
        self._clock = clock
        self._work = work
        self._pace = pace
        self._timeout = timeout
        self._lease = lease
        self._interrupts: dict[JobId, asyncio.Event] = {}

    def interrupt(self, job_id: JobId) -> None:
        """Have a job that runs here look at its record now; others are ignored."""
        if interrupt := self._interrupts.get(job_id):
            interrupt.set()

    async def run(self, job_id: JobId) -> None:
        """Run one queued job to its end; do nothing if it is not there to be run.

        Being cancelled hands the job back for another worker.
        """
        job = await self._records.claim(job_id, self._lease)
        if job is None:
            return
        self._interrupts[job_id] = asyncio.Event()
        try:
            await self._broadcaster.publish(audiences.job(job_id), JobStarted(job_id, job.attempt))
            ending = await self._attempt(job)
            if await self._records.end(job_id, job.attempt, ending):
                await self._broadcaster.publish(audiences.job(job_id), ending)
        except JobIsLost:
            log.warning("job %s was taken over by another worker", job_id)
        except (asyncio.CancelledError, Unavailable):
            await asyncio.shield(self._hand_back(job))
            raise
        finally:
            del self._interrupts[job_id]

    async def _attempt(self, job: Job) -> JobEnded:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._steps(job)
        except TimeoutError:
            return JobFailed(job.id, f"The job took longer than {self._timeout:g} s.")
        except (JobIsLost, Unavailable):
            raise
        except Exception:
            # Work is anybody's code: whatever it raises ends this job and nothing else.
            log.exception("job %s failed", job.id)
            return JobFailed(job.id, "The job failed because of an error in its work.")

    async def _steps(self, job: Job) -> JobEnded:
        for step in self._work(job.kind, job.content):
            if isinstance(step, Outcome):
                return JobSucceeded(job.id, step.text)
            if await self._wait(job, step.seconds * self._pace, step.progress):
                return JobCancelled(job.id)
            await self._broadcaster.publish(
                audiences.job(job.id), JobProgressed(job.id, step.progress, step.note, step.text)
            )
        return JobFailed(job.id, "The job ended without a result.")

    async def _wait(self, job: Job, seconds: float, progress: float) -> bool:
        """Let a step take its time, showing signs of life; true if the job was cancelled."""
        interrupt = self._interrupts[job.id]
        end = self._clock.now() + seconds
        while True:
            left = max(0.0, end - self._clock.now())
            # A third of the lease, so that two signs of life in a row may be late.
            try:
                async with asyncio.timeout(min(left, self._lease / 3)):
                    await interrupt.wait()
            except TimeoutError:
                pass
            interrupt.clear()
            done = self._clock.now() >= end
            held = await self._records.report(
                job.id, job.attempt, self._lease, progress if done else None
            )
            if held is None:
                raise JobIsLost
            if held.cancel_requested:
                return True
            if done:
                return False

    async def _hand_back(self, job: Job) -> None:
        try:
            await self._records.hand_back(job.id, job.attempt)
        except Unavailable:
            log.warning("job %s could not be handed back; its lease will lapse", job.id)
