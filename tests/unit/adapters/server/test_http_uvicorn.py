"""Requests up to their upgrade to a WebSocket, through both protocols as a server has them."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest
from uvicorn.server import ServerState

from adapters.environment import load_settings
from adapters.server.serving import uvicorn_config
from tests.doubles import address_limits
from tests.unit.adapters.server.connections import Recorder, until
from tests.unit.adapters.server.wire import HANDSHAKE, Answer, Wire, answer, text
from tests.waiting import DEADLINE


class Client:
    """Has asked nothing yet."""

    def __init__(self, *, handshake_timeout: float = DEADLINE) -> None:
        self.app = Recorder()
        settings = load_settings(
            _env_file=None,
            max_frame_bytes=1_024,
            handshake_timeout=handshake_timeout,
            keepalive_seconds=DEADLINE,
            shutdown_seconds=1,
        ).server
        config = uvicorn_config(self.app, settings, address_limits(), lifespan="off")
        config.load()
        self.state = ServerState()
        self.wire = Wire()
        make = cast("Callable[..., asyncio.Protocol]", config.http_protocol_class)
        protocol = make(config=config, server_state=self.state, app_state={})
        self.wire.set_protocol(protocol)
        protocol.connection_made(self.wire)

    def send(self, data: bytes) -> None:
        assert self.wire.protocol is not None
        self.wire.protocol.data_received(data)

    async def end(self) -> Answer:
        """What was answered by the time the server had closed the connection."""
        await until(lambda: self.wire.closing or self.wire.ended)
        if self.wire.ended:
            assert self.wire.protocol is not None
            self.wire.protocol.eof_received()
            self.wire.close()
        await until(lambda: not self.state.connections)
        return answer(self.wire)


async def test_an_upgrade_is_accepted_and_frames_are_received() -> None:
    client = Client()
    client.send(HANDSHAKE + b"Content-Length: 0\r\n\r\n")
    await until(lambda: client.wire.writes)
    client.send(text("hello"))
    await until(lambda: client.app.messages)
    client.wire.close()
    assert (await client.end()).status == 101
    assert client.app.messages == ["hello"]


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"http://switchboard/ws/room/a%20b?since=x", b"/ws/room/a%20b", b"since=x"),
        (b"http://switchboard", b"/", b""),
    ],
)
async def test_an_upgrade_may_be_asked_for_with_the_host_in_its_address(
    target: bytes, path: bytes, query: bytes
) -> None:
    client = Client()
    client.send(HANDSHAKE.replace(b"/ws?who=ana", target, 1) + b"\r\n")
    await until(lambda: client.wire.writes)
    client.wire.close()
    assert (await client.end()).status == 101
    assert (client.app.scope["raw_path"], client.app.scope["query_string"]) == (path, query)


@pytest.mark.parametrize(
    ("more", "status"),
    [
        pytest.param(b"Cookie: " + b"x" * 9_000 + b"\r\n", 431, id="a header too long"),
        pytest.param(b"X-Many: x\r\n" * 129, 431, id="too many headers"),
        pytest.param(b"Content-Length: 5\r\n", 400, id="a body that does not come"),
        pytest.param(b"Transfer-Encoding: chunked\r\n", 400, id="chunks that do not come"),
        pytest.param(b"Content-Length: 00\r\n", 400, id="a length that is no plain zero"),
    ],
)
async def test_an_upgrade_that_cannot_be_parsed_is_answered_with_an_error_and_ends(
    more: bytes, status: int
) -> None:
    client = Client()
    client.send(HANDSHAKE + more + b"\r\n")
    assert (await client.end()).status == status
    assert client.app.scope == {}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param(b"/" + b"x" * 9_000, 414, id="too long"),
        pytest.param("/ä".encode(), 400, id="not ASCII"),
        pytest.param(b"http://:x:/ws", 400, id="no host"),
    ],
)
async def test_an_upgrade_to_an_impossible_path_is_answered_with_an_error_and_ends(
    path: bytes, status: int
) -> None:
    client = Client()
    client.send(HANDSHAKE.replace(b"/ws", path, 1) + b"\r\n")
    assert (await client.end()).status == status
    assert client.app.scope == {}


async def test_an_upgrade_with_a_body_that_came_is_answered_with_an_error_and_ends() -> None:
    client = Client()
    client.send(HANDSHAKE + b"Content-Length: 5\r\n\r\nhello")
    assert (await client.end()).status == 400


async def test_a_connection_on_which_nothing_is_asked_ends_with_its_timeout() -> None:
    client = Client(handshake_timeout=0.01)
    await asyncio.wait_for(client.wire.lost.wait(), DEADLINE)
    assert client.wire.aborted
    assert client.wire.writes == []
