"""State on Redis: as many servers and workers as you like are one service."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from adapters.backends.backend import Backend
from adapters.background_task import BackgroundTask
from adapters.environment import SettingsAreWrong
from adapters.identity.revocations_redis import RedisRevocations
from adapters.identity.tickets_redis import RedisTickets
from adapters.jobs.queue_arq import ArqJobQueue, interrupts_name
from adapters.jobs.requirements_arq import trial
from adapters.jobs.worker_arq import ArqWorker, WorkerCalls
from adapters.lane_table import LanePlan
from adapters.layers.lane_memory import MemoryLane
from adapters.layers.lane_redis import RedisLane
from adapters.layers.lanes import Lane, audience_of
from adapters.layers.position_check import PositionCheck
from adapters.layers.publisher_redis import Publisher
from adapters.layers.pubsub_redis import PubSub
from adapters.layers.recovery_window import RecoveryLimit
from adapters.layers.requirements_redis import RedisIsUnfit, check_requirements
from adapters.limits.caller_limits import member_rates
from adapters.redis_commands import SECRET, STRINGS, mended, remove_foreign
from adapters.redis_connection import AddressIsWrong, answering, connect, ping
from adapters.settings import Settings
from adapters.storage.job_records_redis import RedisJobRecords
from adapters.storage.member_allowances_redis import RedisMemberAllowances
from adapters.storage.member_rates_redis import RedisMemberRates
from adapters.storage.presence_redis import RedisPresence
from adapters.storage.tally_redis import RedisTally
from application.job_reaper import JobReaper
from application.job_runner import JobRunner
from application.ports import Clock
from domain.audiences import AudienceKind
from domain.identity import JobId


class RedisBackend(Backend):
    is_shared = True

    def __init__(self, settings: Settings, clock: Clock) -> None:
        redis = settings.redis
        try:
            self.client = connect(redis)
        except AddressIsWrong as error:
            # Without the address itself: it may hold a password.
            raise SettingsAreWrong(f"SWITCHBOARD_REDIS_URL can't be used: {error}.") from None
        self._clock = clock
        self._service = redis.prefix
        self._timeout = redis.timeout
        self._slots = settings.jobs.slots
        self._publisher = Publisher(self.client, backlog=redis.backlog)
        self._pubsub = PubSub(
            self.client, redis.prefix, timeout=redis.timeout, silence=redis.silence
        )
        self._positions = PositionCheck(self.client, interval=redis.check_seconds)
        self._recovery_limit = RecoveryLimit(redis.recovery_bytes)
        self._lost_jobs: asyncio.Queue[JobId] = asyncio.Queue()
        self.lanes = {name: self._lane(plan) for name, plan in settings.lane_plans().items()}
        self.presence = RedisPresence(self.client, redis.prefix, lease=redis.presence_lease)
        self.tally = RedisTally(
            self.client,
            redis.prefix,
            name_limit=settings.limits.tally_names,
            expiry=settings.limits.tally_expiry,
        )
        self.job_records = RedisJobRecords(
            self.client, redis.prefix, retention=settings.jobs.retention
        )
        traffic = settings.traffic
        self.member_rates = RedisMemberRates(
            self.client, redis.prefix, traffic.member_frames, traffic.member_bytes
        )
        self.job_queue = ArqJobQueue(self.client, redis.prefix)
        self.member_allowances = RedisMemberAllowances(
            self.client, redis.prefix, member_rates(settings.kept)
        )
        self.revocations = RedisRevocations(
            self.client,
            redis.prefix,
            clock,
            life=settings.auth.token_life,
            limit=settings.auth.revocations,
        )
        self.tickets = RedisTickets(
            self.client, redis.prefix, clock, expiry=settings.auth.ticket_expiry
        )

    def _lane(self, plan: LanePlan) -> Lane:
        if plan.is_local:
            return MemoryLane(plan, self._clock)
        return RedisLane(
            plan,
            self.client,
            self._publisher,
            self._pubsub,
            self._service,
            self._positions,
            self._recovery_limit,
            self._note_loss,
        )

    def _note_loss(self, group: str) -> None:
        audience = audience_of(group)
        if audience is not None and audience.kind is AudienceKind.JOB:
            self._lost_jobs.put_nowait(JobId(audience.key))

    async def _tell_lost_jobs(self, runner: JobRunner) -> None:
        """A job that waited has no worker who could tell that its record is gone."""
        while True:
            await runner.tell_if_gone(await self._lost_jobs.get())

    async def check(self) -> None:
        try:
            await check_requirements(
                self.client, self._service, self._timeout, trial(self._service)
            )
        except RedisIsUnfit as error:
            raise SettingsAreWrong(f"SWITCHBOARD_REDIS_URL can't be used: {error}.") from None

    async def ping(self) -> None:
        self._publisher.check()
        self.presence.check()
        # Redis may answer again while this process doesn't hear from it yet: nobody could join.
        self._pubsub.check()
        self._positions.check()
        self.revocations.check()
        await ping(self.client, self._timeout)

    def away_for(self) -> float:
        return self._pubsub.away_for()

    async def shared_secret(self, drawn: str) -> str:
        name = f"{self._service}:visitor_secret"

        async def keep() -> bytes | None:
            await self.client.set(name, drawn, nx=True)
            found: bytes | None = await self.client.get(name)
            return found

        with answering():
            kept: bytes | None = await mended(self.client, {name: SECRET}, keep)
            if kept is not None and not STRINGS[SECRET].fullmatch(kept):
                # Whoever knows it makes cookies of anybody: an empty one, everybody does.
                await remove_foreign(self.client, name, SECRET)
                kept = await keep()
        return drawn if kept is None else kept.decode()

    @contextlib.asynccontextmanager
    async def serving(self, runner: JobRunner) -> AsyncIterator[None]:
        """Jobs are run by worker processes; a server only hears of them."""
        lost_jobs = BackgroundTask("lost-jobs", lambda: self._tell_lost_jobs(runner))
        async with self.sending():
            await self._pubsub.start()
            self.presence.start()
            self._positions.start()
            lost_jobs.start()
            try:
                # Nobody is served before all that is revoked is known.
                await self.revocations.start()
                yield
            finally:
                await self.revocations.stop()
                await self.member_rates.stop()
                await lost_jobs.stop()
                await self._positions.stop()
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

    async def run_worker(self, runner: JobRunner, reaper: JobReaper, stop: asyncio.Event) -> None:
        calls = WorkerCalls(runner.run, reaper.reap, runner.interrupt)
        worker = ArqWorker(self.client, self._service, calls, slots=self._slots)
        # On the link that is probed: a worker, too, must not stay with a Redis that was replaced.
        self._pubsub.listen(interrupts_name(self.client, self._service), worker)
        async with self.sending():
            await self._pubsub.start()
            try:
                await worker.serve(stop)
            finally:
                await self._pubsub.stop()
