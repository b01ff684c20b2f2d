"""What a worker runs in tests of workers: jobs that go on until the test says so."""

import asyncio
from collections import defaultdict
from collections.abc import Callable

from domain.identity import JobId
from tests.waiting import Signal


class Runs:
    def __init__(self) -> None:
        self.started: list[str] = []
        self.running: set[str] = set()
        self.finished: list[str] = []
        self.handed_back: list[str] = []
        self.most_at_once = 0
        self.trouble: dict[str, Exception] = {}
        self.is_quick = False
        """Whether jobs end by themselves."""
        self.signal = Signal()
        self._released: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def __call__(self, job_id: JobId) -> None:
        self.started.append(job_id)
        self.running.add(job_id)
        self.most_at_once = max(self.most_at_once, len(self.running))
        self.signal.changed()
        try:
            if job_id in self.trouble:
                raise self.trouble[job_id]
            if not self.is_quick:
                await self._released[job_id].wait()
            self.finished.append(job_id)
        except asyncio.CancelledError:
            # A hand-back takes its time.
            await asyncio.sleep(0)
            self.handed_back.append(job_id)
            raise
        finally:
            self.running.discard(job_id)
            self.signal.changed()

    def release(self, *job_ids: str) -> None:
        for job_id in job_ids:
            self._released[job_id].set()

    async def until(self, enough: Callable[[], bool]) -> None:
        await self.signal.until(enough, lambda: f"started {self.started}, done {self.finished}")
