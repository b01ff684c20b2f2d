"""The in-process queue and its worker: the memory implementation of the ARQ queue."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

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
        self._slots = slots
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._work(), name=f"job-slot-{slot}")
            for slot in range(self._slots)
        ]

    async def stop(self) -> None:
        """Hand running jobs back. In memory nobody takes them up again: they end with us."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()

    async def _work(self) -> None:
        while True:
            job_id = await self._queue.take()
            try:
                await self._run(job_id)
            except Exception:
                # One job's trouble must not take the slot with it.
                log.exception("running job %s failed", job_id)
