"""Jobs, from the side of whoever runs them: claim, go step by step, end exactly once."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from application.errors import Unavailable
from application.job_endings import tell_ending
from application.job_ports import EndedJobs, JobQueue, RunningJobs
from application.ports import Broadcaster, Clock
from domain import jobs
from domain.identity import JobId
from domain.job_kinds import Outcome, StepsOf
from domain.jobs import (
    Job,
    JobCancelled,
    JobEnded,
    JobEvent,
    JobFailed,
    JobProgressed,
    JobStarted,
    JobSucceeded,
)

log = logging.getLogger(__name__)

Result = TypeVar("Result")

RETRY_SECONDS = 0.25
"""How soon a worker asks again while its backend is away."""


class JobIsLost(Exception):
    """This attempt no longer holds its job: another has it, it is over, or its record is gone."""


@dataclass(frozen=True, slots=True)
class JobRunnerSettings:
    """`pace` scales the simulated time of each step (0: no waiting). `timeout` bounds one
    attempt, `lease` is how long a job stays a worker's without a sign of life; in seconds.
    """

    pace: float
    timeout: float
    lease: float


class JobRunner:
    """Runs jobs, as many at once as its caller starts."""

    def __init__(
        self,
        broadcaster: Broadcaster,
        running: RunningJobs,
        ended: EndedJobs,
        queue: JobQueue,
        clock: Clock,
        steps_of: StepsOf,
        settings: JobRunnerSettings,
    ) -> None:
        self._broadcaster = broadcaster
        self._running = running
        self._ended = ended
        self._queue = queue
        self._clock = clock
        self._steps_of = steps_of
        self._settings = settings
        self._interrupts: dict[JobId, asyncio.Event] = {}

    def interrupt(self, job_id: JobId) -> None:
        """Have a job that runs here look at its record now; others are ignored."""
        if interrupt := self._interrupts.get(job_id):
            interrupt.set()

    async def tell_if_gone(self, job_id: JobId) -> bool:
        """Tell the audience of a job that the backend forgot: no record says so to anybody else.
        Told twice, it is heard once. Waits for the backend while that is away."""
        if await self._persist(lambda: self._running.get(job_id)) is not None:
            return False
        log.warning("a job's record is gone; its work is given up", extra={"job": job_id})
        await self._tell(JobFailed(job_id, "The job was given up: its record was lost."))
        return True

    async def run(self, job_id: JobId) -> None:
        """Run one queued job to its end; do nothing if it is not there to be run, but tell if it
        is gone.

        While the backend is away it waits for it. Being cancelled hands the job back.
        Raises `Unavailable` if the job could not even be claimed.
        """
        job = await self._running.claim(job_id, self._settings.lease)
        if job is None:
            await self.tell_if_gone(job_id)
            return
        interrupt = self._interrupts[job_id] = asyncio.Event()
        try:
            ending = replace(await self._attempt(job, interrupt), at=self._clock.now())
            await self._persist(lambda: self._end(job, ending))
        except JobIsLost:
            if not await self.tell_if_gone(job_id):
                log.warning("a job was taken over by another worker", extra={"job": job_id})
        except asyncio.CancelledError:
            handing_back = asyncio.create_task(self._hand_back(job))
            while not handing_back.done():
                # Whoever stops us may say so more than once.
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait([handing_back])
            raise
        finally:
            # A later attempt may run here already, if this one had lost its job.
            if self._interrupts.get(job_id) is interrupt:
                del self._interrupts[job_id]

    async def _attempt(self, job: Job, interrupt: asyncio.Event) -> JobEnded:
        limit = asyncio.timeout(self._settings.timeout)
        try:
            async with limit:
                await self._tell(JobStarted(job.id, job.attempt))
                return await self._steps(job, interrupt)
        except JobIsLost:
            raise
        except Exception:
            if limit.expired():
                return JobFailed(job.id, f"The job took longer than {self._settings.timeout:g} s.")
            # A kind of job is anybody's code: whatever it raises ends this job and nothing else.
            log.exception("a job failed", extra={"job": job.id})
            return JobFailed(job.id, "The job failed because of an error in its work.")

    async def _steps(self, job: Job, interrupt: asyncio.Event) -> JobEnded:
        for step in self._steps_of(job.kind, job.content):
            if isinstance(step, Outcome):
                return JobSucceeded(job.id, step.text)
            seconds = step.seconds * self._settings.pace
            if await self._wait(job, interrupt, seconds, step.progress):
                return JobCancelled(job.id)
            await self._tell(JobProgressed(job.id, step.progress, step.note, step.text))
        return JobFailed(job.id, "The job ended without a result.")

    async def _wait(
        self, job: Job, interrupt: asyncio.Event, seconds: float, progress: float
    ) -> bool:
        """Let a step take its time, showing signs of life; true if the job was cancelled."""
        end = self._clock.monotonic() + seconds
        while True:
            left = max(0.0, end - self._clock.monotonic())
            # A third of the lease, so that two signs of life in a row may be late.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, self._settings.lease / 3)):
                    await interrupt.wait()
            interrupt.clear()
            is_done = self._clock.monotonic() >= end
            held = await self._report(job, progress if is_done else None)
            if held.cancel_requested:
                return True
            if is_done:
                return False

    async def _report(self, job: Job, progress: float | None) -> Job:
        lease = self._settings.lease
        held = await self._persist(
            lambda: self._running.report(job.id, job.attempt, lease, progress)
        )
        if held is None:
            raise JobIsLost
        return held

    async def _tell(self, event: JobEvent) -> None:
        audience = jobs.audience(event.job_id)
        await self._persist(lambda: self._broadcaster.publish(audience, event))

    async def _end(self, job: Job, ending: JobEnded) -> None:
        """End the job if this attempt still holds it; raises `JobIsLost` if its record is gone."""
        if await self._running.end(job.id, job.attempt, ending):
            await tell_ending(self._broadcaster, self._ended, ending)
        elif await self._running.get(job.id) is None:
            raise JobIsLost

    async def _persist(self, ask: Callable[[], Awaitable[Result]]) -> Result:
        """Ask until the backend answers; whoever waits for longer than the lease finds its
        job taken over, which `report` and `end` then tell."""
        while True:
            try:
                return await ask()
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)

    async def _hand_back(self, job: Job) -> None:
        try:
            if await self._running.hand_back(job.id, job.attempt):
                await self._queue.put(job.id)
        except Unavailable:
            log.warning("a job could not be handed back; its lease will lapse")
