"""Registry that come and go by the thousand leave nothing behind: in the process or in Redis."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.client import Client, get, until
from tests.integration.conftest import redis_settings
from tests.integration.footprint import (
    KEYS,
    MIB,
    Contents,
    descriptors,
    needs_proc,
    until_descriptors,
)
from tests.integration.processes import Redis, Server
from tests.integration.stream import Stream, handshake, said

pytestmark = needs_proc

VISITS = 2_000
WARM_UP = 200
AT_A_TIME = 50
PATHS = ("/ws/room/x", "/ws/reliable")
SPOKEN = {
    "/ws/room/x": said("room_chat", message="and away"),
    "/ws/reliable": said("reliable_chat", message="and away"),
}


async def visit(url: str, number: int) -> None:
    """Come, and go in one of five ways."""
    path = PATHS[number % len(PATHS)]
    way = number // len(PATHS) % 5
    async with Stream(url) as stream:
        if way < 3:
            await stream.open(path)
            if way:
                stream.writer.write(SPOKEN[path])
            if way == 2:
                stream.reset()
            else:
                await stream.say_goodbye()
        elif way == 3:
            stream.writer.write(handshake(path))
            await stream.writer.drain()
            stream.reset()
        else:
            stream.writer.write(handshake(path)[: 10 + number % 100])
            await stream.writer.drain()


async def visit_all(url: str, count: int) -> None:
    """So many visits, `AT_A_TIME` of them at once."""
    numbers = iter(range(count))

    async def go_on() -> None:
        for number in numbers:
            await visit(url, number)

    await asyncio.gather(*(go_on() for _ in range(AT_A_TIME)))


async def until_empty(url: str) -> None:
    async def is_empty() -> bool:
        return bool((await get(f"{url}/api/rooms")).json() == {"rooms": []})

    await until(is_empty, "nobody is in any room")


@contextmanager
def quiet(server: Server) -> Iterator[None]:
    """Nothing in what happens meanwhile is worth a line in the log."""
    with server:
        yield
    assert server.log == ""


async def come_and_go(server: Server, *, pool: int = 0) -> int:
    """Have all visits made; by how much the server's memory has grown when they are over.

    It may keep `pool` more descriptors, for connections to its backend.
    """
    await visit_all(server.url, WARM_UP)
    await until_empty(server.url)
    held, memory = descriptors(server), server.resident_bytes
    await visit_all(server.url, VISITS)
    await until_empty(server.url)
    await until_descriptors(server, held + pool)
    async with Client(server.url, "/ws/room/x") as client:
        await client.send("room_chat", {"message": "is it well?"})
        await client.receive("room_notification", message="💬 is it well?")
    await until_empty(server.url)
    return server.resident_bytes - memory


async def test_2_000_visits_leave_a_server_as_it_was(tmp_path: Path) -> None:
    server = Server(tmp_path, SWITCHBOARD_DRAIN_NOTICE="0")
    with quiet(server):
        grown = await come_and_go(server)
    assert grown < 20 * MIB


@pytest.mark.redis
async def test_2_000_visits_leave_only_history_in_redis(tmp_path: Path, redis_binary: Path) -> None:
    with Redis(redis_binary, tmp_path) as redis:
        server = Server(tmp_path, **redis_settings(redis), SWITCHBOARD_REDIS_POOL="16")
        contents = Contents(redis)
        with quiet(server):
            channels = contents.channels()
            grown = await come_and_go(server, pool=16)

            async def is_as_before() -> bool:
                return contents.channels() == channels

            await until(is_as_before, f"only {channels} are listened to")
            kinds = contents.kinds()
            everlasting = contents.everlasting()
        contents.close()
    assert grown < 20 * MIB
    assert kinds.keys() <= KEYS.keys()
    assert dict(kinds) == {
        "presence:rooms": 1,
        "probe:*": 1,
        "rooms:{*}:stream": 1,
        "rooms:{*}:meta": 1,
        "queue:{*}:stream": 1,
        "queue:{*}:meta": 1,
    }
    assert everlasting == set()
