"""Worker processes: what becomes of jobs when workers come, go and die."""

import asyncio
import contextlib
import json
import pickle
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.jobs.queue_arq import ArqJobQueue, queue_name, wakeups_name
from adapters.redis_connection import Client as RedisClient
from adapters.storage.job_records_redis import RedisJobRecords
from domain.identity import JobId, Member, MemberId
from domain.jobs import Job, JobKind, JobSucceeded
from tests.integration.client import Client, get, until
from tests.integration.conftest import redis_settings
from tests.integration.processes import Redis, Server, Worker
from tests.integration.storage.aging import AgingKeys
from tests.integration.test_jobs import PATH, frames_of, run, statuses, submit

pytestmark = pytest.mark.redis

PREFIX = "worker"
SOMEBODY = Member(MemberId("somebody"))


@pytest.fixture(scope="module")
def settings(redis_server: Redis) -> dict[str, str]:
    """Workers lose a job half a second after their last sign of life."""
    return redis_settings(redis_server, PREFIX) | {
        "SWITCHBOARD_JOB_LEASE": "0.5",
        "SWITCHBOARD_JOB_LOSSES": "2",
        "SWITCHBOARD_JOB_WAITING": "1",
    }


@pytest.fixture(scope="module")
def server(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("worker-server"), **settings) as server:
        yield server
    server.check_log()


def attempts(client: Client, job_id: str) -> list[int]:
    """The attempts that were told, in order."""
    payloads = [frame["payload"] for frame in frames_of(client, job_id)]
    return [payload["attempt"] for payload in payloads if payload["status"] == "running"]


def endings(client: Client, job_id: str) -> list[str]:
    found = [frame["payload"]["status"] for frame in frames_of(client, job_id)]
    return [status for status in found if status in ("result", "failed", "cancelled")]


async def lost(redis: RedisClient, job_id: str) -> int:
    """How many workers vanished over a job, by its record."""
    record = await redis.get(f"{PREFIX}:{{jobs}}:record:{job_id}")
    return int(json.loads(record)["lost"])


@contextlib.asynccontextmanager
async def working(folder: Path, settings: dict[str, str], **more: str) -> AsyncIterator[Worker]:
    """A worker that ends in good order, unless the test has killed it."""
    worker = Worker(folder, **settings | more)
    try:
        await asyncio.to_thread(worker.start)
        yield worker
        assert await asyncio.to_thread(worker.stop) in (0, -signal.SIGKILL)
        worker.check_log()
    finally:
        worker.kill()


# Workers that end in the middle of a job.


async def test_the_job_of_a_killed_worker_goes_on_in_another_and_has_one_result(
    server: Server, settings: dict[str, str], tmp_path: Path, redis_client: RedisClient
) -> None:
    async with Client(server.url, PATH) as client:
        async with working(tmp_path, settings, JOB_PACE="2") as dies:
            job_id = await submit(client, "generate", "food")
            await client.receive("job_status", status="progress", job_id=job_id)
            dies.kill()
        async with working(tmp_path, settings, JOB_PACE="0.1") as lives:
            ready_at = time.monotonic()
            await client.receive("job_status", status="running", job_id=job_id, attempt=2)
            taken_over_after = time.monotonic() - ready_at
            await client.receive("job_status", status="result", job_id=job_id)
            assert await lost(redis_client, job_id) == 1
            assert "a job's worker vanished" in lives.log
    assert taken_over_after < 4
    assert statuses(frames_of(client, job_id)) == [
        *("queued", "running", "progress"),
        *("running", "progress", "result"),
    ]
    assert attempts(client, job_id) == [1, 2]
    assert endings(client, job_id) == ["result"]


async def test_a_worker_told_to_stop_hands_its_jobs_back_at_once(
    server: Server, settings: dict[str, str], tmp_path: Path, redis_client: RedisClient
) -> None:
    long_lease = {"SWITCHBOARD_JOB_LEASE": "60", "SWITCHBOARD_JOB_WAITING": "60"}
    async with (
        Client(server.url, PATH) as client,
        working(tmp_path, settings, JOB_PACE="60", **long_lease) as stops,
    ):
        jobs = [await submit(client, "translate", f"job {number}") for number in range(3)]
        for job_id in jobs:
            await client.until_heard(1, "job_status", status="running", job_id=job_id)
        async with working(tmp_path, settings, JOB_PACE="0", **long_lease):
            stops.signal(signal.SIGTERM)
            told_at = time.monotonic()
            for job_id in jobs:
                await client.until_heard(1, "job_status", status="result", job_id=job_id)
            done_after = time.monotonic() - told_at
            assert await asyncio.to_thread(stops.wait) == 0
            assert [await lost(redis_client, job_id) for job_id in jobs] == [0, 0, 0]
    assert done_after < 3
    for job_id in jobs:
        assert attempts(client, job_id) == [1, 2]
        assert endings(client, job_id) == ["result"]


