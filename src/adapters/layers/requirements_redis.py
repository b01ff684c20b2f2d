"""Whether a Redis has all that this service needs: found out by trying, before the start."""

import asyncio
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from redis.exceptions import NoPermissionError, ResponseError

from adapters.layers.probe_redis import KEPT_MS, probe_channel, probe_key
from adapters.redis_commands import Script
from adapters.redis_connection import DISCONNECTED, Client, reason
from application.errors import Unavailable

_ADAPTERS = Path(__file__).parents[1]
PERMITTED = Script(Path(__file__).parent / "scripts" / "permitted.lua")

SHOWN_WORDS = 200
"""Characters of what Redis says, at most."""


class RedisIsUnfit(Exception):
    """Redis answers, but lacks something; the text says what, in one line."""


async def check_requirements(
    client: Client, service: str, seconds: float, trial: Sequence[tuple[str | int, ...]] = ()
) -> None:
    """Raises `RedisIsUnfit`, and `Unavailable` if an answer takes more than `seconds`.

    A `trial` is commands that have to be possible, in their order on one connection.
    """
    name = secrets.token_hex(4)
    try:
        async with asyncio.timeout(seconds):
            await client.ping()
        async with asyncio.timeout(seconds):
            await _check_writing(client, probe_key(service, name))
        async with asyncio.timeout(seconds):
            await _check_channels(client, probe_channel(client, service, name).encode())
            await _check_scripts(client, probe_key(service, name))
        async with asyncio.timeout(seconds):
            await _try(client, trial)
    except ResponseError as error:
        raise RedisIsUnfit(_told(error)) from error
    except DISCONNECTED as error:
        raise Unavailable from error


async def _check_writing(client: Client, key: str) -> None:
    execute: Any = client.execute_command
    await execute("SET", key, b"", "PX", KEPT_MS)
    await execute("RENAME", key, f"{key}:aside")
    await execute("DEL", f"{key}:aside")
    await execute("XADD", key, "1-1", "b", b"")
    try:
        await execute("XTRIM", key, "MINID", "2")
    except ResponseError as error:
        if isinstance(error, NoPermissionError):
            raise
        raise RedisIsUnfit(
            "it can't trim streams by age (XTRIM MINID): it must be Redis 6.2 or newer"
        ) from error
    finally:
        await execute("DEL", key)
    for command in (
        ("TYPE", key),
        ("GETDEL", key),
        ("MGET", key),
        ("EXISTS", key),
        ("ZRANGEBYSCORE", key, "-inf", "+inf"),
        ("ZREVRANGE", key, 0, 0),
        ("ZREM", key, b""),
        ("PEXPIRE", key, 1),
        ("SCAN", 0, "COUNT", 1),
    ):
        await execute(*command)


async def _check_scripts(client: Client, key: str) -> None:
    commands = {
        command
        for script in _ADAPTERS.glob("*/scripts/*.lua")
        for command in re.findall(r"redis\.p?call\('([A-Z]+)'", script.read_text())
    }
    refused = await PERMITTED(client, [key], sorted(commands))
    if refused:
        names = ", ".join(command.decode() for command in refused)
        raise RedisIsUnfit(f"its user may not use {names} in scripts")


async def _check_channels(client: Client, channel: bytes) -> None:
    """Publish, and hear it."""
    pool: Any = client.connection_pool
    connection = pool.make_connection()
    try:
        await connection.connect()
        await connection.send_command("SUBSCRIBE", channel, check_health=False)
        await connection.read_response()
        await client.publish(channel, b"")
        await connection.read_response()
    finally:
        await connection.disconnect(nowait=True)


async def _try(client: Client, trial: Sequence[tuple[str | int, ...]]) -> None:
    pool: Any = client.connection_pool
    connection = pool.make_connection()
    try:
        await connection.connect()
        for command in trial:
            await connection.send_command(*command, check_health=False)
            try:
                await connection.read_response()
            except ResponseError as error:
                # Of a key Redis doesn't say which one.
                words = " ".join(map(str, command[:2]))
                raise RedisIsUnfit(f"{_told(error)} at {words}") from error
    finally:
        await connection.disconnect(nowait=True)


def _told(error: ResponseError) -> str:
    words = str(error)[:SHOWN_WORDS].splitlines()[0]
    return f"{reason(error)} ({words})"
