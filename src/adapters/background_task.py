"""A background task that never just ends: what ends it is logged, and it is started again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from application.errors import Unavailable

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
"""Seconds before it is started again, doubled each time: a fault that stays fills no log."""

CANCELLED_AGAIN = 0.1
"""Seconds after which a task that still runs is cancelled once more; ending takes less."""


class BackgroundTask:
    """Runs `work`, which is meant to go on for ever.

    A process with a task that is down is not ready: `check` raises until it is started again.
    """

    def __init__(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        self.name = name
        self._work = work
        self._task: asyncio.Task[None] | None = None
        self._has_failed = False

    @property
    def is_running(self) -> bool:
        return self._task is not None and not self._has_failed

    def start(self) -> None:
        self._has_failed = False
        self._task = asyncio.create_task(self._run(), name=self.name)

    async def stop(self) -> None:
        """Stopping one that was never started changes nothing."""
        task, self._task = self._task, None
        if task is not None:
            await end(task)

    def check(self) -> None:
        """Raises `Unavailable` while it is down."""
        if self._has_failed:
            raise Unavailable(f"The background task {self.name!r} failed; the log says why.")

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await self._work()
                log.error("background task ended, which it never should", extra=self._named)
            except asyncio.CancelledError:
                if _is_cancelled():
                    raise
                # Something it waited for was cancelled, and not the task itself.
                log.exception("background task failed", extra=self._named)
            except Exception:
                log.exception("background task failed", extra=self._named)
            self._has_failed = True
            if asyncio.get_running_loop().time() - began > LONGEST_PAUSE:
                pause = FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            self._has_failed = False

    @property
    def _named(self) -> dict[str, str]:
        return {"task": self.name}


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks until they have ended.

    Once is not enough: redis-py (5.3) sends within `asyncio.wait_for`, and that swallows a
    cancellation which comes at the same moment as the answer (until Python 3.12).
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCELLED_AGAIN)
    await asyncio.gather(*tasks, return_exceptions=True)
