"""Clients that watch the output of a job, are cut off again and again, and come back."""

import asyncio
import contextlib
import random

from tests.integration.asking import JOBS
from tests.integration.client import Client
from tests.outputs import OutputView


class OutputWatcher:
    """Watches from its first connection to the end of the job; between two cuts it stays for up to
    `life` seconds. `gaps` is how often it found something missing that no frame made good."""

    def __init__(self, url: str, job_id: str, *, cuts: int, life: float, seed: int) -> None:
        self._url = url
        self._job_id = job_id
        self._cuts = cuts
        self._life = life
        self._random = random.Random(seed)
        self._cursor: str | None = None
        self._view = OutputView()
        self.frames = 0
        self.gaps = 0
        self.result: str | None = None

    @property
    def text(self) -> str:
        return self._view.text

    @property
    def taken(self) -> int:
        """Characters of output that came in all."""
        return self._view.taken

    async def watch(self) -> None:
        for _ in range(self._cuts):
            if self.result is None:
                await self._watch(self._random.uniform(0, self._life))
        if self.result is None:
            await self._watch(None)

    async def _watch(self, seconds: float | None) -> None:
        since = () if self._cursor is None else (self._cursor,)
        client = Client(self._url, JOBS, since=since)
        async with client:
            if self._cursor is None:
                await client.send("job_watch", {"job_id": self._job_id})
                await client.until_pong()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await client.receive("job_status", 3600, status="result", job_id=self._job_id)
        self._take(client)

    def _take(self, client: Client) -> None:
        is_whole = True
        for frame in client.frames:
            self._cursor = frame.get("cursor", self._cursor)
            if frame["action"] == "job_output":
                self.frames += 1
                is_whole = self._view.take(frame["payload"])
            elif frame["action"] == "job_status" and frame["payload"]["status"] == "result":
                self.result = frame["payload"]["message"]
        self.gaps += not is_whole
