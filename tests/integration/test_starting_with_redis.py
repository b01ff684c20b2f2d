"""How programs start with Redis: without it, with a password, over a Unix socket."""

import asyncio
from pathlib import Path

import pytest

from tests.integration.client import Client
from tests.integration.crowd import HEARS, MARK
from tests.integration.processes import Command, Redis, Server, check_one_line, free_port

pytestmark = pytest.mark.redis


async def ended(*commands: Command) -> list[int]:
    """The exit codes of commands that end by themselves, run at the same time."""
    return await asyncio.gather(*(asyncio.to_thread(command.run) for command in commands))


async def test_without_redis_nothing_starts_and_one_line_says_why(tmp_path: Path) -> None:
    nowhere = {
        "SWITCHBOARD_BACKEND": "redis",
        "REDIS_URL": f"redis://ali:sesame@127.0.0.1:{free_port()}/0",
    }
    commands = [
        Command(tmp_path, *arguments, PORT="0", **nowhere)
        for arguments in (["serve"], ["worker"], ["send", "chat", "hello"])
    ]
    unreadable = Command(tmp_path, "worker", REDIS_URL="redis://:se/sesame@127.0.0.1:1/0")
    assert await ended(*commands, unreadable) == [1, 1, 1, 2]
    for command in commands:
        check_one_line(command, "Redis can't be reached")
    check_one_line(unreadable, "SWITCHBOARD_REDIS_URL can't be used")


async def test_a_password_guards_redis_and_is_not_shown(redis_binary: Path, tmp_path: Path) -> None:
    with Redis(redis_binary, tmp_path, requirepass="open sesame") as redis:
        address = redis.url.removeprefix("redis://")
        wrong, right = (
            Command(tmp_path, "send", "chat", "hello", REDIS_URL=f"redis://:{login}@{address}")
            for login in ("closed%20sesame", "open%20sesame")
        )
        assert await ended(wrong, right) == [1, 0]
    check_one_line(wrong, "Redis can't be reached (invalid username-password pair")
    assert right.log == ""


async def test_a_unix_socket_does_as_well(redis_binary: Path, tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    with Redis(redis_binary, tmp_path, unixsocket=str(path)):
        settings = {"SWITCHBOARD_BACKEND": "redis", "REDIS_URL": f"unix://{path}?db=1"}
        with Server(tmp_path, **settings) as server:
            async with Client(server.url, "/ws/reliable") as client:
                await client.send("reliable_chat", {"message": "hello"})
                await client.receive(HEARS, message=f"{MARK}hello")
