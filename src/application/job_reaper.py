"""Jobs that nobody looks after: their worker vanished, no worker took them, nobody told the end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from application.errors import Refusal
from application.job_endings import tell_ending
from application.job_ports import EndedJobs, JobQueue, RunningJobs, StalledJobs
from application.ports import Broadcaster, Clock
from domain.identity import JobId
from domain.jobs import Job, JobFailed

log = logging.getLogger(__name__)

ROUND = 100
"""How many jobs of each kind one round looks at."""

SETTLED_SECONDS = 2.0
"""Whoever recorded a younger ending is probably telling it right now. Far above what publishing
takes, and still soon for whoever waits."""


class JobReaper:
    """A queued job is put on the queue again once it waited for `waiting` seconds.
    A job that lost `losses` workers is not tried again.
    """

    def __init__(
        self,
        broadcaster: Broadcaster,
        stalled: StalledJobs,
        running: RunningJobs,
        ended: EndedJobs,
        queue: JobQueue,
        clock: Clock,
        *,
        waiting: float,
        losses: int,
    ) -> None:
        self._broadcaster = broadcaster
        self._stalled = stalled
        self._running = running
        self._ended = ended
        self._queue = queue
        self._clock = clock
        self._waiting = waiting
        self._losses = losses
        self._troubled: set[JobId] = set()

    async def reap(self) -> None:
        """One round, which every worker repeats: queue, fail or tell what was left behind.

        What goes wrong with one job, or with the list of some, keeps no other from its turn.
        In the end it raises `Unavailable` if anything did; the next round does what this one left.
        """
        troubled = self._troubled
        self._troubled = set()
        await _all(
            self._each(self._stalled.lapsed(ROUND), self._take_back, troubled),
            self._each(self._stalled.unclaimed(self._waiting, ROUND), self._put, troubled),
            self._each(self._ended.untold(SETTLED_SECONDS, ROUND), self._tell, troubled),
        )

    async def _each(
        self,
        listing: Awaitable[list[Job]],
        look_after: Callable[[Job], Awaitable[None]],
        troubled: set[JobId],
    ) -> None:
        async def look(job: Job) -> None:
            try:
                await look_after(job)
            except Exception as error:
                self._troubled.add(job.id)
                if job.id not in troubled:
                    is_bug = not isinstance(error, Refusal)
                    text = "a job can't be looked after; each round tries again: %s"
                    reason = error.__cause__ or error
                    log.warning(text, reason, exc_info=is_bug, extra={"job": job.id})
                raise

        await _all(*map(look, await listing))

    async def _take_back(self, job: Job) -> None:
        log.warning("a job's worker vanished", extra={"job": job.id, "attempt": job.attempt})
        if job.lost + 1 >= self._losses:
            await self._fail(job, f"The job was given up: {job.lost + 1} workers vanished over it.")
        elif await self._running.hand_back(job.id, job.attempt, lost=True):
            await self._put(job)

    async def _put(self, job: Job) -> None:
        await self._queue.put(job.id)

    async def _tell(self, job: Job) -> None:
        if (ending := job.ending()) is not None:
            await tell_ending(self._broadcaster, self._ended, ending)

    async def _fail(self, job: Job, reason: str) -> None:
        failed = JobFailed(job.id, reason, at=self._clock.now())
        if await self._running.end(job.id, job.attempt, failed):
            await tell_ending(self._broadcaster, self._ended, failed)


async def _all(*looking: Coroutine[Any, Any, None]) -> None:
    """Do all of it at once, to its end, and raise then what was raised first."""
    results = await asyncio.gather(*looking, return_exceptions=True)
    for result in results:
        if result is not None:
            raise result
