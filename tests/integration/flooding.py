"""Floods over one connection, while another one sees that the server still answers."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.integration.client import DEADLINE, Client
from tests.integration.processes import Server
from tests.integration.stream import Stream

UNLIMITED = {
    "SWITCHBOARD_FRAMES_PER_SECOND": "10000000",
    "SWITCHBOARD_BYTES_PER_SECOND": "10000000000",
    "SWITCHBOARD_MEMBER_FRAMES_PER_SECOND": "10000000",
    "SWITCHBOARD_MEMBER_BYTES_PER_SECOND": "10000000000",
    "SWITCHBOARD_FRAME_BURST": "1000000",
    "SWITCHBOARD_DRAIN_NOTICE": "0",
}


async def pongs_during(
    server: Server, doing: Callable[[], Coroutine[Any, Any, list[Any]]]
) -> tuple[int, list[Any]]:
    """How many pongs another client, which is in no hurry, got while that was done."""
    pongs = 0
    async with Client(server.url, "/ws/chat") as other:
        task = asyncio.create_task(doing())
        while not task.done():
            await other.until_pong()
            pongs += 1
            await asyncio.wait([task], timeout=0.01)
        return pongs, await task


async def pour_without_reading(server: Server, poured: bytes) -> None:
    """Send it again and again, and read nothing, until the server ends the connection."""

    async def pour(stream: Stream) -> list[Any]:
        async with asyncio.timeout(DEADLINE):
            while True:
                stream.writer.write(poured)
                await stream.writer.drain()

    async with Stream(server.url, receive_buffer=4_096) as deaf:
        await deaf.open("/ws/system")
        with pytest.raises(ConnectionError):
            await pongs_during(server, lambda: pour(deaf))
