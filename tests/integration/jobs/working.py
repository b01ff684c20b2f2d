"""An ARQ worker that runs meanwhile, and what it runs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from adapters.jobs.queue_arq import ArqJobQueue, interrupts_name
from adapters.jobs.worker_arq import ArqWorker, WorkerCalls
from adapters.layers.pubsub_redis import PubSub
from adapters.redis_connection import Client
from domain.identity import JobId
from tests.integration.client import until
from tests.integration.layers.process import SILENCE, TIMEOUT
from tests.runs import Runs


class Work(Runs):
    """What a worker runs, its rounds and its interrupts, too."""

    def __init__(self) -> None:
        super().__init__()
        self.interrupted: list[str] = []
        self.rounds = 0
        self.reap_trouble: list[Exception] = []

    @property
    def calls(self) -> WorkerCalls:
        return WorkerCalls(self, self._reap, self._interrupt)

    async def until_started(self, count: int) -> None:
        await self.until(lambda: len(self.started) >= count)

    async def _reap(self) -> None:
        self.rounds += 1
        self.signal.changed()
        if self.reap_trouble:
            raise self.reap_trouble.pop()

    def _interrupt(self, job_id: JobId) -> None:
        self.interrupted.append(job_id)
        self.signal.changed()


@contextlib.asynccontextmanager
async def working(
    client: Client, service: str, work: Work, *, slots: int = 2
) -> AsyncIterator[ArqWorker]:
    """A worker that runs meanwhile; it has had its first look at the queue."""
    stop = asyncio.Event()
    worker = ArqWorker(client, service, work.calls, slots=slots)
    pubsub = PubSub(client, service, timeout=TIMEOUT, silence=SILENCE)
    pubsub.listen(interrupts_name(client, service), worker)
    await pubsub.start()
    serving = asyncio.create_task(worker.serve(stop))
    try:
        await work.until(lambda: work.rounds > 0)
        yield worker
    finally:
        stop.set()
        await serving
        await pubsub.stop()


async def put(queue: ArqJobQueue, *job_ids: str) -> None:
    for job_id in job_ids:
        await queue.put(JobId(job_id))


async def until_depth(queue: ArqJobQueue, depth: int) -> None:
    """ARQ takes a job off the queue a moment after it has started it."""

    async def is_reached() -> bool:
        return await queue.depth() == depth

    await until(is_reached, f"{depth} jobs wait")
