"""The embedded Redis for development, started and asked for real."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.cli.embedded_redis import embedded_redis
from tests.unit.adapters.cli.parts import Stage

pytestmark = [pytest.mark.redis, pytest.mark.usefixtures("redis_binary")]


@asynccontextmanager
async def running(folder: Path | None) -> AsyncIterator[tuple[Stage, Path]]:
    """The server, once it answers, and where."""
    stage = Stage()
    with embedded_redis(folder) as (part, url):
        path = Path(url.removeprefix("unix://"))
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
