"""The address of Redis leads to another server than before, and the old one goes on answering."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integration.asking import JOBS, submit
from tests.integration.cable import Cable
from tests.integration.client import Client, get, until
from tests.integration.conftest import redis_settings
from tests.integration.crowd import HEARS, MARK
from tests.integration.processes import Redis, Server, Worker, all_well

pytestmark = pytest.mark.redis

MOVED_WITHIN = 8.0
"""Seconds in which everything goes on at the new server; the rest is for a busy machine."""


class House(NamedTuple):
    """Two Redis servers, and a cable that leads to the first."""

    old: Redis
    new: Redis
    cable: Cable
    settings: dict[str, str]


@contextmanager
def moving(binary: Path, folder: Path, **options: str) -> Iterator[House]:
    """`options` are the second server's."""
    folders = [folder / name for name in ("old", "new")]
    for each in folders:
        each.mkdir()
    with ExitStack() as stack:
        old = stack.enter_context(Redis(binary, folders[0]))
        more = {name: value.format(port=old.port) for name, value in options.items()}
        new = stack.enter_context(Redis(binary, folders[1], **more))
        cable = stack.enter_context(Cable(old.port))
        settings = redis_settings(old) | {
            "REDIS_URL": cable.url.replace("http://", "redis://"),
            "SWITCHBOARD_REDIS_SILENCE": "2",
        }
        yield House(old, new, cable, settings)


async def readiness_becomes(server: Server, status: int, says: str = "") -> None:
    async def is_so() -> bool:
        answer = await get(f"{server.url}/readyz")
        return answer.status_code == status and says in answer.text

    await until(is_so, f"/readyz answers {status} {says}", deadline=MOVED_WITHIN)


async def say_until_heard(client: Client, text: str) -> None:
    async with asyncio.timeout(MOVED_WITHIN):
        while True:
            seen = len(client.frames)
            await client.send("reliable_chat", {"message": text})

            async def answered(seen: int = seen) -> bool:
                return any(f["action"] == "error" or text in str(f) for f in client.frames[seen:])

            await until(answered, "an answer", deadline=MOVED_WITHIN)
            if text in str(client.frames[seen:]):
                return
            await asyncio.sleep(0.05)


async def test_a_server_lets_go_of_a_redis_that_became_a_replica(
    redis_binary: Path, tmp_path: Path
) -> None:
    with moving(redis_binary, tmp_path, replicaof="127.0.0.1 {port}") as house:
        server = Server(tmp_path, **house.settings)
        with all_well(server):
            async with Client(server.url, "/ws/reliable") as client:
                await say_until_heard(client, "before")
                house.new.ask("REPLICAOF", "NO", "ONE")
                house.old.ask("REPLICAOF", "127.0.0.1", str(house.new.port))
                await readiness_becomes(server, 503, "Redis is a read-only replica")
                await client.send("reliable_chat", {"message": "meanwhile"})
                await client.receive("error", code="unavailable", retryable=True)
                house.cable.lead_to(house.new.port)
                await say_until_heard(client, "after")
                await readiness_becomes(server, 200)
    assert server.log.count("Redis is a read-only replica") == 1


async def test_a_server_lets_go_of_a_redis_at_which_nobody_speaks_any_more(
    redis_binary: Path, tmp_path: Path
) -> None:
    with moving(redis_binary, tmp_path) as house:
        left = Server(tmp_path, **house.settings)
        other = Server(tmp_path, **house.settings | {"REDIS_URL": house.new.url})
        with all_well(left, other):
            async with (
                Client(left.url, "/ws/reliable") as client,
                Client(other.url, "/ws/reliable") as speaker,
            ):
                await say_until_heard(client, "before")
                house.new.pause()
                house.cable.lead_to(house.new.port)
                await readiness_becomes(left, 503)
                house.new.resume()
                await readiness_becomes(left, 200)
                await say_until_heard(speaker, "from there")
                await client.receive(HEARS, message=f"{MARK}from there")
                await say_until_heard(client, "from here")
                await speaker.receive(HEARS, message=f"{MARK}from here")
    assert left.log.count("what is published is not heard") == 1


async def test_a_worker_lets_go_of_a_redis_at_which_nobody_speaks_any_more(
    redis_binary: Path, tmp_path: Path
) -> None:
    # A sign of life would find the cancelling, too: there is none within the test.
    jobs = {"JOB_PACE": "60", "SWITCHBOARD_JOB_LEASE": "600"}
    with moving(redis_binary, tmp_path) as house:
        worker = Worker(tmp_path, **house.settings | jobs)
        server = Server(tmp_path, **house.settings | jobs | {"REDIS_URL": house.new.url})
        with all_well(server, worker):
            house.cable.lead_to(house.new.port)
            async with Client(server.url, JOBS) as client:
                job_id = await submit(client, "translate", "hello")
                await client.receive("job_status", MOVED_WITHIN, status="running", job_id=job_id)
                await client.send("job_cancel", {"job_id": job_id})
                await client.receive("job_status", MOVED_WITHIN, status="cancelled", job_id=job_id)
    assert worker.log.count("what is published is not heard") == 1
