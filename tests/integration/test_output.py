"""Output that is closed, full, unread or in another encoding fails no work and delays nobody."""

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from adapters.redis_connection import Client as RedisClient
from tests.integration.client import Client, get, until
from tests.integration.conftest import redis_settings
from tests.integration.processes import Redis, Server, free_port
from tests.integration.program import START_SECONDS, Program

SPOILT = {
    "stdout closed": ">&-",
    "stderr closed": "2>&-",
    "all closed": "<&- >&- 2>&-",
    "stdout full": ">/dev/full",
    "stderr full": "2>/dev/full",
}

spoilt = pytest.mark.parametrize("redirection", SPOILT.values(), ids=SPOILT.keys())


class Spoilt(Program):
    """One of our commands, its output redirected by a shell, which then is the command itself."""

    def __init__(self, folder: Path, redirection: str, *arguments: str, **settings: str) -> None:
        shell = ["sh", "-c", f'exec "$@" {redirection}', "sh"]
        super().__init__([*shell, sys.executable, "-m", "bootstrap", *arguments], folder, settings)

    def run(self) -> int:
        try:
            self.start()
            return self.wait()
        finally:
            self.kill()


@pytest.fixture
def unread(tmp_path: Path) -> Iterator[Path]:
    """A pipe that is open, and that nobody reads."""
    path = tmp_path / "unread"
    os.mkfifo(path)
    fd = os.open(path, os.O_RDWR)
    yield path
    os.close(fd)


async def serves(url: str) -> bool:
    try:
        return (await get(f"{url}/healthz")).status_code == 200
    except httpx2.TransportError:
        return False


async def until_it_serves(url: str) -> None:
    await until(lambda: serves(url), "the server is ready", deadline=START_SECONDS)


@spoilt
async def test_a_server_serves_and_ends_in_order(tmp_path: Path, redirection: str) -> None:
    port = free_port()
    with Spoilt(tmp_path, redirection, "serve", PORT=str(port), LOG_WEBSOCKET="1") as server:
        url = f"http://127.0.0.1:{port}"
        await until_it_serves(url)
        async with Client(url, "/ws/chat") as client:
            await client.send("chat", {"message": "heard ☕"})
            await client.receive("chat_notification", message="💬 heard ☕")
        assert server.stop() == 0
        assert "Traceback" not in server.log


async def test_a_log_that_nobody_reads_delays_nobody(tmp_path: Path, unread: Path) -> None:
    port, frames = free_port(), 3_000
    settings = {"PORT": str(port), "LOG_WEBSOCKET": "1", "SWITCHBOARD_LOG_IGNORED_ACTIONS": ""}
    with Spoilt(tmp_path, f">'{unread}' 2>&1", "serve", **settings) as server:
        url = f"http://127.0.0.1:{port}"
        await until_it_serves(url)
        async with Client(url, "/ws/system") as client:
            for _ in range(frames // 100):
                for _ in range(100):
                    await client.send("user_message", {"message": "more than a pipe holds"})
                await client.until_pong()
            await client.until_heard(frames, "system_echo", message=ECHO)
        assert server.stop() == 0


ECHO = "🔧 System Echo: more than a pipe holds"


@pytest.mark.redis
async def test_a_supervisor_whose_output_nobody_reads_still_obeys(
    tmp_path: Path, unread: Path, redis_server: Redis
) -> None:
    port = free_port()
    settings = redis_settings(redis_server, "unread") | {"PORT": str(port), "LOG_WEBSOCKET": "1"}
    command = Spoilt(tmp_path, f">'{unread}' 2>&1", "serve", "--workers", "2", **settings)
    with command as supervisor:
        url = f"http://127.0.0.1:{port}"
        await until_it_serves(url)
        async with Client(url, "/ws/system") as client:
            for _ in range(30):
                for _ in range(100):
                    await client.send("user_message", {"message": "more than a pipe holds"})
                await client.until_pong()
        assert supervisor.stop() == 0


@pytest.fixture(scope="module")
def announcing(redis_server: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(
        tmp_path_factory.mktemp("output"), **redis_settings(redis_server, "output")
    ) as server:
        yield server


@pytest.mark.redis
@pytest.mark.parametrize("redirection", [*SPOILT.values(), "| head -0"], ids=[*SPOILT, "head"])
async def test_announcements_are_made_all_the_same(
    tmp_path: Path, redis_server: Redis, announcing: Server, redirection: str
) -> None:
    arguments = ("send", "room:☕", "tea", "--every", "0.05", "--count", "3")
    settings = redis_settings(redis_server, "output")
    command = Spoilt(tmp_path, redirection, *arguments, **settings)
    async with Client(announcing.url, "/ws/room/%E2%98%95") as client:
        assert await asyncio.to_thread(command.run) == 0
        await client.until_heard(3, "room_notification", message="tea")
    assert command.log == ""


@pytest.mark.redis
@pytest.mark.parametrize(
    "settings",
    [{"PYTHONIOENCODING": "latin-1"}, {"PYTHONIOENCODING": "ascii:strict"}, {"LC_ALL": "C"}],
    ids=lambda settings: "-".join(settings.values()),
)
def test_a_character_that_the_encoding_lacks_is_written_in_another_way(
    tmp_path: Path, redis_server: Redis, settings: dict[str, str]
) -> None:
    shared = redis_settings(redis_server, "encodings")
    command = Spoilt(tmp_path, "", "send", "room:☕", "tea", **shared, **settings)
    assert command.run() == 0
    assert command.log == ""
    (line,) = command.output
    assert line.startswith("sent 1 of 1 to room:")


@pytest.mark.redis
@spoilt
async def test_a_worker_starts_and_ends_in_order(
    tmp_path: Path, redis_server: Redis, redis_client: RedisClient, prefix: str, redirection: str
) -> None:
    async def is_alive() -> bool:
        return bool(await redis_client.keys(f"{prefix}:worker:*"))

    settings = redis_settings(redis_server, prefix)
    with Spoilt(tmp_path, redirection, "worker", **settings) as worker:
        await until(is_alive, "the worker is ready", deadline=START_SECONDS)
        assert worker.stop() == 0
        assert "Traceback" not in worker.log


@spoilt
def test_help_that_can_not_be_written_is_no_traceback(tmp_path: Path, redirection: str) -> None:
    command = Spoilt(tmp_path, redirection, "--help")
    assert command.run() == 0
    assert command.log == ""
