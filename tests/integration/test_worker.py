"""Worker processes: what becomes of jobs when workers come, go and die."""

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.redis_connection import Client as RedisClient
from tests.integration.asking import JOBS, ended, endings, frames_of, statuses, submit
from tests.integration.client import Client, get
from tests.integration.conftest import Serve, redis_settings
from tests.integration.output_watchers import OutputWatcher
from tests.integration.processes import SOON_LOST, Redis, Server, Worker
from tests.outputs import OutputView

pytestmark = pytest.mark.redis

PREFIX = "worker"


@pytest.fixture(scope="module")
def settings(redis_server: Redis) -> dict[str, str]:
    return redis_settings(redis_server, PREFIX) | SOON_LOST


@pytest.fixture(scope="module")
def server(settings: dict[str, str], serve: Serve) -> Server:
    return serve(**settings)


def attempts(client: Client, job_id: str) -> list[int]:
    """The attempts that were told, in order."""
    payloads = [frame["payload"] for frame in frames_of(client, job_id)]
    return [payload["attempt"] for payload in payloads if payload["status"] == "running"]


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
    async with Client(server.url, JOBS) as client:
        async with working(tmp_path, settings, JOB_PACE="2") as dies:
            job_id = await submit(client, "generate", "food")
            # Cut off again and again, before the kill and after it.
            watchers = [
                OutputWatcher(server.url, job_id, cuts=4, life=1.0, seed=seed) for seed in range(10)
            ]
            watching = asyncio.gather(*(watcher.watch() for watcher in watchers))
            talk = await submit(client, "converse", "tea")
            await client.until_heard(1, "job_status", status="running", job_id=talk)
            await client.send("job_input", {"job_id": talk, "data": "green"})
            await client.until_heard(2, "job_output", job_id=talk)
            await client.until_heard(1, "job_status", status="progress", job_id=job_id)
            dies.kill()
        async with working(tmp_path, settings, JOB_PACE="0.1") as lives:
            ready_at = time.monotonic()
            await client.receive("job_status", status="running", job_id=job_id, attempt=2)
            taken_over_after = time.monotonic() - ready_at
            result = await client.receive("job_status", status="result", job_id=job_id)
            await watching
            await client.until_heard(1, "job_status", status="result", job_id=talk)
            assert await lost(redis_client, job_id) == 1
            assert "a job's worker vanished" in lives.log
    assert taken_over_after < 4
    assert statuses(frames_of(client, job_id)) == [
        *("queued", "running", "progress"),
        *("running", "progress", "result"),
    ]
    assert attempts(client, job_id) == [1, 2]
    assert endings(client, job_id) == ["result"]
    text = result["payload"]["message"]
    # What it was given before the kill its next attempt was given again, and told once.
    talked = ended(client, "result")[talk]["message"]
    assert talked.count("You say 'green'") == 1
    talk_view = OutputView()
    grown = [part for part in client.payloads("job_output") if part["job_id"] == talk]
    assert all(map(talk_view.take, grown))
    assert talk_view.text == talked
    assert sum("green" in part["append"] for part in grown) == 1
    assert {(each.text, each.result, each.gaps) for each in watchers} == {(text, text, 0)}


async def test_a_worker_told_to_stop_hands_its_jobs_back_at_once(
    server: Server, settings: dict[str, str], tmp_path: Path, redis_client: RedisClient
) -> None:
    long_lease = {"SWITCHBOARD_JOB_LEASE": "60", "SWITCHBOARD_JOB_WAITING": "60"}
    async with (
        Client(server.url, JOBS) as client,
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
    async with Client(server.url, JOBS) as client:
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
        Client(server.url, JOBS) as client,
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
