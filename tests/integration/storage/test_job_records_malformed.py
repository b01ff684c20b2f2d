"""What others wrote among the records: it is set aside one by one, and nobody stands behind it."""

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import pytest

from adapters.redis_connection import Client
from adapters.storage.job_records_redis import RedisJobRecords
from application.job_ports import JobRecords
from domain.identity import JobId
from domain.jobs import Job, JobState
from tests.contracts.job_records import ADA, ENDINGS, ID, KEY, LEASE, RETENTION, job

pytestmark = pytest.mark.redis

GOOD = JobId("good")
Damage: TypeAlias = Callable[[Client, str], Awaitable[object]]


@pytest.fixture
def job_records(redis_client: Client, prefix: str) -> JobRecords:
    return RedisJobRecords(redis_client, prefix, retention=RETENTION)


def changed(**fields: Any) -> Damage:
    async def damage(client: Client, key: str) -> None:
        record = json.loads(await client.get(key)) | fields
        await client.set(key, json.dumps(record))

    return damage


def replaced(raw: bytes) -> Damage:
    return lambda client, key: client.set(key, raw)


async def a_hash(client: Client, key: str) -> None:
    await client.delete(key)
    await client.execute_command("HSET", key, "id", ID)  # type: ignore[no-untyped-call]


DAMAGES: dict[str, Damage] = {
    "lost is a word": changed(lost="x"),
    "attempt is null": changed(attempt=None),
    "another's id": changed(id="good"),
    "missing fields": replaced(b'{"id": "7"}'),
    "no JSON": replaced(b"\xff\x00"),
    "a hash": a_hash,
}
every_damage = pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)


def record(prefix: str, job_id: str = ID) -> str:
    return f"{prefix}:{{jobs}}:record:{job_id}"


async def put(records: JobRecords, state: JobState, job_id: str) -> Job:
    await records.add(job(job_id))
    if state is not JobState.QUEUED:
        await records.claim(JobId(job_id), 0)
    if state.is_over:
        await records.end(JobId(job_id), 1, ENDINGS[0])
    found = await records.get(JobId(job_id))
    assert found is not None
    return found


ROUNDS: dict[JobState, Callable[[JobRecords, int], Awaitable[list[Job]]]] = {
    JobState.RUNNING: lambda records, limit: records.lapsed(limit),
    JobState.QUEUED: lambda records, limit: records.unclaimed(0, limit),
    JobState.SUCCEEDED: lambda records, limit: records.untold(0, limit),
}


@every_damage
@pytest.mark.parametrize("state", ROUNDS)
async def test_a_malformed_record_is_set_aside_and_those_behind_it_have_their_turn(
    redis_client: Client,
    prefix: str,
    job_records: JobRecords,
    caplog: pytest.LogCaptureFixture,
    damage: Damage,
    state: JobState,
) -> None:
    await put(job_records, state, ID)
    good = await put(job_records, state, GOOD)
    await damage(redis_client, record(prefix))

    given = await ROUNDS[state](job_records, 1) or await ROUNDS[state](job_records, 1)
    assert given == [good]
    await ROUNDS[state](job_records, 9)

    (warning,) = caplog.records
    assert warning.levelno == logging.WARNING
    assert warning.exc_info is None
    assert warning.getMessage().startswith("the record of job '7' is malformed and set aside: ")
    assert not await redis_client.exists(record(prefix))
    aside = f"{prefix}:{{jobs}}:malformed:{ID}"
    assert 0 < await redis_client.pttl(aside) <= RETENTION * 1000


@every_damage
async def test_a_malformed_record_is_no_job_however_it_is_asked_for(
    redis_client: Client,
    prefix: str,
    job_records: JobRecords,
    caplog: pytest.LogCaptureFixture,
    damage: Damage,
) -> None:
    await job_records.add(job(key=KEY))
    await job_records.add(job(GOOD))
    await damage(redis_client, record(prefix))

    assert [found.id for found in await job_records.of_owner(ADA.id, 9)] == [GOOD]
    assert await job_records.get(ID) is None
    assert await job_records.keyed(KEY) is None
    assert await job_records.claim(ID, LEASE) is None
    assert await job_records.report(ID, 1, LEASE) is None
    assert await job_records.cancel(ID) is None

    assert len(caplog.records) == 1
    # Nobody's key is taken by what is no job.
    assert await job_records.add(job("again", key=KEY))


async def test_what_only_a_newer_release_understands_stands_in_nobodys_way_and_stays(
    redis_client: Client,
    prefix: str,
    job_records: JobRecords,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for number in range(5):
        await put(job_records, JobState.RUNNING, f"newer {number}")
        await changed(kind="paint")(redis_client, record(prefix, f"newer {number}"))
    good = await put(job_records, JobState.RUNNING, GOOD)

    assert await job_records.lapsed(1) == await job_records.lapsed(2) == [good]

    assert await redis_client.zcard(f"{prefix}:{{jobs}}:leases") == 6
    assert caplog.records == []


async def test_what_is_no_id_is_taken_out_and_those_behind_it_have_their_turn(
    redis_client: Client,
    prefix: str,
    job_records: JobRecords,
    caplog: pytest.LogCaptureFixture,
) -> None:
    good = await put(job_records, JobState.RUNNING, GOOD)
    await redis_client.zadd(f"{prefix}:{{jobs}}:leases", {b"\xff": 1, b"unknown": 2})

    assert await job_records.lapsed(1) == [good]

    assert await redis_client.zcard(f"{prefix}:{{jobs}}:leases") == 1
    (warning,) = caplog.records
    assert warning.getMessage().startswith("b'\\xff' in ")
