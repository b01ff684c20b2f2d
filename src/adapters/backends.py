"""Everything that differs between the backends, each backend's implementations together.

A part of bootstrap that would make it too long: nothing but bootstrap imports it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Protocol

from adapters.jobs.queue_arq import ArqJobQueue
from adapters.jobs.queue_memory import MemoryJobQueue, MemoryWorker
from adapters.jobs.worker_arq import ArqWorker, WorkerCalls
from adapters.layers.lane_memory import MemoryLane
from adapters.layers.lane_redis import RedisLane
from adapters.layers.lanes import Lane, LaneName
from adapters.layers.publisher_redis import Publisher
from adapters.layers.pubsub_redis import PubSub
from adapters.redis_connection import AddressIsWrong, RedisSettings, connect, wait_until
from adapters.settings import Settings, SettingsAreWrong
from adapters.storage.job_records_memory import MemoryJobRecords
from adapters.storage.job_records_redis import RedisJobRecords
from adapters.storage.presence_memory import MemoryPresence
from adapters.storage.presence_redis import RedisPresence
from adapters.storage.tally_memory import MemoryTally
from adapters.storage.tally_redis import RedisTally
from application.errors import Unavailable
from application.job_runner import JobRunner
from application.ports import Clock, JobQueue, JobRecords, Presence, Tally


class Backend(Protocol):
    lanes: dict[LaneName, Lane]
    presence: Presence
    tally: Tally
    job_records: JobRecords
    job_queue: JobQueue

    async def ping(self) -> None:
        """Return if the backend answers; raises `Unavailable`."""

    def away_for(self) -> float:
        """For how many seconds this process has not heard from its backend."""

    def serving(self, work: JobRunner) -> contextlib.AbstractAsyncContextManager[None]:
        """Open and close, in order and in reverse, what a server process needs."""

    def sending(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Open and close what publishing alone needs."""

    async def work(self, work: JobRunner, stop: asyncio.Event) -> None:
        """Be a worker process until `stop` is set."""


class MemoryBackend(Backend):
    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.lanes = {name: MemoryLane(plan, clock) for name, plan in settings.lane_plans().items()}
        self.presence = MemoryPresence()
        self.tally = MemoryTally(name_limit=settings.tally_names)
        self.job_records = MemoryJobRecords(
            clock, retention=settings.job_retention, capacity=settings.job_records
        )
        self.job_queue: MemoryJobQueue = MemoryJobQueue()
        self._slots = settings.job_slots

    async def ping(self) -> None:
        """Memory always answers."""

    def away_for(self) -> float:
        return 0.0

    @contextlib.asynccontextmanager
    async def serving(self, work: JobRunner) -> AsyncIterator[None]:
        """A server works on its jobs itself: nobody else knows of them."""
        self.job_queue.on_interrupt = work.interrupt
        worker = MemoryWorker(self.job_queue, work.run, slots=self._slots)
        worker.start()
        try:
            yield
        finally:
            await worker.stop()

    @contextlib.asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        yield

    async def work(self, work: JobRunner, stop: asyncio.Event) -> None:
        raise SettingsAreWrong(
            "SWITCHBOARD_BACKEND='memory' can't be used: a worker process needs redis; "
            "in memory the server runs its jobs itself."
        )


class RedisBackend(Backend):
    """Raises `AddressIsWrong`. Opens no connection before `serving` or `working`."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        service = settings.redis_prefix
        try:
            self.client = connect(
                RedisSettings(settings.redis_url, settings.redis_timeout, settings.redis_pool)
            )
        except AddressIsWrong as error:
            # Without the address itself: it may hold a password.
            raise SettingsAreWrong(f"SWITCHBOARD_REDIS_URL can't be used: {error}.") from None
        self._publisher = Publisher(self.client, backlog=settings.redis_backlog)
        self._pubsub = PubSub(self.client, timeout=settings.redis_timeout)
        self.lanes = {
            name: RedisLane(plan, self.client, self._publisher, self._pubsub, service)
            for name, plan in settings.lane_plans().items()
        }
        # This lane never leaves the process, whatever the backend.
        self.lanes[LaneName.MEMORY] = MemoryLane(settings.lane_plans()[LaneName.MEMORY], clock)
        self.presence = RedisPresence(self.client, service, lease=settings.presence_lease)
        self.tally = RedisTally(self.client, service, name_limit=settings.tally_names)
        self.job_records = RedisJobRecords(self.client, service, retention=settings.job_retention)
        self.job_queue = ArqJobQueue(self.client, service)
        self._service = service
        self._slots = settings.job_slots
        self._timeout = settings.redis_timeout

    async def ping(self) -> None:
        await wait_until(self.client, self._timeout)
        if self.away_for():
            # Redis answers again, but this process doesn't hear from it yet: nobody could join.
            raise Unavailable

    def away_for(self) -> float:
        return self._pubsub.away_for()

    @contextlib.asynccontextmanager
    async def serving(self, work: JobRunner) -> AsyncIterator[None]:
        """Jobs are run by worker processes; a server only hears of them."""
        async with self.sending():
            await self._pubsub.start()
            self.presence.start()
            try:
                yield
            finally:
                await self.presence.stop()
                await self._pubsub.stop()

    @contextlib.asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        self._publisher.start()
        try:
            yield
        finally:
            await self._publisher.stop()
            await self.client.aclose(close_connection_pool=True)

    async def work(self, work: JobRunner, stop: asyncio.Event) -> None:
        calls = WorkerCalls(work.run, work.recover, work.interrupt)
        worker = ArqWorker(self.client, self._service, calls, slots=self._slots)
        async with self.sending():
            await worker.serve(stop)
