"""Requests that are none: each is answered, and its connection ends."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from uvicorn.server import ServerState

from adapters.environment import load_settings
from adapters.server import http_refusals
from adapters.server.http_refusals import LINGER_BYTES
from adapters.server.http_uvicorn import FEED_BYTES, HEAD_BYTES
from adapters.server.serving import uvicorn_config
from tests.doubles import address_limits
from tests.unit.adapters.server.connections import Message, Receive, Send, some_turns, until
from tests.unit.adapters.server.wire import HANDSHAKE, Wire
from tests.waiting import DEADLINE

GET = b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


class App:
    """Answers as it is told to: when the body is there, or `early`, in two parts."""

    def __init__(self) -> None:
        self.early = False
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.paths: list[str] = []
        self.last: Message = {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.paths.append(scope["path"])
        begin = {"type": "http.response.start", "status": 200, "headers": []}
        if self.early:
            await send(begin)
        while True:
            self.last = await receive()
            if not self.last.get("more_body"):
                break
        await self.may_answer.wait()
        if not self.early:
            await send(begin)
        await send({"type": "http.response.body", "body": b"done"})


class Client:
    def __init__(self, handshake_timeout: float = DEADLINE) -> None:
        self.app = App()
        settings = load_settings(_env_file=None, handshake_timeout=handshake_timeout).server
        config = uvicorn_config(cast("Any", self.app), settings, address_limits(), lifespan="off")
        config.load()
        self.state = ServerState()
        self.wire = Wire()
        make = cast("Callable[..., asyncio.Protocol]", config.http_protocol_class)
        self.protocol = cast("Any", make(config=config, server_state=self.state, app_state={}))
        self.wire.set_protocol(self.protocol)
        self.protocol.connection_made(self.wire)

    @property
    def statuses(self) -> list[int]:
        answered = b"".join(self.wire.writes)
        return [int(each[:3]) for each in answered.split(b"HTTP/1.1 ")[1:]]

    def send(self, data: bytes) -> None:
        self.protocol.data_received(data)

    def end(self) -> None:
        """Say that nothing more is sent, as transports do."""
        if not self.protocol.eof_received():
            self.wire.close()

    async def leave(self) -> None:
        self.app.may_answer.set()
        self.wire.close()
        await until(lambda: not self.state.connections and not self.state.tasks)


def trailers(line: bytes, times: int) -> bytes:
    return CHUNKED + b"1\r\nx\r\n0\r\n" + line * times


@pytest.mark.parametrize(
    ("stream", "status"),
    [
        pytest.param(trailers(b"a:b\r\n", HEAD_BYTES), 431, id="trailers"),
        pytest.param(trailers(b"a:", 1) + b"b" * 2 * HEAD_BYTES, 431, id="one trailer"),
        pytest.param(CHUNKED + b"1;" + b"a" * 2 * HEAD_BYTES, 431, id="one extension"),
        pytest.param(CHUNKED + b"1;a=b\r\nx\r\n" * HEAD_BYTES, 431, id="extensions"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"x" * 2 * HEAD_BYTES, 431, id="a header"),
        pytest.param(HANDSHAKE + b"X: x\r\n" * HEAD_BYTES, 431, id="headers of an upgrade"),
        pytest.param(b"GET /" + b"x" * 2 * HEAD_BYTES, 414, id="a path"),
        pytest.param(HANDSHAKE.replace(b"/ws", b"/" + b"x" * 2 * HEAD_BYTES), 414, id="an upgrade"),
        pytest.param(b"\r\n" * 2 * HEAD_BYTES, 431, id="nothing"),
    ],
)
async def test_all_that_is_no_body_counts_as_head_and_is_refused_when_it_is_too_large(
    stream: bytes, status: int
) -> None:
    client = Client()
    client.send(stream)
    assert client.statuses == [status]
    assert client.wire.ended
    assert client.protocol._head_bytes <= HEAD_BYTES + FEED_BYTES
    await client.leave()


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(b"not HTTP\r\n\r\n", id="no HTTP"),
        pytest.param(b"CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n", id="a tunnel"),
        pytest.param(HANDSHAKE + b"Content-Length: 5\r\n\r\n", id="an upgrade with a body"),
        pytest.param(CHUNKED + b"nothing\r\n", id="broken chunks"),
    ],
)
async def test_what_cannot_be_parsed_is_refused(stream: bytes) -> None:
    client = Client()
    client.send(stream)
    assert client.statuses == [400]
    assert client.wire.ended
    await client.leave()


BEGUN = [
    pytest.param(b"GET /", id="a line"),
    pytest.param(b"GET / HTTP/1.1\r\nX: a", id="a head"),
    pytest.param(HANDSHAKE, id="an upgrade"),
    pytest.param(POST + b"a", id="a body"),
]


@pytest.mark.parametrize("begun", BEGUN)
async def test_a_request_that_takes_too_long_is_refused_and_its_connection_ends(
    begun: bytes,
) -> None:
    client = Client(handshake_timeout=0.01)
    client.send(begun)
    await asyncio.wait_for(client.wire.lost.wait(), DEADLINE)
    assert client.statuses == [408]
    await client.leave()


@pytest.mark.parametrize("begun", BEGUN)
async def test_a_request_that_ends_in_its_middle_is_refused(begun: bytes) -> None:
    client = Client()
    client.send(begun)
    client.end()
    assert client.statuses == [400]
    await client.leave()


async def test_a_client_that_asks_nothing_and_ends_is_answered_nothing() -> None:
    client = Client()
    client.send(b"\r\n")
    client.end()
    assert client.statuses == []
    await client.leave()


async def test_what_is_on_its_way_meanwhile_is_thrown_away_up_to_a_bound() -> None:
    client = Client()
    client.send(b"not HTTP\r\n\r\n")
    client.send(GET % 1)
    client.send(b"x" * (LINGER_BYTES - len(GET % 1)))
    await some_turns()
    assert (client.app.paths, client.statuses) == ([], [400])
    assert "abort" not in client.wire.calls
    client.send(b"x")
    assert "abort" in client.wire.calls
    await client.leave()


async def test_a_refused_client_that_stays_gives_its_descriptor_back_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_refusals, "LINGER_SECONDS", 0.01)
    client = Client()
    client.send(b"not HTTP\r\n\r\n")
    assert not client.wire.lost.is_set()
    # Its time for a request is longer than this test waits.
    await asyncio.wait_for(client.wire.lost.wait(), DEADLINE / 2)
    await client.leave()


async def test_a_refused_client_that_stays_makes_room_at_once() -> None:
    client = Client()
    client.send(b"not HTTP\r\n\r\n")
    client.protocol.turn_away()
    assert client.wire.aborted
    assert client.statuses == [400]
    await client.leave()


async def test_a_refused_client_that_stays_holds_up_no_shutdown() -> None:
    client = Client()
    client.send(POST)
    await some_turns()
    client.send(b"x" * 5 + b"not HTTP\r\n\r\n")
    client.protocol.shutdown()
    await asyncio.wait_for(client.wire.lost.wait(), DEADLINE)
    assert not client.wire.aborted
    await client.leave()


async def test_the_application_of_a_refused_body_is_told_that_its_client_is_gone() -> None:
    client = Client()
    client.send(CHUNKED)
    await some_turns()
    client.send(b"nothing\r\n")
    await until(lambda: not client.state.tasks)
    assert client.app.last == {"type": "http.disconnect"}
    assert client.statuses == [400]
    await client.leave()


async def test_what_is_refused_behind_a_request_does_not_cut_off_its_answer() -> None:
    client = Client()
    client.app.may_answer.clear()
    client.send(GET % 1 + b"not HTTP\r\n\r\n" + GET % 2)
    await some_turns()
    client.app.may_answer.set()
    await until(lambda: client.wire.closing)
    assert client.statuses == [200]
    assert client.app.paths == ["/1"]
    await client.leave()


async def test_a_body_that_is_refused_behind_a_request_does_not_cut_off_its_answer() -> None:
    client = Client()
    client.app.may_answer.clear()
    client.send(GET % 1 + CHUNKED + b"nothing\r\n")
    await some_turns()
    assert client.statuses == []
    client.app.may_answer.set()
    await until(lambda: client.wire.closing)
    assert client.statuses == [200]
    assert client.app.paths == ["/1"]
    await client.leave()


async def test_nothing_is_written_into_the_middle_of_an_answer() -> None:
    client = Client()
    client.app.early = True
    client.send(CHUNKED)
    await until(lambda: client.statuses)
    client.send(b"nothing\r\n")
    assert client.statuses == [200]
    assert client.wire.aborted
    await client.leave()
