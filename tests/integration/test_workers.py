"""`switchboard serve --workers N`: several processes that are one server."""

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.integration.client import Client, get
from tests.integration.conftest import redis_settings
from tests.integration.processes import Command, Redis, Server
from tests.integration.program import START_SECONDS
from tests.survivors import descendants, until_gone

pytestmark = [pytest.mark.redis, pytest.mark.timeout(180)]


@pytest.fixture
def server(tmp_path: Path, redis_server: Redis, prefix: str) -> Server:
    """Two processes; not started yet."""
    return Server(tmp_path, "--workers", "2", **redis_settings(redis_server, prefix))


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[set[int]]:
    """All its processes; none of them is left behind."""
    with server:
        family = descendants(server.pid)
        yield family
        # Gone already, where the test has ended it itself.
        family.update(descendants(server.pid))
    await asyncio.to_thread(until_gone, family)


async def pids_of(server: Server, name: str, count: int = 1) -> list[int]:
    """The numbers of the first `count` processes with this name, in order."""
    end = time.monotonic() + START_SECONDS
    while len(found := re.findall(rf"{name} is ready .*pid=(\d+)", server.log)) < count:
        assert time.monotonic() < end, server.log
        await asyncio.sleep(0.02)
    return [int(pid) for pid in found[:count]]


@asynccontextmanager
async def standing_still(pid: int) -> AsyncIterator[None]:
    """While one process doesn't move, the other one gets whoever connects."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_two_processes_are_one_server_and_one_that_dies_is_replaced(server: Server) -> None:
    async with running(server) as family:
        (one,), (two,) = await pids_of(server, "server 1"), await pids_of(server, "server 2")
        here, there = Client(server.url, "/ws/chat"), Client(server.url, "/ws/chat")
        async with standing_still(two):
            await here.__aenter__()
        async with standing_still(one):
            await there.__aenter__()
        await here.send("chat", {"message": "over"})
        await there.receive("chat_notification", message="💬 over")
        await there.send("chat", {"message": "back"})
        await here.receive("chat_notification", message="💬 back")

        os.kill(one, signal.SIGKILL)
        assert await here.ended() == 1006
        _, three = await pids_of(server, "server 1", 2)
        async with standing_still(two):
            await here.__aexit__(None, None, None)
            here = Client(server.url, "/ws/chat")
            await here.__aenter__()
        await there.send("chat", {"message": "welcome back"})
        await here.receive("chat_notification", message="💬 welcome back")

        family.update(descendants(server.pid))
        assert {two, three} <= family
        server.signal(signal.SIGTERM)
        for client in (here, there):
            assert await client.ended() == 1012
            assert client.frames[-1]["action"] == "disconnect"
            assert client.frames[-1]["payload"]["reconnect"] is True
            await client.__aexit__(None, None, None)
        assert await asyncio.to_thread(server.wait) == 0
    assert server.output == [f"Switchboard is on {server.url} (redis backend)\n"]
    assert "Traceback" not in server.log
    assert "server 1 was ended by SIGKILL" in server.log


async def test_a_hangup_renews_all_processes_and_the_server_stays(server: Server) -> None:
    async with running(server):
        before = await pids_of(server, "server 1") + await pids_of(server, "server 2")
        async with Client(server.url, "/ws/chat") as client:
            server.signal(signal.SIGHUP)
            assert await client.ended() == 1012
        await asyncio.to_thread(server.wait_for_log, "all servers are renewed", deadline=60)
        await asyncio.to_thread(until_gone, before)
        assert (await get(f"{server.url}/readyz")).status_code == 200
        server.signal(signal.SIGINT)
        assert await asyncio.to_thread(server.wait) == 0
    server.check_log()


async def test_when_the_parent_is_killed_nobody_is_left(server: Server) -> None:
    async with running(server) as family:
        server.signal(signal.SIGKILL)
        assert await asyncio.to_thread(server.wait) == -signal.SIGKILL
        await asyncio.to_thread(until_gone, family)


def test_several_processes_need_redis(tmp_path: Path) -> None:
    command = Command(tmp_path, "serve", "--workers", "2", PORT="0")
    assert command.run() == 2
    (line,) = command.log.splitlines()
    assert line.startswith("switchboard: --workers 2 needs --backend redis")


def test_a_redis_that_does_not_answer_is_told_once_before_anything_starts(tmp_path: Path) -> None:
    settings = {"PORT": "0", "SWITCHBOARD_BACKEND": "redis", "REDIS_URL": "redis://127.0.0.1:1/0"}
    command = Command(tmp_path, "serve", "--workers", "2", **settings)
    assert command.run() == 1
    (line,) = command.log.splitlines()
    assert line.startswith("switchboard: Redis can't be reached")
