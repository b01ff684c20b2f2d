"""Peers that break off, or speak no WebSocket: nobody is left of them, and the others stay."""

import time

import httpx2
import pytest

from tests.integration.processes import Server
from tests.integration.raw_socket import RawSocket


def test_three_hundred_abrupt_ends_leave_nobody_behind(steady: Server) -> None:
    for number in range(300):
        socket = RawSocket(steady.url, f"/ws/room/room{number % 10}")
        if number % 5 == 1:
            socket.ask()
        elif number % 5 > 1:
            socket.open()
            socket.send("room_chat", {"message": "and away"})
        socket.reset()
    with httpx2.Client(trust_env=False) as http:
        end = time.monotonic() + 15
        while (rooms := http.get(f"{steady.url}/api/rooms").json()["rooms"]) != []:
            assert time.monotonic() < end, rooms
        assert http.get(f"{steady.url}/readyz").status_code == 200
    steady.check_log()


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
def test_what_is_no_websocket_frame_ends_that_connection_only(steady: Server, data: bytes) -> None:
    with RawSocket(steady.url, "/ws/system") as socket:
        socket.open()
        socket.send_bytes(data)
        socket.read_to_end()
        assert socket.close_code in {1002, 1006, 1009}
    with RawSocket(steady.url, "/ws/system") as other:
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
def test_a_handshake_that_is_none_is_answered_over_http(steady: Server, request_head: str) -> None:
    answer = b""
    with RawSocket(steady.url, "/ws/chat") as socket:
        socket.send_bytes(request_head.encode())
        answer = socket.receive_bytes()
    status = int(answer.split()[1])
    assert 400 <= status < 500
