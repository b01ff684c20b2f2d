"""How the server ends: in order, and in a set time, whoever is still there."""

import asyncio
import signal
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from tests.integration.client import Client, get
from tests.integration.processes import Server
from tests.integration.raw_socket import RawSocket
from tests.sockets import PATHS as SOCKETS

FLOOD_TEXT = "x" * 4_000


async def flood(speaker: Client, amount: int) -> None:
    """Say `amount` bytes in the chat, no faster than the speaker itself hears them."""
    before = len(speaker.payloads("chat_notification"))
    count = amount // len(FLOOD_TEXT)
    for number in range(count):
        await speaker.send("chat", {"message": FLOOD_TEXT})
        if number % 50 == 49:
            await speaker.until_pong()
    await speaker.until_pong()
    assert len(speaker.payloads("chat_notification")) >= before + count


async def test_sigterm_tells_every_client_to_come_back_and_ends_in_order(tmp_path: Path) -> None:
    with Server(tmp_path, JOB_PACE="60") as server:
        clients = [Client(server.url, path) for path in [*SOCKETS, *["/ws/chat"] * 20]]
        async with asyncio.TaskGroup() as group:
            for client in clients:
                group.create_task(client.__aenter__())
        jobs = clients[SOCKETS.index("/ws/background_jobs")]
        await jobs.send("job", {"type": "generate", "content": "a novel"})
        await jobs.receive("job_status", status="running")
        server.signal(signal.SIGTERM)
        codes = [await client.ended() for client in clients]
        exit_code = await asyncio.to_thread(server.wait)
    disconnects = [client.frames[-1] for client in clients]
    assert codes == [1012] * len(clients)
    assert {disconnect["action"] for disconnect in disconnects} == {"disconnect"}
    for disconnect in disconnects:
        assert disconnect["payload"]["code"] == 1012
        assert disconnect["payload"]["reconnect"] is True
        assert disconnect["payload"]["after_ms"] >= 0
    # Spread out, so that the next server does not get them all at once.
    assert len({disconnect["payload"]["after_ms"] for disconnect in disconnects}) > 10
    assert exit_code == 0
    server.check_log()


async def test_ctrl_c_delivers_what_was_said_before_and_leaves_no_traceback(
    server: Server,
) -> None:
    texts = [f"before the end {number}" for number in range(200)]
    async with Client(server.url, "/ws/chat") as speaker, Client(server.url, "/ws/chat") as other:
        for text in texts:
            await speaker.send("chat", {"message": text})
        await speaker.receive("chat_notification", message=f"💬 {texts[-1]}")
        server.signal(signal.SIGINT)
        for client in (speaker, other):
            assert await client.ended() == 1012
    assert other.messages("chat_notification")[-200:] == [f"💬 {text}" for text in texts]
    await asyncio.to_thread(server.wait)
    server.check_log()


async def test_a_server_that_is_about_to_end_takes_nobody_new(tmp_path: Path) -> None:
    patience = {
        "SWITCHBOARD_DRAIN_SECONDS": "30",
        "SWITCHBOARD_SEND_TIMEOUT": "30",
        "SWITCHBOARD_MAILBOX_BYTES": str(32 * 1024 * 1024),
        "SWITCHBOARD_MAILBOX_FRAMES": "100000",
    }
    with Server(tmp_path, **patience) as server:
        async with Client(server.url, "/ws/chat") as speaker:
            # Somebody who doesn't read keeps the drain from being over.
            stuck = RawSocket(server.url, "/ws/chat", receive_buffer=4_096)
            stuck.open()
            await flood(speaker, 12_000_000)
            ready = await get(f"{server.url}/readyz")
            server.signal(signal.SIGTERM)
            assert await speaker.ended() == 1012
            draining = await get(f"{server.url}/readyz")
            alive = await get(f"{server.url}/healthz")
            with pytest.raises(InvalidStatus) as refused:
                async with Client(server.url, "/ws/chat"):
                    pass
            stuck.reset()
        assert await asyncio.to_thread(server.wait) == 0
    assert (ready.status_code, draining.status_code, alive.status_code) == (200, 503, 200)
    assert refused.value.response.status_code == 503
    server.check_log()


async def test_a_client_that_never_reads_does_not_keep_the_server_from_ending(
    tmp_path: Path,
) -> None:
    patience = {
        "SWITCHBOARD_DRAIN_SECONDS": "1",
        "SWITCHBOARD_SEND_TIMEOUT": "0.5",
        "SWITCHBOARD_SHUTDOWN_SECONDS": "1",
        "SWITCHBOARD_MAILBOX_BYTES": str(32 * 1024 * 1024),
        "SWITCHBOARD_MAILBOX_FRAMES": "100000",
    }
    with (
        Server(tmp_path, **patience) as server,
        RawSocket(server.url, "/ws/chat", receive_buffer=4_096) as stuck,
    ):
        stuck.open()
        async with Client(server.url, "/ws/chat") as speaker:
            await flood(speaker, 12_000_000)
            server.signal(signal.SIGTERM)
            assert await speaker.ended() == 1012
        assert await asyncio.to_thread(server.wait) == 0
    server.check_log()
