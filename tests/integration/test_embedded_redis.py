"""The embedded Redis for development, started and asked for real."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote

import pytest

from adapters.cli.embedded_redis import SHORT_PATH, embedded_redis
from adapters.environment import load_settings
from adapters.redis_connection import Client, connect, ping
from application.errors import Unavailable
from tests.unit.adapters.cli.parts import Stage

pytestmark = [pytest.mark.redis, pytest.mark.usefixtures("redis_binary")]


@asynccontextmanager
async def running(folder: Path | None) -> AsyncIterator[tuple[Stage, Path]]:
    """The server, once it answers, and where."""
    stage = Stage()
    with embedded_redis(folder) as (part, url):
        path = Path(unquote(url.removeprefix("unix://")))
        async with stage.group() as group:
            redis = await group.start(part)
            await redis.until_ready(lambda: until_pong(path))
            yield stage, path
        assert redis.ended.result() == 0


async def ask(path: Path, command: str) -> str:
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        writer.write(f"{command}\r\n".encode())
        line = (await reader.readline()).decode().strip()
        return line if not line.startswith("$") else (await reader.readline()).decode().strip()
    finally:
        writer.close()
        await writer.wait_closed()


async def until_pong(path: Path) -> None:
    """Before that it may not listen yet, or say that it is loading what it kept."""
    while True:
        with contextlib.suppress(OSError):
            if await ask(path, "PING") == "+PONG":
                return
        await asyncio.sleep(0.01)


async def test_it_starts_quietly_and_ends_when_asked() -> None:
    async with running(None) as (stage, _path):
        pass
    assert not any("WARNING" in line for line in stage.lines)


async def test_data_in_a_folder_is_there_the_next_time(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, path):
        assert await ask(path, "SET key kept") == "+OK"
    async with running(tmp_path) as (_, path):
        assert await ask(path, "GET key") == "kept"


async def test_the_temporary_folder_may_have_any_name(monkeypatch: pytest.MonkeyPatch) -> None:
    # Not in pytest's own folder, whose path may be too long for a socket.
    odd = tempfile.mkdtemp(prefix="a #b?c%20 'é", dir=SHORT_PATH)
    monkeypatch.setattr(tempfile, "tempdir", odd)
    with contextlib.ExitStack() as stack:
        stack.callback(Path(odd).rmdir)
        part, url = stack.enter_context(embedded_redis(None))
        assert unquote(url).startswith(f"unix://{odd}/")
        async with Stage().group() as group:
            client = connect(load_settings(redis_url=url, redis_timeout=5).redis)
            await (await group.start(part)).until_ready(lambda: until_answered(client))
            await client.aclose(close_connection_pool=True)


async def until_answered(client: Client) -> None:
    while True:
        with contextlib.suppress(Unavailable):
            return await ping(client, 5)
        await asyncio.sleep(0.01)
