"""Frames that hold no message: whoever sends too many, or reads no answer to them, is sent away."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.client import DEADLINE
from tests.integration.flooding import UNLIMITED, pongs_during, pour_without_reading
from tests.integration.footprint import MIB, descriptors, needs_proc, until_descriptors
from tests.integration.processes import Server
from tests.integration.stream import PING, PONG, TEXT, Stream, frame

CONTINUATION = 0
FINAL = 0x80

pytestmark = needs_proc


def unfinished(opcode: int) -> bytes:
    """An empty frame that isn't the last of its message."""
    whole = frame(opcode, b"")
    return bytes((whole[0] - FINAL,)) + whole[1:]


@pytest.mark.parametrize(
    ("begin", "again"),
    [
        pytest.param(b"", frame(PING, b""), id="pings"),
        pytest.param(b"", frame(PONG, b""), id="pongs"),
        pytest.param(unfinished(TEXT), unfinished(CONTINUATION), id="fragments"),
    ],
)
async def test_whoever_floods_with_frames_without_a_message_is_closed_and_nobody_else_waits(
    begin: bytes, again: bytes, tmp_path: Path
) -> None:
    settings = {"SWITCHBOARD_FLOOD_SECONDS": "0.5", "SWITCHBOARD_DRAIN_NOTICE": "0"}

    async def flood(stream: Stream) -> list[Any]:
        async def pour() -> None:
            stream.writer.write(begin)
            while True:
                stream.writer.write(again * 40_000)
                await stream.writer.drain()

        pouring = asyncio.create_task(pour())
        async with asyncio.timeout(DEADLINE):
            answers = [json.loads(text) async for text in stream.texts()]
        pouring.cancel()
        await asyncio.wait([pouring])
        return answers

    with Server(tmp_path, **settings) as server:
        held, memory = descriptors(server), server.resident_bytes
        async with Stream(server.url) as stream:
            await stream.open("/ws/system")
            pongs, answers = await pongs_during(server, lambda: flood(stream))
        grown = server.resident_bytes - memory
        await until_descriptors(server, held)
    errors = [answer["payload"]["code"] for answer in answers if answer["action"] == "error"]
    assert errors == ["rate_limited"]
    assert answers[-1]["payload"]["code"] == stream.close_code == 4429
    assert pongs >= 10
    assert grown < 20 * MIB
    server.check_log()


async def test_whoever_reads_no_pong_is_too_slow_and_costs_a_bounded_memory(tmp_path: Path) -> None:
    settings = {
        **UNLIMITED,
        "SWITCHBOARD_SEND_TIMEOUT": "1",
        "SWITCHBOARD_MAILBOX_BYTES": str(MIB),
    }

    pings = frame(PING, b"x" * 125) * 8_000

    with Server(tmp_path, **settings) as server:
        held, memory = descriptors(server), server.resident_bytes
        await pour_without_reading(server, pings)
        await until_descriptors(server, held)
        assert "slow reader disconnected" in server.log
        # The mailbox's bound, and what is read and answered within one turn of the loop: measured
        # between 0 and 23 MiB. Without the bound it grows for as long as somebody pours.
        assert server.resident_bytes - memory < 40 * MIB
    server.check_log()
