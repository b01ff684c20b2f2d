"""Jobs that nobody looks after: their worker vanished, no worker took them, nobody told the end."""

import logging

from application.job_endings import tell_ending
from application.job_ports import EndedJobs, JobQueue, RunningJobs, StalledJobs
from application.ports import Broadcaster
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
        *,
        waiting: float,
        losses: int,
    ) -> None:
        self._broadcaster = broadcaster
        self._stalled = stalled
        self._running = running
        self._ended = ended
        self._queue = queue
        self._waiting = waiting
        self._losses = losses

    async def reap(self) -> None:
        """One round, which every worker repeats: queue, fail or tell what was left behind.

        Raises `Unavailable`; the next round does what this one left.
        """
        for job in await self._stalled.lapsed(ROUND):
            log.warning("a job's worker vanished", extra={"job": job.id, "attempt": job.attempt})
            if job.lost + 1 >= self._losses:
                reason = f"The job was given up: {job.lost + 1} workers vanished over it."
                await self._fail(job, reason)
            elif await self._running.hand_back(job.id, job.attempt, lost=True):
                await self._queue.put(job.id)
        for job in await self._stalled.unclaimed(self._waiting, ROUND):
            await self._queue.put(job.id)
        for job in await self._ended.untold(SETTLED_SECONDS, ROUND):
            if (ending := job.ending()) is not None:
                await tell_ending(self._broadcaster, self._ended, ending)

    async def _fail(self, job: Job, reason: str) -> None:
        failed = JobFailed(job.id, reason)
        if await self._running.end(job.id, job.attempt, failed):
            await tell_ending(self._broadcaster, self._ended, failed)
