"""Jobs, from the side of whoever runs them: claim, go step by step, end exactly once."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from application.errors import Unavailable
from application.job_attempt import Attempt
from application.job_endings import tell_ending
from application.job_output import JobOutput, OutputIsTooLong
from application.job_ports import EndedJobs, JobQueue, RunningJobs
from application.ports import Broadcaster, Clock, GrowingTexts
from domain import jobs
from domain.identity import JobId
from domain.job_kinds import Asking, Outcome, Part, Step, StepsOf
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
    `output_limit` bounds a job's output, in characters.
    """

    pace: float
    timeout: float
    lease: float
    output_limit: int


class JobRunner:
    """Runs jobs, as many at once as its caller starts."""

    def __init__(
        self,
        broadcaster: Broadcaster,
        texts: GrowingTexts,
        running: RunningJobs,
        ended: EndedJobs,
        queue: JobQueue,
        clock: Clock,
        steps_of: StepsOf,
        settings: JobRunnerSettings,
    ) -> None:
        self._broadcaster = broadcaster
        self._texts = texts
        self._running = running
        self._ended = ended
        self._queue = queue
        self._clock = clock
        self._steps_of = steps_of
        self._settings = settings
        self._attempts: dict[JobId, Attempt] = {}

    def interrupt(self, job_id: JobId) -> None:
        """Have a job that runs here look at its record now; others are ignored."""
        if attempt := self._attempts.get(job_id):
            attempt.interrupt.set()

    async def tell_if_gone(self, job_id: JobId) -> bool:
        """Tell the audience of a job that the backend forgot: no record says so to anybody else.
        Told twice, it is heard once. Waits for the backend while that is away."""
        if not await self._persist(lambda: self._running.is_gone(job_id)):
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
        output = JobOutput(self._texts, job, self._settings.output_limit)
        attempt = self._attempts[job_id] = Attempt(job, output, self._next_sign())
        try:
            ending = replace(await self._attempt(attempt), at=self._clock.now())
            await self._tell_output(attempt, is_all=isinstance(ending, JobSucceeded))
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
            if self._attempts.get(job_id) is attempt:
                del self._attempts[job_id]

    async def _attempt(self, attempt: Attempt) -> JobEnded:
        job = attempt.job
        limit = asyncio.timeout(self._settings.timeout)
        try:
            async with limit:
                await self._tell(JobStarted(job.id, job.attempt))
                await self._persist(attempt.output.begin)
                return await self._steps(attempt)
        except JobIsLost:
            raise
        except OutputIsTooLong:
            most = self._settings.output_limit
            return JobFailed(job.id, f"The job wrote more than {most} characters.")
        except Exception:
            if limit.expired():
                return JobFailed(job.id, f"The job took longer than {self._settings.timeout:g} s.")
            # A kind of job is anybody's code: whatever it raises ends this job and nothing else.
            log.exception("a job failed", extra={"job": job.id})
            return JobFailed(job.id, "The job failed because of an error in its work.")

    async def _steps(self, attempt: Attempt) -> JobEnded:
        job, pace = attempt.job, self._settings.pace
        work, given = self._steps_of(job.kind, job.content), None
        with contextlib.suppress(StopIteration):
            while not isinstance(step := work.send(given), Outcome):
                given = None
                if await self._wait(attempt, step, step.seconds * pace):
                    return JobCancelled(job.id)
                match step:
                    case Part():
                        attempt.output.add(step.text, _loop_time())
                    case Asking():
                        given = attempt.take_input()
                    case Step():
                        await self._tell_output(attempt)
                        text = attempt.output.short
                        progressed = JobProgressed(
                            job.id, job.attempt, step.progress, step.note, text
                        )
                        await self._tell(progressed)
            return JobSucceeded(job.id, step.text)
        return JobFailed(job.id, "The job ended without a result.")

    async def _wait(self, attempt: Attempt, step: Step | Part | Asking, seconds: float) -> bool:
        """Let a step take its time, telling output and showing signs of life meanwhile; true if the
        job was cancelled. What asks for input goes on as soon as there is some; the end of a `Step`
        is a sign of life, too."""
        end = self._clock.monotonic() + seconds
        interrupt, output = attempt.interrupt, attempt.output
        while True:
            is_given = isinstance(step, Asking) and attempt.has_input
            left = 0 if is_given else end - self._clock.monotonic()
            now = _loop_time()
            left = min(left, attempt.sign_due - now)
            if (to_gather := output.left(now)) is not None:
                left = min(left, to_gather)
            if left > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await interrupt.wait()
            now = _loop_time()
            if (to_gather := output.left(now)) is not None and to_gather <= 0:
                await self._tell_output(attempt)
            is_done = is_given or self._clock.monotonic() >= end
            progress = step.progress if is_done and isinstance(step, Step) else None
            if interrupt.is_set() or progress is not None or now >= attempt.sign_due:
                interrupt.clear()
                attempt.job = await self._report(attempt.job, progress)
                attempt.sign_due = self._next_sign()
                if attempt.job.cancel_requested:
                    return True
            if is_done:
                return False

    async def _tell_output(self, attempt: Attempt, *, is_all: bool = False) -> None:
        if not await self._persist(lambda: attempt.output.tell(is_all=is_all)):
            # Raises, if another attempt has begun.
            await self._report(attempt.job, None)

    def _next_sign(self) -> float:
        # A third of the lease, so that two signs of life in a row may be late.
        return _loop_time() + self._settings.lease / 3

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


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