async def test_a_job_that_kills_its_workers_is_given_up(
    server: Server, settings: dict[str, str], tmp_path: Path
) -> None:
    async with Client(server.url, PATH) as client:
        job_id = await submit(client, "translate", "deadly")
        for attempt in (1, 2):
            async with working(tmp_path, settings, JOB_PACE="60") as dies:
                await client.receive("job_status", status="running", job_id=job_id, attempt=attempt)
                dies.kill()
        async with working(tmp_path, settings, JOB_PACE="60"):
            failed = await client.receive("job_status", status="failed", job_id=job_id)
            # It harms nobody any more.
            answer = (await get(f"{server.url}/api/jobs/{job_id}")).json()
    assert failed["payload"]["message"] == "The job was given up: 2 workers vanished over it."
    assert endings(client, job_id) == ["failed"]
    assert (answer["status"], answer["attempt"]) == ("failed", 2)


# Long jobs.


async def test_a_long_job_is_cancelled_from_outside_or_ends_at_its_limit(
    server: Server, settings: dict[str, str], tmp_path: Path
) -> None:
    patient = {"SWITCHBOARD_JOB_LEASE": "60", "SWITCHBOARD_JOB_TIMEOUT": "1.5"}
    async with (
        Client(server.url, PATH) as client,
        working(tmp_path, settings, JOB_PACE="60", **patient),
    ):
        limited = await submit(client, "translate", "too long")
        cancelled = await submit(client, "translate", "not wanted any more")
        await client.receive("job_status", status="running", job_id=cancelled)
        await client.send("job_cancel", {"job_id": cancelled})
        asked_at = time.monotonic()
        await client.receive("job_status", status="cancelled", job_id=cancelled)
        cancelled_after = time.monotonic() - asked_at
        failed = await client.receive("job_status", status="failed", job_id=limited)
    # Far sooner than the next sign of life would be.
    assert cancelled_after < 1.4
    assert failed["payload"]["message"] == "The job took longer than 1.5 s."
    assert endings(client, limited) == ["failed"]
    assert endings(client, cancelled) == ["cancelled"]


# One worker for all that it survives.


class Exploit:
    """Reading this makes a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return (Path.touch, (self._path,))


class TestWithAQuickWorker:
    @pytest.fixture(scope="class", autouse=True)
    @staticmethod
    def worker(
        server: Server, settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Worker]:
        slots = {"JOB_PACE": "0.02", "SWITCHBOARD_JOB_SLOTS": "2"}
        worker = Worker(tmp_path_factory.mktemp("quick-worker"), **settings | slots)
        with worker:
            yield worker
            assert worker.stop() == 0

    @pytest.fixture
    @staticmethod
    def records(redis_client: RedisClient) -> RedisJobRecords:
        """The records of server and worker, in the hands of the test."""
        return RedisJobRecords(redis_client, PREFIX, retention=3600)

    async def test_twenty_jobs_at_two_slots_all_end(self, server: Server, worker: Worker) -> None:
        async with Client(server.url, PATH) as client:
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

    async def test_an_idle_worker_costs_redis_next_to_nothing(
        self, redis_client: RedisClient
    ) -> None:
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
        self, server: Server, redis_client: RedisClient, records: RedisJobRecords
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
        async with Client(server.url, PATH) as client:
            assert await run(client, "default", "another") == "✅ Processed: ANOTHER"
            assert await redis_client.get(key) == theirs.encode()

            # As if a newer worker had come: nobody has to put it on the queue again.
            await redis_client.set(key, ours)
            await client.send("job_watch", {"job_id": job_id})
            await client.receive("job_status", status="result", job_id=job_id)

    async def test_a_pickle_on_the_queue_is_refused(
        self, server: Server, worker: Worker, redis_client: RedisClient, tmp_path: Path
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
        async with Client(server.url, PATH) as client:
            assert await run(client, "default", "good") == "✅ Processed: GOOD"
        await asyncio.to_thread(worker.wait_for_log, f"deserializing job {PREFIX}:evil failed")
        assert not trap.exists()

    async def test_a_result_that_its_worker_could_not_tell_is_told_once(
        self, server: Server, redis_client: RedisClient, records: RedisJobRecords
    ) -> None:
        job_id = JobId("untold")
        await records.add(Job.ask(job_id, JobKind.DEFAULT, "hello", SOMEBODY, time.time()))
        async with Client(server.url, PATH) as client:
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
