"""What we use of the inside of ARQ: its worker, without its loop.

ARQ (0.28) has no documented way to take a given number of jobs from its queue once. The canary,
`tests/unit/adapters/jobs/test_arq_inside.py`, says which of these names a new release changed.

What others wrote into the queue is taken off it, entry by entry: ARQ would stumble over it again
and again, and never come to what stands behind.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Any, cast

from arq.connections import ArqRedis
from arq.typing import WorkerCoroutine
from arq.worker import Worker, func
from redis.exceptions import ResponseError

from adapters.jobs.queue_arq import MALFORMED, RUN, decode, encode, entry_name, queue_name
from domain.identity import JobId

log = logging.getLogger(__name__)

HANDOVER_SECONDS = 5
"""ARQ's lock on a job that is being handed over lasts ten seconds longer than that."""

LOCKED = 20
"""So many entries are looked at beyond those that there are slots for. The first of the queue may
be locked, by other workers or by one that was killed at it."""


class HandingOver(Worker):
    """Hands the ids of waiting jobs to `start`, and takes them off ARQ's queue."""

    def __init__(
        self, arq: ArqRedis, service: str, start: Callable[[JobId], None], *, slots: int
    ) -> None:
        async def run_job(context: dict[Any, Any], job_id: str) -> None:
            if context["job_id"] == entry_name(service, job_id):
                start(JobId(job_id))
            else:
                _log_malformed(context["job_id"], "it calls for another job")

        async def malformed(context: dict[Any, Any], reason: str) -> None:
            _log_malformed(context["job_id"], reason)

        # At info ARQ (0.28) tells for how long each job waited, as if its place were a moment.
        logging.getLogger("arq.worker").setLevel(logging.WARNING)
        super().__init__(
            functions=[
                func(cast(WorkerCoroutine, run_job), name=RUN, keep_result=0),
                func(cast(WorkerCoroutine, malformed), name=MALFORMED, keep_result=0),
            ],
            redis_pool=arq,
            queue_name=queue_name(service),
            handle_signals=False,
            max_jobs=slots,
            job_timeout=HANDOVER_SECONDS,
            keep_result=0,
            job_serializer=encode,
            job_deserializer=decode,
            log_results=False,
        )

    @property
    def under_way(self) -> Collection[asyncio.Task[None]]:
        """What hands a job over right now, or did so in the last round."""
        return self.tasks.values()

    async def hand_over(self, count: int) -> None:
        """Begin to hand over at most `count` jobs that wait; raises what the last round did."""
        for name, task in list(self.tasks.items()):
            if task.done():
                del self.tasks[name]
                task.result()
        if self.tasks:
            return
        # ARQ (0.28) takes a place before it asks Redis, and keeps it when Redis is away.
        self.job_counter = 0
        self.sem = asyncio.BoundedSemaphore(self.max_jobs + 1)
        last = count + LOCKED - 1
        waiting = await self.pool.zrange(self.queue_name, 0, last, withscores=True)
        for entry, score in waiting:
            if len(self.tasks) == count:
                break
            if await self._is_ours(entry, score):
                await self.start_jobs([entry])

    async def run_job(self, job_id: str, score: int) -> None:
        try:
            await super().run_job(job_id, score)
        except ResponseError as error:
            if "WRONGTYPE" not in str(error):
                raise
            await self._take_off(job_id.encode(), "what belongs to it is of another type")

    async def _is_ours(self, entry: bytes, score: float) -> bool:
        """Whether ARQ can be given an entry; it raises for these, or waits for ever."""
        if entry.decode(errors="replace").encode() != entry:
            await self._take_off(entry, "it is no text")
        elif score <= 0:
            await self._take_off(entry, "its place is none")
        else:
            return True
        return False

    async def _take_off(self, entry: bytes, reason: str) -> None:
        await self.pool.zrem(self.queue_name, entry)
        # The rest of it, too; else a job of ours could not be put on the queue again.
        await self.finish_failed_job(entry.decode(errors="replace"), None)
        _log_malformed(entry, reason)


def _log_malformed(entry: object, reason: str) -> None:
    log.warning("%.100r on the queue is malformed and taken off it: %s", entry, reason)
