"""Everything in one process: nothing to install, and nothing left when it ends."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from adapters.backends.backend import Backend
from adapters.environment import SettingsAreWrong
from adapters.identity.revocations_memory import MemoryRevocations
from adapters.identity.tickets_memory import MemoryTickets
from adapters.jobs.queue_memory import MemoryJobQueue, MemoryWorker
from adapters.layers.lane_memory import MemoryLane
from adapters.limits.caller_limits import member_rates
from adapters.settings import Settings
from adapters.storage.job_records_memory import MemoryJobRecords
from adapters.storage.member_allowances_memory import MemoryMemberAllowances
from adapters.storage.member_rates_memory import MemoryMemberRates
from adapters.storage.presence_memory import MemoryPresence
from adapters.storage.tally_memory import MemoryTally
from application.job_reaper import JobReaper
from application.job_runner import JobRunner
from application.ports import Clock


class MemoryBackend(Backend):
    is_shared = False

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.lanes = {name: MemoryLane(plan, clock) for name, plan in settings.lane_plans().items()}
        self.presence = MemoryPresence()
        self.tally = MemoryTally(
            clock, name_limit=settings.limits.tally_names, expiry=settings.limits.tally_expiry
        )
        self.job_records = MemoryJobRecords(
            clock, retention=settings.jobs.retention, capacity=settings.jobs.records
        )
        self.job_queue: MemoryJobQueue = MemoryJobQueue()
        self.member_allowances = MemoryMemberAllowances(member_rates(settings.kept))
        self.revocations = MemoryRevocations(
            clock, life=settings.auth.token_life, limit=settings.auth.revocations
        )
        self.tickets = MemoryTickets(clock, expiry=settings.auth.ticket_expiry)
        traffic = settings.traffic
        self.member_rates = MemoryMemberRates(traffic.member_frames, traffic.member_bytes)
        self._slots = settings.jobs.slots
        self._worker: MemoryWorker | None = None

    async def check(self) -> None:
        """Memory lacks nothing."""

    async def ping(self) -> None:
        """Memory always answers; whoever runs its jobs may be down."""
        if self._worker is not None:
            self._worker.check()

    def away_for(self) -> float:
        return 0.0

    async def shared_secret(self, drawn: str) -> str:
        return drawn

    @contextlib.asynccontextmanager
    async def serving(self, runner: JobRunner) -> AsyncIterator[None]:
        """A server runs its jobs itself: nobody else knows of them."""
        self.job_queue.on_interrupt = runner.interrupt
        self._worker = MemoryWorker(self.job_queue, runner.run, slots=self._slots)
        self._worker.start()
        try:
            yield
        finally:
            await self._worker.stop()

    @contextlib.asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        yield

    async def run_worker(self, runner: JobRunner, reaper: JobReaper, stop: asyncio.Event) -> None:
        raise SettingsAreWrong(
            "SWITCHBOARD_BACKEND='memory' can't be used: a worker process needs redis; "
            "in memory the server runs its jobs itself."
        )
