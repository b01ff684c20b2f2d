"""Redis forgets everything while it runs: no connection breaks, and everybody is told."""

import asyncio
from pathlib import Path

import pytest

from tests.integration.asking import JOBS, endings, submit, visitor
from tests.integration.client import Client, get, until
from tests.integration.conftest import redis_settings
from tests.integration.processes import Redis, Server, Worker, all_well

pytestmark = pytest.mark.redis

DEN = "/ws/room/den"


async def test_everybody_is_told_of_a_redis_that_forgot_everything(
    redis_binary: Path, tmp_path: Path
) -> None:
    with Redis(redis_binary, tmp_path) as redis:
        # One job runs for longer than the test, the other waits.
        settings = redis_settings(redis) | {"JOB_PACE": "60", "SWITCHBOARD_JOB_SLOTS": "1"}
        server, worker = Server(tmp_path, **settings), Worker(tmp_path, **settings)
        with all_well(server, worker):
            async with (
                Client(server.url, DEN) as ada,
                Client(server.url, DEN) as bob,
                Client(server.url, JOBS, headers=visitor(1)) as asks,
                Client(server.url, JOBS, headers=visitor(2)) as waits,
            ):
                await ada.send("room_chat", {"message": "before"})
                await bob.receive("room_notification", message="💬 before")
                running = await submit(asks, "translate", "hello")
                await asks.receive("job_status", status="running", job_id=running)
                waiting = await submit(waits, "translate", "hello")

                redis.flush()

                await asks.receive("job_status", status="failed", job_id=running)
                for client in (ada, bob, waits):
                    await client.receive("recovered", recovered=False, reason="unknown_position")
                await waits.receive("job_status", status="failed", job_id=waiting)
                await waits.send("job_watch", {"job_id": waiting})
                await waits.receive("error", code="job_is_unknown")

                await ada.send("room_chat", {"message": "after"})
                await asyncio.gather(
                    *(c.receive("room_notification", message="💬 after") for c in (ada, bob))
                )

                async def are_listed() -> bool:
                    rooms = (await get(f"{server.url}/api/rooms")).json()["rooms"]
                    return bool(rooms == [{"room_name": "den", "members": 2}])

                await until(are_listed, "whoever is in a room is in it again")
                again = await submit(asks, "translate", "hello")
                await asks.receive("job_status", status="running", job_id=again)
                assert endings(asks, running) == ["failed"]
                assert endings(waits, waiting) == ["failed"]
    assert worker.log.count("a job's record is gone") == 1
