"""What we use of the inside of ARQ: its worker, without its loop.

ARQ (0.28) has no documented way to take a given number of jobs from its queue once. The canary,
`tests/unit/adapters/jobs/test_arq_inside.py`, says which of these names a new release changed.
"""

import asyncio
from collections.abc import Callable, Collection
from typing import Any, cast

from arq.connections import ArqRedis
from arq.typing import WorkerCoroutine
from arq.worker import Worker, func

from adapters.jobs.queue_arq import RUN, decode, encode
from domain.identity import JobId

HANDOVER_SECONDS = 5
"""ARQ's lock on a job that is being handed over lasts ten seconds longer than that."""


class HandingOver(Worker):
    """Hands the ids of waiting jobs to `start`, and takes them off ARQ's queue."""

    def __init__(
        self, arq: ArqRedis, queue_name: str, start: Callable[[JobId], None], *, slots: int
    ) -> None:
        async def run_job(_context: dict[Any, Any], job_id: str) -> None:
            start(JobId(job_id))

        super().__init__(
            functions=[func(cast(WorkerCoroutine, run_job), name=RUN, keep_result=0)],
            redis_pool=arq,
            queue_name=queue_name,
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
        """Begin to hand over at most `count` jobs that wait."""
        self.queue_read_limit = count
        if all(task.done() for task in self.under_way):
            # ARQ (0.28) takes a place before it asks Redis, and keeps it when Redis is away.
            self.job_counter = 0
            self.sem = asyncio.BoundedSemaphore(self.max_jobs + 1)
        await self._poll_iteration()
