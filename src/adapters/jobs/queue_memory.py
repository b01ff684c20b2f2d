"""The in-process queue and its worker: the memory implementation of the ARQ queue."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from adapters.background_task import BackgroundTask
from application.job_ports import JobQueue
from domain.identity import JobId

log = logging.getLogger(__name__)


class MemoryJobQueue(JobQueue):
    """Bounded by whoever asks `depth` first; holds ids only."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[JobId] = asyncio.Queue()
        self.on_interrupt: Callable[[JobId], None] = lambda job_id: None

    async def put(self, job_id: JobId) -> None:
        self._waiting.put_nowait(job_id)

    async def depth(self) -> int:
        return self._waiting.qsize()

    async def interrupt(self, job_id: JobId) -> None:
        self.on_interrupt(job_id)

    async def take(self) -> JobId:
        return await self._waiting.get()


class MemoryWorker:
    """Runs at most `slots` jobs at once, inside the server process."""

    def __init__(
        self, queue: MemoryJobQueue, run: Callable[[JobId], Awaitable[None]], *, slots: int
    ) -> None:
        self._queue = queue
        self._run = run
        self._tasks = [BackgroundTask(f"job-slot-{slot}", self._work) for slot in range(slots)]

    def start(self) -> None:
        for task in self._tasks:
            task.start()

    def check(self) -> None:
        """Raises `Unavailable` while a slot is down."""
        for task in self._tasks:
            task.check()

    async def stop(self) -> None:
        """Hand running jobs back. In memory nobody takes them up again: they end with us."""
        await asyncio.gather(*(task.stop() for task in self._tasks))

    async def _work(self) -> None:
        while True:
            job_id = await self._queue.take()
            try:
                await self._run(job_id)
            except Exception:
                # One job's trouble must not take the slot with it.
                log.exception("running job %s failed", job_id)
