"""The ARQ worker: idle it costs next to nothing, woken it starts within milliseconds.

ARQ (0.28) would poll twice a second, die with its connection, and keep running jobs in the
queue they came from. So its own loop is replaced: each new job wakes an idle worker, ARQ hands
over what waits, and each ARQ job only starts the real one, whose life is in our records.
"""

import asyncio
import contextlib
import logging
import random
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from redis.exceptions import ResponseError

from adapters.background_task import BackgroundTask, end
from adapters.jobs.arq_inside import HandingOver
from adapters.jobs.queue_arq import arq_client, kinds, wakeups_name
from adapters.redis_commands import mended
from adapters.redis_connection import DISCONNECTED, Client
from application.errors import Unavailable
from domain.identity import JobId

log = logging.getLogger(__name__)

WAKEUP_SECONDS = 1
"""How long an idle worker waits for a wake-up before it looks by itself. Below every timeout."""

ROUND_SECONDS = 1.0
"""How often a worker looks after jobs that nobody looks after."""

ALIVE_SECONDS = 10
"""A worker that could not say so for that long counts as dead."""

TAKING, LOOKING_AFTER = "taking jobs", "looking after jobs"
"""What a worker's loops do."""

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""Seconds between attempts while something is wrong."""


@dataclass(frozen=True, slots=True)
class WorkerCalls:
    """What the worker calls of `JobRunner` and `JobReaper`."""

    run: Callable[[JobId], Awaitable[None]]
    reap: Callable[[], Awaitable[None]]
    interrupt: Callable[[JobId], None]


class ArqWorker:
    """Runs at most `slots` jobs at once, until told to stop.

    It listens to interrupts, on the pub/sub connection of its process.
    """

    def __init__(self, client: Client, service: str, calls: WorkerCalls, *, slots: int) -> None:
        self.id = secrets.token_hex(4)
        self._client = client
        self._service = service
        self._calls = calls
        self._slots = slots
        self._running: dict[JobId, asyncio.Task[None]] = {}
        self._slot_freed = asyncio.Event()
        self._troubles: dict[str, str] = {}

    async def serve(self, stop: asyncio.Event) -> None:
        """Run jobs until `stop` is set, then hand running jobs back."""
        arq = HandingOver(
            arq_client(self._client, self._service),
            self._service,
            self._start,
            slots=self._slots,
        )
        loops = [
            BackgroundTask(TAKING, lambda: self._for_ever(TAKING, lambda: self._take_next(arq))),
            BackgroundTask(LOOKING_AFTER, lambda: self._for_ever(LOOKING_AFTER, self._round)),
        ]
        for loop in loops:
            loop.start()
        try:
            await stop.wait()
        finally:
            stopping = [loop.stop() for loop in loops]
            await asyncio.gather(*stopping, end(*self._running.values()))
            # Whatever was being handed over meanwhile has begun by now, too.
            await asyncio.gather(*arq.under_way, return_exceptions=True)
            await end(*self._running.values())
            with contextlib.suppress(*DISCONNECTED):
                await self._client.delete(alive_name(self._service, self.id))

    def heard(self, payload: bytes) -> bool:
        """Have a job that runs here look at its record: somebody cancels it."""
        self._calls.interrupt(JobId(payload.decode("ascii", "replace")))
        return False

    async def resumed(self) -> None:
        """Have all of them look: interrupts may be missing."""
        for job_id in self._running:
            self._calls.interrupt(job_id)

    def _start(self, job_id: JobId) -> None:
        """ARQ's job: start ours and return, so that only waiting jobs are in ARQ's queue."""
        if job_id not in self._running:
            task = asyncio.create_task(self._run(job_id), name=f"job-{job_id}")
            self._running[job_id] = task

    async def _run(self, job_id: JobId) -> None:
        try:
            await self._calls.run(job_id)
        except Unavailable:
            log.warning("a job could not be claimed; it stays queued", extra={"job": job_id})
        except Exception:
            log.exception("running a job failed", extra={"job": job_id})
        finally:
            del self._running[job_id]
            self._slot_freed.set()

    async def _take_next(self, arq: HandingOver) -> None:
        await mended(self._client, kinds(self._service), lambda: self._take(arq))

    async def _take(self, arq: HandingOver) -> None:
        """Take what waits, as far as slots are free, then wait for a wake-up or for a slot."""
        self._slot_freed.clear()
        free = self._slots - len(self._running)
        if free <= 0:
            await self._slot_freed.wait()
            return
        await _to_its_end(arq.hand_over(free))
        if arq.under_way:
            await asyncio.wait(arq.under_way)
        else:
            names = [wakeups_name(self._service)]
            await cast(Awaitable[Any], self._client.brpop(names, WAKEUP_SECONDS))

    async def _round(self) -> None:
        await self._client.set(alive_name(self._service, self.id), 1, ex=ALIVE_SECONDS)
        await _to_its_end(self._calls.reap())
        await asyncio.sleep(ROUND_SECONDS * random.uniform(0.75, 1.25))

    async def _for_ever(self, name: str, turn: Callable[[], Awaitable[None]]) -> None:
        """Repeat one of the loops; Redis away, frozen or failing over only makes it pause."""
        pause = FIRST_PAUSE
        while True:
            try:
                await turn()
            except Exception as error:  # noqa: BLE001 - it is logged
                # A loop that ended would leave a worker that looks alive and does nothing.
                self._note(name, error)
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                pause = FIRST_PAUSE
                self._note_well(name)

    def _note_well(self, name: str) -> None:
        if self._troubles.pop(name, None) is not None and not self._troubles:
            log.info("the worker goes on as usual")

    def _note(self, name: str, error: Exception) -> None:
        """Log what is wrong with a loop once: until it works again, and for all together."""
        if name in self._troubles:
            return
        cause = error.__cause__ if isinstance(error, Unavailable) and error.__cause__ else error
        reason = str(cause) if isinstance(cause, ResponseError) else type(cause).__name__
        if not isinstance(cause, (*DISCONNECTED, Unavailable)):
            log.error("the worker fails at %s; it goes on", name, exc_info=error)
        elif reason not in self._troubles.values():
            log.warning("the worker is kept from %s: %s", name, reason)
        self._troubles[name] = reason


async def _to_its_end(doing: Awaitable[None]) -> None:
    """Let whoever cancels us wait: ARQ and redis-py (5.3) leave a connection behind that is
    never given back, when they are cancelled while they tell Redis not to watch a key."""
    task = asyncio.ensure_future(doing)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()) is not None:
            log.debug("it failed while the worker stopped", exc_info=error)
        raise


def alive_name(service: str, worker_id: str) -> str:
    return f"{service}:worker:{worker_id}"


async def live_workers(client: Client, service: str) -> int:
    """How many workers said lately that they live; raises what redis-py raises."""
    return len([key async for key in client.scan_iter(match=alive_name(service, "*"))])
