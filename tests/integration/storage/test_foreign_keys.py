"""Whatever key of ours a stranger overwrites: it is removed and logged once, and all goes on."""

import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.backends.backend_redis import RedisBackend
from adapters.clock import SystemClock
from adapters.environment import load_settings
from adapters.jobs.queue_arq import ArqJobQueue
from adapters.redis_connection import Client
from adapters.storage.job_records_redis import RedisJobRecords
from adapters.storage.member_allowances_redis import RedisMemberAllowances
from adapters.storage.member_rates_redis import RedisMemberRates
from adapters.storage.presence_redis import RedisPresence
from adapters.storage.tally_redis import RedisTally
from application.job_ports import Share
from domain.identity import ConnectionId, JobId
from domain.rooms import RoomSize
from tests.contracts import member_allowances, member_rates
from tests.contracts.job_records import ADA, ENDINGS, KEY, LEASE, job
from tests.contracts.presence import LOBBY, enter
from tests.integration.processes import Redis

pytestmark = pytest.mark.redis

PLENTY = 1_000_000_000
SHARES = [Share("member", "ada", PLENTY, PLENTY)]


class Everything:
    """All that keeps something under keys that are known beforehand."""

    def __init__(self, client: Client, service: str) -> None:
        self.presence = RedisPresence(client, service, lease=60)
        self.elsewhere = RedisPresence(client, service, lease=60)
        self.tally = RedisTally(client, service, name_limit=9, expiry=60)
        self.records = RedisJobRecords(client, service, retention=60)
        self.queue = ArqJobQueue(client, service)
        self.allowances = RedisMemberAllowances(client, service, member_allowances.RATES)
        self.rates = RedisMemberRates(
            client, service, member_rates.FRAMES, member_rates.BYTES, lambda: float(self.rounds)
        )
        self.rounds = 0

    async def use(self) -> None:
        """None of it is refused."""
        self.rounds += 10_000
        await self._use_presence()
        await self.tally.add("click")
        assert "click" in dict((await self.tally.counts(9)).by_name)
        await self._use_records()
        await self.queue.put(JobId("7"))
        assert await self.queue.depth() == 1
        await self.allowances.take(member_allowances.ROOMS, member_allowances.ADA)
        self.rates.spend(member_rates.ADA, 1, int(member_rates.BYTES.burst))
        await self.rates.told()

    async def _use_presence(self) -> None:
        await enter(self.elsewhere, LOBBY, "bob")
        assert await enter(self.presence, LOBBY, f"ada {self.rounds}")
        for process in (self.presence, self.elsewhere):
            await process._renew_all()
        assert await self.presence.rooms(9) == [RoomSize(LOBBY, 2)]
        assert await self.presence.leave(LOBBY, ConnectionId(f"ada {self.rounds}")) == 1
        assert (await self.presence.roster(LOBBY, 9)).count == 1

    async def _use_records(self) -> None:
        job_id, running = JobId(f"job {self.rounds}"), JobId(f"running {self.rounds}")
        assert await self.records.add(job(running))
        assert await self.records.claim(running, LEASE)
        await self.records.add(job("keyed", key=KEY), SHARES)
        assert await self.records.add(job(job_id), SHARES)
        assert job_id in {each.id for each in await self.records.of_owner(ADA.id, 99)}
        await self.records.unclaimed(0, 99)
        assert await self.records.claim(job_id, LEASE)
        await self.records.lapsed(99)
        assert await self.records.end(job_id, 1, ENDINGS[0])
        assert job_id in {each.id for each in await self.records.untold(0, 99)}


@pytest.fixture
async def everything(redis_client: Client, prefix: str) -> AsyncIterator[Everything]:
    everything = Everything(redis_client, prefix)
    yield everything
    await everything.rates.stop()


@pytest.mark.parametrize("damage", [("XADD", "*", "a", "b"), ("SET", "x")], ids=["stream", "text"])
async def test_whatever_stands_in_place_of_a_key_is_removed_and_all_goes_on(
    redis_client: Client,
    prefix: str,
    everything: Everything,
    damage: tuple[str, ...],
    caplog: pytest.LogCaptureFixture,
) -> None:
    execute: Any = redis_client.execute_command
    await everything.use()
    keys = sorted([key.decode() async for key in redis_client.scan_iter(f"{prefix}:*")])
    # Of records and keys of jobs any text may be one, or is judged as a record.
    keys = [key for key in keys if ":record:" not in key]
    if damage[0] == "SET":
        keys = [key for key in keys if ":key:" not in key]
    assert len(keys) > 15

    for key in keys:
        await redis_client.delete(key)
        await execute(damage[0], key, *damage[1:])
        await everything.use()
        assert caplog.text.count(f"{key} is removed: ") == 1, key


@pytest.mark.parametrize("damage", [b"", b"x", b"\xff" * 64], ids=["nothing", "short", "no text"])
async def test_a_secret_that_is_none_signs_no_cookies(
    redis_server: Redis, redis_client: Client, prefix: str, damage: bytes
) -> None:
    settings = load_settings(
        _env_file=None, backend="redis", redis_url=redis_server.url, redis_prefix=prefix
    )
    await redis_client.set(f"{prefix}:visitor_secret", damage)
    backends = [RedisBackend(settings, SystemClock()) for _ in range(2)]
    drawn = [secrets.token_hex(32) for _ in backends]

    kept = [await one.shared_secret(mine) for one, mine in zip(backends, drawn, strict=True)]

    assert kept == [drawn[0]] * 2
    for one in backends:
        await one.client.aclose(close_connection_pool=True)
