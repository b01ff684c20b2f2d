"""What keeps one client from harming the others: limits on frames, pace, numbers and patience."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.integration.client import Client, RawSocket, address, get, post
from tests.integration.processes import Server

LIMIT = 64 * 1024
PING = '{"action": "ping"}'


@pytest.fixture(scope="module")
def walled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all that needs no settings."""
    with Server(tmp_path_factory.mktemp("walled")) as server:
        yield server
    server.check_log()


@pytest.fixture(scope="module")
def generous(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that allows what is not allowed by default."""
    settings = {
        "SWITCHBOARD_PER_MESSAGE_DEFLATE": "1",
        "SWITCHBOARD_ALLOWED_ORIGINS": "https://one.example,https://two.example",
    }
    with Server(tmp_path_factory.mktemp("generous"), **settings) as server:
        yield server
    server.check_log()


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One whose limits are soon reached."""
    limits = {
        "SWITCHBOARD_FRAMES_PER_SECOND": "200",
        "SWITCHBOARD_FRAME_BURST": "10",
        "SWITCHBOARD_FLOOD_SECONDS": "1",
        "SWITCHBOARD_ROOM_MEMBERS": "2",
    }
    with Server(tmp_path_factory.mktemp("strict"), **limits) as server:
        yield server
    server.check_log()


@pytest.mark.parametrize("size", [LIMIT - 1, LIMIT])
async def test_a_frame_of_up_to_64_kib_is_taken(walled: Server, size: int) -> None:
    async with Client(walled.url, "/ws/system") as client:
        await client.send_raw(PING.ljust(size))
        await client.until_pong()
    assert {"action": "pong", "payload": None} in client.frames
    assert client.payloads("error") == []


@pytest.mark.parametrize("size", [LIMIT + 1, 20 * LIMIT])
async def test_a_frame_over_64_kib_is_closed_with_1009(walled: Server, size: int) -> None:
    async with Client(walled.url, "/ws/system") as client:
        # A large frame may be refused while it is still being sent.
        with contextlib.suppress(ConnectionClosed):
            await client.send_raw(PING.ljust(size))
        assert await client.ended() == 1009


async def test_a_frame_in_parts_is_measured_as_a_whole(walled: Server) -> None:
    async with connect(address(walled.url, "/ws/system"), proxy=None) as client:
        await client.recv()
        await client.send([PING[:5], PING[5:].ljust(LIMIT - 5)])
        assert await client.recv() == '{"action":"pong","payload":null}'
        await client.send([PING[:5], PING[5:].ljust(LIMIT - 4)])
        await client.wait_closed()
        assert client.close_code == 1009


async def test_one_that_breaks_the_limit_disturbs_nobody_else(walled: Server) -> None:
    async with Client(walled.url, "/ws/chat") as stays:
        async with Client(walled.url, "/ws/chat") as client:
            await client.send_raw("x" * (LIMIT + 1))
            assert await client.ended() == 1009
        await stays.receive("chat_notification", message="❌ Someone left the chat.")
        await stays.send("chat", {"message": "still here"})
        await stays.receive("chat_notification", message="💬 still here")


async def test_a_compressed_frame_is_measured_after_it_is_inflated(generous: Server) -> None:
    async with connect(address(generous.url, "/ws/system"), proxy=None) as client:
        assert [one.name for one in client.protocol.extensions] == ["permessage-deflate"]
        await client.send(" " * (40 * LIMIT))
        await client.wait_closed()
        assert client.close_code == 1009


async def test_frames_are_not_compressed_by_default(walled: Server) -> None:
    async with connect(address(walled.url, "/ws/system"), proxy=None) as client:
        assert client.protocol.extensions == []


@pytest.mark.parametrize(
    "origin",
    [
        "https://elsewhere.example",
        "null",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "http://localhost:{port}",
        "http://127.0.0.1:{port}.elsewhere.example",
        "http://elsewhere.example@127.0.0.1:{port}",
        "nonsense",
        "",
    ],
)
async def test_a_page_of_another_origin_is_refused_before_the_handshake(
    walled: Server, origin: str
) -> None:
    headers = {"Origin": origin.format(port=walled.port)}
    with pytest.raises(InvalidStatus) as refused:
        async with Client(walled.url, "/ws/chat", headers=headers):
            pass
    assert refused.value.response.status_code == 403


async def test_a_page_of_the_same_host_and_a_program_may_connect(walled: Server) -> None:
    for headers in ({"Origin": walled.url}, {"Origin": walled.url.upper()}, {}):
        async with Client(walled.url, "/ws/system", headers=headers) as client:
            await client.receive("system_echo")


async def test_a_page_of_another_origin_may_not_announce_anything(walled: Server) -> None:
    body = {"channel": "chat", "message": "spam"}
    refused = await post(
        f"{walled.url}/api/announcements", body, Origin="https://elsewhere.example"
    )
    taken = await post(f"{walled.url}/api/announcements", body, Origin=walled.url)
    assert (refused.status_code, taken.status_code) == (403, 202)


async def test_listed_origins_may_connect(generous: Server) -> None:
    for origin in ("https://one.example", "https://two.example", generous.url):
        async with Client(generous.url, "/ws/system", headers={"Origin": origin}) as client:
            await client.receive("system_echo")
    with pytest.raises(InvalidStatus) as refused:
        async with Client(generous.url, "/ws/system", headers={"Origin": "https://three.example"}):
            pass
    assert refused.value.response.status_code == 403


async def test_a_flood_is_slowed_down_and_all_of_it_answered(strict: Server) -> None:
    async with Client(strict.url, "/ws/system") as client:
        for number in range(60):
            await client.send("user_message", {"message": str(number)})
        await client.receive("system_echo", message="🔧 System Echo: 59")
    warned = client.payloads("error")
    assert len(warned) == 1
    assert warned[0]["code"] == "too_many_frames"
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


def test_three_hundred_abrupt_ends_leave_nobody_behind(walled: Server) -> None:
    for number in range(300):
        socket = RawSocket(walled.url, f"/ws/room/room{number % 10}")
        if number % 5 == 1:
            socket.ask()
        elif number % 5 > 1:
            socket.open()
            socket.send("room_chat", {"message": "and away"})
        socket.reset()
    with httpx2.Client(trust_env=False) as http:
        end = time.monotonic() + 15
        while (rooms := http.get(f"{walled.url}/api/rooms").json()["rooms"]) != []:
            assert time.monotonic() < end, rooms
        assert http.get(f"{walled.url}/readyz").status_code == 200
    walled.check_log()


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 100,
        b"\x81\x05hello",
        b"\x83\x80\x00\x00\x00\x00",
        b"\x80\x80\x00\x00\x00\x00",
        b"\x89\xfe\x00\x7e\x00\x00\x00\x00" + b"x" * 126,
        b"\x88\x81\x00\x00\x00\x00x",
        b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00",
    ],
    ids=[
        "noise",
        "unmasked",
        "unknown opcode",
        "continues nothing",
        "long ping",
        "half a code",
        "endless",
    ],
)
def test_what_is_no_websocket_frame_ends_that_connection_only(walled: Server, data: bytes) -> None:
    with RawSocket(walled.url, "/ws/system") as socket:
        socket.open()
        socket.send_bytes(data)
        socket.read_to_end()
        assert socket.close_code in {1002, 1006, 1009}
    with RawSocket(walled.url, "/ws/system") as other:
        other.open()


@pytest.mark.parametrize(
    "request_head",
    [
        "GET /ws/chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        "GET /ws/chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 7\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "GET /ws/chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n",
        "POST /ws/chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "nonsense\r\n\r\n",
        "GET /ws/chat HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=["no key", "old version", "bad key", "POST", "nonsense", "no upgrade"],
)
def test_a_handshake_that_is_none_is_answered_over_http(walled: Server, request_head: str) -> None:
    answer = b""
    with RawSocket(walled.url, "/ws/chat") as socket:
        socket.send_bytes(request_head.encode())
        answer = socket.receive_bytes()
    status = int(answer.split()[1])
    assert 400 <= status < 500
