"""One worker for all that it survives: full slots, strange jobs, endings that were not told."""

import asyncio
import json
import pickle
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.jobs.queue_arq import ArqJobQueue, queue_name, wakeups_name
from adapters.redis_connection import Client as RedisClient
from adapters.storage.job_records_redis import RedisJobRecords
from domain.identity import JobId, Member, MemberId
from domain.jobs import Job, JobKind, JobSucceeded
from tests.integration.asking import JOBS, endings, run, submit
from tests.integration.client import Client, until
from tests.integration.conftest import Serve, redis_settings
from tests.integration.processes import SOON_LOST, Redis, Server, Worker
from tests.integration.storage.aging import AgingKeys

pytestmark = pytest.mark.redis
PREFIX = "quick-worker"
SOMEBODY = Member(MemberId("somebody"))


@pytest.fixture(scope="module")
def settings(redis_server: Redis) -> dict[str, str]:
    return redis_settings(redis_server, PREFIX) | SOON_LOST


@pytest.fixture(scope="module")
def server(settings: dict[str, str], serve: Serve) -> Server:
    return serve(**settings)


class Exploit:
    """Reading this makes a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return (Path.touch, (self._path,))


@pytest.fixture(scope="module", autouse=True)
def worker(
    server: Server, settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worker]:
    slots = {"JOB_PACE": "0.02", "SWITCHBOARD_JOB_SLOTS": "2"}
    worker = Worker(tmp_path_factory.mktemp("quick-worker"), **settings | slots)
    with worker:
        yield worker
        assert worker.stop() == 0


@pytest.fixture
def records(redis_client: RedisClient) -> RedisJobRecords:
    """The records of server and worker, in the hands of the test."""
    return RedisJobRecords(redis_client, PREFIX, retention=3600)


async def test_twenty_jobs_at_two_slots_all_end(server: Server, worker: Worker) -> None:
    async with Client(server.url, JOBS) as client:
        jobs = [await submit(client, "default", f"job {number}") for number in range(20)]
        for number, job_id in enumerate(jobs):
            message = f"✅ Processed: JOB {number}"
            await client.until_heard(1, "job_status", job_id=job_id, message=message)
    assert [endings(client, job_id) for job_id in jobs] == [["result"]] * 20
    # Two at once, not more: it reports one after the other.
    most, now = 0, 0
    for frame in client.frames:
        status = (frame["payload"] or {}).get("status")
        now += (status == "running") - (status == "result")
        most = max(most, now)
    assert most == 2
    worker.check_log()


async def test_an_idle_worker_costs_redis_next_to_nothing(redis_client: RedisClient) -> None:
    async def calls() -> int:
        stats: dict[str, dict[str, int]] = await redis_client.info("commandstats")
        return sum(stat["calls"] for stat in stats.values())

    async def is_idle() -> bool:
        # Rings for jobs that it took without waiting for them are heard out first.
        return not await redis_client.exists(wakeups_name(PREFIX))

    await until(is_idle, "no wake-up is left")
    before, begin = await calls(), time.monotonic()
    await asyncio.sleep(2)
    rate = (await calls() - before) / (time.monotonic() - begin)
    assert rate < 20


async def test_a_job_of_an_unknown_kind_waits_for_a_worker_that_knows_it(
    server: Server, redis_client: RedisClient, records: RedisJobRecords
) -> None:
    job_id = JobId("of-tomorrow")
    queue = ArqJobQueue(redis_client, PREFIX)
    await records.add(Job.ask(job_id, JobKind.DEFAULT, "hello", SOMEBODY, time.time()))
    key = f"{PREFIX}:{{jobs}}:record:{job_id}"
    ours = await redis_client.get(key)
    theirs = json.dumps({**json.loads(ours), "kind": "paint"})
    await redis_client.set(key, theirs)
    await queue.put(job_id)

    async def is_taken() -> bool:
        return await queue.depth() == 0

    await until(is_taken, "the worker looks at it")
    async with Client(server.url, JOBS) as client:
        assert await run(client, "default", "another") == "✅ Processed: ANOTHER"
        assert await redis_client.get(key) == theirs.encode()

        # As if a newer worker had come: nobody has to put it on the queue again.
        await redis_client.set(key, ours)
        await client.send("job_watch", {"job_id": job_id})
        await client.receive("job_status", status="result", job_id=job_id)


async def test_a_pickle_on_the_queue_is_refused(
    server: Server, worker: Worker, redis_client: RedisClient, tmp_path: Path
) -> None:
    trap = tmp_path / "trap"
    evil: dict[str, object] = {
        "t": None,
        "f": "run_job",
        "a": (Exploit(trap),),
        "k": {},
        "et": 1,
    }
    await redis_client.set(f"arq:job:{PREFIX}:evil", pickle.dumps(evil))
    await redis_client.zadd(queue_name(PREFIX), {f"{PREFIX}:evil": 1})
    async with Client(server.url, JOBS) as client:
        assert await run(client, "default", "good") == "✅ Processed: GOOD"
    await asyncio.to_thread(
        worker.wait_for_log, f"{PREFIX}:evil' on the queue is malformed and taken off it"
    )
    assert not trap.exists()


async def test_a_result_that_its_worker_could_not_tell_is_told_once(
    server: Server, redis_client: RedisClient, records: RedisJobRecords
) -> None:
    job_id = JobId("untold")
    await records.add(Job.ask(job_id, JobKind.DEFAULT, "hello", SOMEBODY, time.time()))
    async with Client(server.url, JOBS) as client:
        await client.send("job_watch", {"job_id": job_id})
        await client.until_pong()
        assert await records.claim(job_id, 60) is not None
        # Here its worker dies: the record has the result, nobody has heard of it.
        assert await records.end(job_id, 1, JobSucceeded(job_id, "done"))
        await AgingKeys(redis_client, PREFIX).advance(5)
        await client.receive("job_status", status="result", job_id=job_id, message="done")

        async def is_settled() -> bool:
            key = f"{PREFIX}:{{jobs}}:untold"
            return await redis_client.zscore(key, job_id) is None

        await until(is_settled, "it counts as told")
        await client.until_pong()
        assert endings(client, job_id) == ["result"]
