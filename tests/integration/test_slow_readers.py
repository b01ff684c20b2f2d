"""Readers that can't or won't keep up: they alone bear it, and are told so where they can hear."""

import asyncio
from pathlib import Path

import pytest

from tests.integration.client import Client, Frame
from tests.integration.processes import Server
from tests.integration.raw_socket import RawSocket

STUCK_READERS = 4
FLOOD_FRAMES = 2_100
FLOOD_TEXT = "x" * 3_980
"""Together more than 8 MB."""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
async def test_readers_that_are_stuck_are_closed_and_neither_delay_nor_bloat(
    tmp_path: Path,
) -> None:
    bounds = {
        "SWITCHBOARD_MAILBOX_BYTES": str(512 * 1024),
        "SWITCHBOARD_SEND_TIMEOUT": "1",
    }
    texts = [f"{number:05} {FLOOD_TEXT}" for number in range(FLOOD_FRAMES)]
    with Server(tmp_path, **bounds) as server:
        stuck = [
            RawSocket(server.url, "/ws/chat", receive_buffer=4_096) for _ in range(STUCK_READERS)
        ]
        async with (
            Client(server.url, "/ws/chat") as speaker,
            Client(server.url, "/ws/chat") as listener,
        ):
            for socket in stuck:
                socket.open()
                socket.send("chat", {"message": "I am in"})
                await speaker.receive("chat_notification", message="💬 I am in")
            before = server.resident_bytes
            for number, text in enumerate(texts):
                await speaker.send("chat", {"message": text})
                if number % 50 == 49:
                    # The healthy ones are healthy: never more than this behind.
                    for client in (speaker, listener):
                        await client.receive("chat_notification", message=f"💬 {text}")
            grown = server.resident_bytes - before
            for client in (speaker, listener):
                await client.until_heard(
                    STUCK_READERS, "chat_notification", message="❌ Someone left the chat."
                )
        heard = [await asyncio.to_thread(socket.read_to_end) for socket in stuck]
        for socket in stuck:
            socket.reset()
    for client in (speaker, listener):
        said = [text for text in client.messages("chat_notification") if FLOOD_TEXT in text]
        assert said == [f"💬 {text}" for text in texts]
    for frames in heard:
        got = [f["payload"]["message"] for f in frames if f["action"] == "chat_notification"]
        flood = [text for text in got if FLOOD_TEXT in text]
        assert len(flood) < FLOOD_FRAMES
        assert flood == [f"💬 {text}" for text in texts[: len(flood)]]
    # With all of it queued, it would have grown by 8 MB for the texts alone.
    assert grown < 4_000_000
    server.check_log()


async def test_a_reader_that_is_too_slow_is_told_so_and_closed_with_4408(tmp_path: Path) -> None:
    bounds = {
        "SWITCHBOARD_MAILBOX_BYTES": str(128 * 1024),
        "SWITCHBOARD_SEND_TIMEOUT": "60",
    }
    with Server(tmp_path, **bounds) as server:
        async with Client(server.url, "/ws/reliable") as speaker:
            slow = RawSocket(server.url, "/ws/reliable", receive_buffer=4_096)
            slow.open()
            async with asyncio.timeout(30):
                while "slow reader disconnected" not in server.log:
                    await speaker.send("reliable_chat", {"message": FLOOD_TEXT})
                    await speaker.until_pong()
            await speaker.send("reliable_chat", {"message": "you missed this"})
            await speaker.receive("reliable_chat_notification", message="📨 you missed this")
            # It reads on at last, and finds what was under way, then why it has to go.
            frames = await asyncio.to_thread(slow.read_to_end)
            cursor = [frame["cursor"] for frame in frames if "cursor" in frame][-1]
            async with Client(server.url, "/ws/reliable", since=cursor) as returns:
                await returns.receive("recovered", recovered=True)
                await returns.receive("reliable_chat_notification", message="📨 you missed this")
    assert frames[-1]["action"] == "disconnect"
    assert frames[-1]["payload"]["code"] == 4408
    assert frames[-1]["payload"]["reconnect"] is True
    assert slow.close_code == 4408
    slow.reset()
    server.check_log()


async def test_a_reader_that_is_too_slow_stays_where_its_lane_says_so(tmp_path: Path) -> None:
    lanes = {
        "SWITCHBOARD_LANE_CHAT__SLOW_READERS": "latest",
        "SWITCHBOARD_LANE_QUEUE__SLOW_READERS": "drop_oldest",
        "SWITCHBOARD_MAILBOX_FRAMES": "20",
        "SWITCHBOARD_SEND_TIMEOUT": "60",
    }
    heard: dict[str, list[Frame]] = {}
    with Server(tmp_path, **lanes) as server:
        for action, path in [("chat", "/ws/chat"), ("reliable_chat", "/ws/reliable")]:
            slow = RawSocket(server.url, path, receive_buffer=4_096)
            slow.open()
            async with Client(server.url, path) as speaker:
                for number in range(FLOOD_FRAMES):
                    await speaker.send(action, {"message": f"{number} {FLOOD_TEXT}"})
                    if number % 50 == 49:
                        await speaker.until_pong()
                # An answer isn't dropped, and comes behind what waits.
                slow.send("ping")
                heard[action] = await asyncio.to_thread(slow.read_to, "pong")
            slow.reset()
    for frames in heard.values():
        counted = 0
        for frame in frames:
            if frame["action"] == "gap":
                counted += frame["payload"]["missed"]
            elif FLOOD_TEXT in (text := (frame["payload"] or {}).get("message", "")):
                assert text.split()[1] == str(counted)
                counted += 1
        assert counted == FLOOD_FRAMES
        assert FLOOD_TEXT in frames[-2]["payload"]["message"], "the newest, before the answer"
    assert heard["chat"][-3]["action"] == "gap", "the newest alone has waited"
    server.check_log()
    assert "slow reader" not in server.log
