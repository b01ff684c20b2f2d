"""Job records on Redis: the contract, and what stands in Redis."""

import json
from typing import Any

import pytest

from adapters.redis_connection import Client
from adapters.storage.job_records_redis import RedisJobRecords
from application.job_ports import JobRecords
from domain.identity import JobId
from domain.jobs import JobSucceeded
from tests.contracts.every_job_record import JobRecordsContract
from tests.contracts.job_records import (
    ADA,
    BRIEF_RETENTION,
    ID,
    KEY,
    LEASE,
    RETENTION,
    ended,
    job,
    running,
)
from tests.integration.storage.aging import AgingKeys

pytestmark = pytest.mark.redis


@pytest.fixture
def clock(redis_client: Client, prefix: str) -> AgingKeys:
    return AgingKeys(redis_client, prefix)


@pytest.fixture
def job_records(redis_client: Client, prefix: str) -> JobRecords:
    return RedisJobRecords(redis_client, prefix, retention=RETENTION)


@pytest.fixture
def brief_job_records(redis_client: Client, prefix: str) -> JobRecords:
    return RedisJobRecords(redis_client, prefix, retention=BRIEF_RETENTION)


class TestJobRecords(JobRecordsContract):
    """The contract."""


async def test_two_services_on_one_redis_know_nothing_of_each_others_jobs(
    redis_client: Client, prefix: str, job_records: JobRecords
) -> None:
    other = RedisJobRecords(redis_client, f"{prefix}-other", retention=RETENTION)
    await job_records.add(job())
    await running(other, "theirs", lease=0)

    assert await other.get(ID) is None
    assert await job_records.get(JobId("theirs")) is None
    assert await job_records.lapsed(9) == []
    assert [found.id for found in await job_records.of_owner(ADA.id, 9)] == [ID]


async def test_two_processes_share_one_truth(
    redis_client: Client, prefix: str, job_records: JobRecords
) -> None:
    other = RedisJobRecords(redis_client, prefix, retention=RETENTION)
    await job_records.add(job())

    claimed = await other.claim(ID, LEASE)

    assert await job_records.get(ID) == claimed
    assert await job_records.claim(ID, LEASE) is None


async def test_a_record_that_only_a_newer_release_understands_is_left_as_it_is(
    redis_client: Client, prefix: str, job_records: JobRecords, clock: AgingKeys
) -> None:
    await job_records.add(job())
    key = f"{prefix}:{{jobs}}:record:{ID}"
    record = json.loads(await redis_client.get(key))
    newer = json.dumps({**record, "kind": "paint"})
    await redis_client.set(key, newer)
    await clock.advance(60)

    assert await job_records.get(ID) is None
    assert await job_records.claim(ID, LEASE) is None
    assert await job_records.cancel(ID) is None
    assert await job_records.of_owner(ADA.id, 9) == []
    assert await job_records.unclaimed(1, 9) == []

    assert await redis_client.get(key) == newer.encode()


async def test_a_list_reads_as_many_records_as_it_shows(
    redis_client: Client, job_records: JobRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        await job_records.add(job(str(number)))
    mget, read = redis_client.mget, []

    async def counted(keys: list[str]) -> list[Any]:
        read.append(len(keys))
        values: list[Any] = await mget(keys)
        return values

    monkeypatch.setattr(redis_client, "mget", counted)

    assert len(await job_records.of_owner(ADA.id, 10)) == 10
    assert read == [10]


async def test_expired_jobs_are_looked_for_once(
    redis_client: Client, prefix: str, brief_job_records: JobRecords, clock: AgingKeys
) -> None:
    await brief_job_records.add(job("old"))
    for number in range(9):
        await brief_job_records.add(job(str(number)))
        await brief_job_records.cancel(JobId(str(number)))
    await clock.advance(BRIEF_RETENTION)

    assert [found.id for found in await brief_job_records.of_owner(ADA.id, 2)] == ["old"]
    assert await redis_client.zcard(f"{prefix}:{{jobs}}:owner:{ADA.id}") == 1


async def test_a_key_whose_record_was_evicted_is_free_again(
    redis_client: Client, prefix: str, job_records: JobRecords
) -> None:
    await job_records.add(job(key=KEY))
    await redis_client.delete(f"{prefix}:{{jobs}}:record:{ID}")

    assert await job_records.keyed(KEY) is None
    assert await job_records.add(job("other", key=KEY))


async def test_nothing_is_kept_of_expired_jobs_but_the_list_of_their_owner(
    redis_client: Client, prefix: str, brief_job_records: JobRecords, clock: AgingKeys
) -> None:
    for job_id in ("a", "b"):
        await ended(brief_job_records, JobSucceeded(JobId(job_id), "done"), job_id)
        await brief_job_records.told(JobId(job_id))
    await brief_job_records.add(job("keyed", key=KEY))
    await brief_job_records.cancel(JobId("keyed"))
    await brief_job_records.told(JobId("keyed"))

    await clock.advance(BRIEF_RETENTION)

    keys = [key.decode() async for key in redis_client.scan_iter(match=f"{prefix}:*")]
    assert keys == [f"{prefix}:{{jobs}}:owner:{ADA.id}"]
    assert 0 < await redis_client.pttl(keys[0]) <= (24 * 3600 + BRIEF_RETENTION) * 1000
