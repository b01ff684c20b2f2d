"""What keeps one client from harming the others: limits on frames, pace and numbers."""

import contextlib
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.integration.client import Client, address, get
from tests.integration.conftest import Serve
from tests.integration.processes import Server

LIMIT = 64 * 1024


PING = '{"action": "ping"}'


@pytest.fixture(scope="module")
def strict(serve: Serve) -> Server:
    """One whose limits are soon reached."""
    limits = {
        "SWITCHBOARD_FRAMES_PER_SECOND": "200",
        "SWITCHBOARD_FRAME_BURST": "10",
        "SWITCHBOARD_FLOOD_SECONDS": "1",
        "SWITCHBOARD_ROOM_MEMBERS": "2",
    }
    return serve(**limits)


@pytest.fixture(scope="module")
def inflating(serve: Serve) -> Server:
    """One that takes compressed frames."""
    return serve(SWITCHBOARD_PER_MESSAGE_DEFLATE="1")


@pytest.mark.parametrize("size", [LIMIT - 1, LIMIT])
async def test_a_frame_of_up_to_64_kib_is_taken(steady: Server, size: int) -> None:
    async with Client(steady.url, "/ws/system") as client:
        await client.send_raw(PING.ljust(size))
        await client.until_pong()
    assert {"action": "pong", "payload": None} in client.frames
    assert client.payloads("error") == []


@pytest.mark.parametrize("size", [LIMIT + 1, 20 * LIMIT])
async def test_a_frame_over_64_kib_is_closed_with_1009(steady: Server, size: int) -> None:
    async with Client(steady.url, "/ws/system") as client:
        # A large frame may be refused while it is still being sent.
        with contextlib.suppress(ConnectionClosed):
            await client.send_raw(PING.ljust(size))
        assert await client.ended() == 1009


async def test_a_frame_in_parts_is_measured_as_a_whole(steady: Server) -> None:
    async with connect(address(steady.url, "/ws/system"), proxy=None) as client:
        await client.recv()
        await client.send([PING[:5], PING[5:].ljust(LIMIT - 5)])
        assert await client.recv() == '{"action":"pong","payload":null}'
        await client.send([PING[:5], PING[5:].ljust(LIMIT - 4)])
        await client.wait_closed()
        assert client.close_code == 1009


async def test_one_that_breaks_the_limit_disturbs_nobody_else(steady: Server) -> None:
    async with Client(steady.url, "/ws/chat") as stays:
        async with Client(steady.url, "/ws/chat") as client:
            await client.send_raw("x" * (LIMIT + 1))
            assert await client.ended() == 1009
        await stays.receive("chat_notification", message="❌ Someone left the chat.")
        await stays.send("chat", {"message": "still here"})
        await stays.receive("chat_notification", message="💬 still here")


async def test_a_compressed_frame_is_measured_after_it_is_inflated(inflating: Server) -> None:
    async with connect(address(inflating.url, "/ws/system"), proxy=None) as client:
        assert [one.name for one in client.protocol.extensions] == ["permessage-deflate"]
        await client.send(" " * (40 * LIMIT))
        await client.wait_closed()
        assert client.close_code == 1009


async def test_frames_are_not_compressed_by_default(steady: Server) -> None:
    async with connect(address(steady.url, "/ws/system"), proxy=None) as client:
        assert client.protocol.extensions == []


async def test_a_flood_is_slowed_down_and_all_of_it_answered(strict: Server) -> None:
    async with Client(strict.url, "/ws/system") as client:
        for number in range(60):
            await client.send("user_message", {"message": str(number)})
        await client.receive("system_echo", message="🔧 System Echo: 59")
    warned = client.payloads("error")
    assert len(warned) == 1
    assert warned[0]["code"] == "rate_limited"
    assert warned[0]["retryable"] is True
    assert warned[0]["retry_after_ms"] > 0
    assert client.messages("system_echo")[1:] == [f"🔧 System Echo: {n}" for n in range(60)]


async def test_a_flood_that_goes_on_is_closed_with_4429(strict: Server) -> None:
    async with Client(strict.url, "/ws/system") as client:
        for _ in range(500):
            await client.send("ping")
        assert await client.ended() == 4429
    disconnect = client.payloads("disconnect")[0]
    assert disconnect["code"] == 4429
    assert disconnect["reconnect"] is True
    assert disconnect["after_ms"] > 0


async def test_no_more_connections_than_allowed_are_let_in(tmp_path: Path) -> None:
    with Server(tmp_path, SWITCHBOARD_MAX_CONNECTIONS="2") as server:
        async with Client(server.url, "/ws/room/lobby") as first:
            async with Client(server.url, "/ws/room/lobby"):
                with pytest.raises(InvalidStatus) as refused:
                    async with Client(server.url, "/ws/system"):
                        pass
            await first.receive("room_notification", message="👋 Someone left room 'lobby'")
            async with Client(server.url, "/ws/system") as third:
                await third.receive("system_echo")
    assert refused.value.response.status_code == 503


async def test_a_full_room_takes_nobody_more(strict: Server) -> None:
    async with Client(strict.url, "/ws/room/lobby") as first:
        async with Client(strict.url, "/ws/room/lobby"):
            async with Client(strict.url, "/ws/room/lobby") as third:
                assert await third.ended() == 1013
            rooms = (await get(f"{strict.url}/api/rooms")).json()["rooms"]
        await first.receive("room_notification", message="👋 Someone left room 'lobby'")
        async with Client(strict.url, "/ws/room/lobby"):
            await first.receive("room_notification", message="🚪 Someone joined room 'lobby'")
        await first.receive("room_notification", message="👋 Someone left room 'lobby'")
    assert rooms == [{"room_name": "lobby", "members": 2}]
    assert third.payloads("disconnect")[0]["reconnect"] is True
    assert first.messages("room_notification").count("👋 Someone left room 'lobby'") == 2
