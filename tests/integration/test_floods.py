"""Floods: from one sender, and over one reader. Nobody else notices, and memory stays bounded."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.client import DEADLINE
from tests.integration.flooding import UNLIMITED, pongs_during, pour_without_reading
from tests.integration.footprint import MIB, descriptors, needs_proc, until_descriptors
from tests.integration.processes import Server
from tests.integration.stream import Stream, said

FRAMES = 50_000
WARM_UP = 2_000
FLOOD = [said("user_message", message=str(number)) for number in range(FRAMES)]
ECHO = "🔧 System Echo: "

pytestmark = needs_proc


async def flood(stream: Stream, frames: list[bytes]) -> list[Any]:
    """Send all of them at once, and read what is said until the last one's answer or the end."""
    last = f"{ECHO}{len(frames) - 1}"
    answers = []
    stream.writer.write(b"".join(frames))
    async for text in stream.texts():
        answer = json.loads(text)
        answers.append(answer)
        if answer["action"] == "system_echo" and answer["payload"]["message"] == last:
            break
    return answers


def echoes(answers: list[Any]) -> list[str]:
    told = [answer["payload"]["message"] for answer in answers if answer["action"] == "system_echo"]
    return told[1:]  # the first is the greeting


async def test_a_flood_of_50_000_frames_is_told_so_slowed_and_closed_and_nobody_else_waits(
    tmp_path: Path,
) -> None:
    settings = {
        # A machine that is too slow for a flood would have to be slower than this.
        "SWITCHBOARD_FRAMES_PER_SECOND": "500",
        "SWITCHBOARD_FLOOD_SECONDS": "0.5",
        "SWITCHBOARD_DRAIN_NOTICE": "0",
    }
    with Server(tmp_path, **settings) as server:
        async with Stream(server.url) as first:
            await flood(await first.open("/ws/system"), FLOOD[:WARM_UP])
        memory = server.resident_bytes
        held = descriptors(server)
        async with Stream(server.url) as stream:
            await stream.open("/ws/system")
            pongs, answers = await pongs_during(server, lambda: flood(stream, FLOOD))
        await until_descriptors(server, held)
        grown = server.resident_bytes - memory
    answered = echoes(answers)
    assert answered == [f"{ECHO}{number}" for number in range(len(answered))]
    # All of its burst, and what half a second allows, but far from all.
    assert 4_000 <= len(answered) < FRAMES / 2
    errors = [answer["payload"] for answer in answers if answer["action"] == "error"]
    assert [error["code"] for error in errors] == ["rate_limited"]
    assert answers[-1]["action"] == "disconnect"
    assert answers[-1]["payload"]["code"] == stream.close_code == 4429
    assert pongs >= 10
    assert grown < 20 * MIB
    server.check_log()


@pytest.mark.parametrize("reader", ["true", "false"], ids=["fast frames", "websockets' frames"])
async def test_a_flood_that_is_allowed_is_answered_to_the_last_frame_in_order(
    tmp_path: Path, reader: str
) -> None:
    with Server(tmp_path, **UNLIMITED, SWITCHBOARD_FAST_FRAMES=reader) as server:
        async with Stream(server.url) as stream:
            await flood(await stream.open("/ws/system"), FLOOD[:WARM_UP])
            memory = server.resident_bytes
            pongs, answers = await pongs_during(server, lambda: flood(stream, FLOOD))
            grown = server.resident_bytes - memory
    told = [answer["payload"]["message"] for answer in answers]
    assert told == [f"{ECHO}{number}" for number in range(FRAMES)]
    assert pongs >= 10
    assert grown < 20 * MIB
    server.check_log()


async def test_a_flood_whose_sender_reads_no_answer_is_stopped_and_costs_a_bounded_memory(
    tmp_path: Path,
) -> None:
    settings = {**UNLIMITED, "SWITCHBOARD_SEND_TIMEOUT": "1"}
    with Server(tmp_path, **settings) as server:
        async with Stream(server.url) as first:
            await flood(await first.open("/ws/system"), FLOOD[:WARM_UP])
        memory = server.resident_bytes
        held = descriptors(server)

        await pour_without_reading(server, b"".join(FLOOD))
        await until_descriptors(server, held)
        assert "slow reader disconnected" in server.log
        assert server.resident_bytes - memory < 20 * MIB
    server.check_log()


# A broadcast of a hundred megabytes, and one member that never reads.

TEXT_SIZE = 60_000
BROADCASTS = 1_700
STEP = 20
"""So many are said ahead of the slower of the healthy readers: a quarter of its mailbox."""
LARGE = {
    "SWITCHBOARD_TEXT_LIMIT": str(TEXT_SIZE + 10),
    "SWITCHBOARD_SEND_TIMEOUT": "1",
    "SWITCHBOARD_DRAIN_NOTICE": "0",
}


class Listener:
    """Reads all the time; `heard` are the numbers that lead the broadcasts."""

    def __init__(self, stream: Stream) -> None:
        self.heard: list[int] = []
        self._stream = stream
        self._news = asyncio.Event()

    async def listen(self) -> None:
        async for text in self._stream.texts():
            if b"x" * 100 in text:
                message = json.loads(text)["payload"]["message"]
                assert len(message) >= TEXT_SIZE
                self.heard.append(int(message.split()[1]))
                self._news.set()

    async def until_heard(self, number: int) -> None:
        async with asyncio.timeout(DEADLINE):
            while not self.heard or self.heard[-1] < number:
                self._news.clear()
                await self._news.wait()


async def test_a_broadcast_of_100_mb_passes_a_reader_that_never_reads(tmp_path: Path) -> None:
    peak = 0
    with Server(tmp_path, **LARGE) as server:
        async with (
            Stream(server.url) as speaker,
            Stream(server.url) as quick,
            Stream(server.url, receive_buffer=4_096) as deaf,
        ):
            for stream in (speaker, quick, deaf):
                await stream.open("/ws/chat")
            listeners = [Listener(speaker), Listener(quick)]
            listening = [asyncio.create_task(listener.listen()) for listener in listeners]
            memory = server.resident_bytes
            for number in range(BROADCASTS):
                text = f"{number} {'x' * TEXT_SIZE}"
                speaker.writer.write(said("chat", message=text))
                await speaker.writer.drain()
                if number % STEP == STEP - 1:
                    for listener in listeners:
                        await listener.until_heard(number)
                    peak = max(peak, server.resident_bytes - memory)
            heard_by_the_deaf = Listener(deaf)
            async with asyncio.timeout(DEADLINE):
                await heard_by_the_deaf.listen()
            for stream in (speaker, quick):
                stream.writer.close()
            await asyncio.gather(*listening)
        assert server.log.count("slow reader disconnected") == 1
    for listener in listeners:
        assert listener.heard == list(range(BROADCASTS))
    # What was under way when it was given up, and nothing out of place.
    heard = heard_by_the_deaf.heard
    assert heard == list(range(len(heard)))
    assert len(heard) < BROADCASTS / 2
    assert peak < 60 * MIB
    server.check_log()
