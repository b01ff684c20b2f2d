"""A Redis without memory for more: nothing is lost that is there, and the reason is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.client import Client, get, until
from tests.integration.conftest import redis_settings
from tests.integration.processes import Redis, Server, all_well

pytestmark = pytest.mark.redis

LEASE = 1.0
REASON = "Redis is out of memory"


@contextmanager
def full(redis: Redis) -> Iterator[None]:
    redis.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
    redis.ask("CONFIG", "SET", "maxmemory", "1")
    yield
    redis.ask("CONFIG", "SET", "maxmemory", "0")


async def until_ready(server: Server, body: dict[str, str]) -> None:
    async def is_so() -> bool:
        return bool((await get(f"{server.url}/readyz")).json() == body)

    await until(is_so, f"/readyz answers {body}")


async def members(server: Server) -> list[int]:
    rooms = (await get(f"{server.url}/api/rooms")).json()["rooms"]
    return [room["members"] for room in rooms]


async def test_members_stay_while_redis_is_full_and_the_reason_is_told(
    redis_binary: Path, tmp_path: Path
) -> None:
    with Redis(redis_binary, tmp_path) as redis:
        settings = redis_settings(redis) | {
            "SWITCHBOARD_PRESENCE_LEASE": str(LEASE),
            "SWITCHBOARD_REDIS_SILENCE": "2",
        }
        with all_well(server := Server(tmp_path, **settings)):
            async with (
                Client(server.url, "/ws/room/den") as ada,
                Client(server.url, "/ws/room/den"),
            ):
                await until_ready(server, {"status": "ready"})
                redis.ask("SET", "a lease", "", "PX", str(int(LEASE * 2500)))
                with full(redis):
                    body = {"status": "backend unavailable", "reason": f"{REASON}."}
                    await until_ready(server, body)
                    await ada.send("room_chat", {"message": "anybody?"})
                    await ada.receive("error", code="unavailable", retryable=True)

                    async def is_over() -> bool:
                        return bool(redis.ask("EXISTS", "a lease") == 0)

                    await until(is_over, "two leases and a half are over")
                    assert await members(server) == [2]
                await until_ready(server, {"status": "ready"})
                await ada.send("room_chat", {"message": "anybody?"})
                await ada.receive("room_notification", message="💬 anybody?")
                assert await members(server) == [2]
    assert server.log.count(f"Redis takes no writes: {REASON}") == 1
    assert "presence could not be renewed" not in server.log
    assert server.log.count("Redis takes writes again") == 1
