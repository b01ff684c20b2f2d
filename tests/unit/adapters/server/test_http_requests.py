"""Requests over HTTP, one behind the other, without end, or with an offer that isn't taken."""

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import Any, cast

import pytest
from uvicorn.server import ServerState

from adapters.environment import load_settings
from adapters.server.http_uvicorn import FEED_BYTES
from adapters.server.serving import uvicorn_config
from tests.doubles import address_limits
from tests.unit.adapters.server.connections import Message, Receive, Send, some_turns, until
from tests.unit.adapters.server.wire import HANDSHAKE, Wire, text
from tests.waiting import DEADLINE

GET = b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


class Echo:
    """Answers with the path and the body, once it `may_answer`."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.headers: list[tuple[bytes, bytes]] = []
        self.said: str | None = None
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            self.said = (await receive()).get("text")
            return
        self.paths.append(scope["path"])
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        await self.may_answer.wait()
        self.headers = scope["headers"]
        answer = b"%s %s" % (scope["path"].encode(), body)
        length = (b"content-length", b"%d" % len(answer))
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": answer})


class Client:
    def __init__(self) -> None:
        self.app = Echo()
        settings = load_settings(_env_file=None, handshake_timeout=DEADLINE).server
        config = uvicorn_config(cast("Any", self.app), settings, address_limits(), lifespan="off")
        config.load()
        self.state = ServerState()
        self.wire = Wire()
        make = cast("Callable[..., asyncio.Protocol]", config.http_protocol_class)
        self.wire.set_protocol(make(config=config, server_state=self.state, app_state={}))
        self._protocol.connection_made(self.wire)

    @property
    def _protocol(self) -> Any:
        return self.wire.protocol

    @property
    def answered(self) -> bytes:
        return b"".join(self.wire.writes)

    def send(self, data: bytes) -> None:
        self._protocol.data_received(data)

    async def leave(self) -> None:
        self.app.may_answer.set()
        self.wire.close()
        await until(lambda: not self.state.connections and not self.state.tasks)


async def test_requests_in_one_piece_are_answered_in_order_and_begun_one_after_the_other() -> None:
    client = Client()
    client.app.may_answer.clear()
    client.send(b"".join(GET % number for number in range(1_000)))
    await some_turns()
    assert client.app.paths == ["/0"]
    assert len(client._protocol.pipeline) <= FEED_BYTES // len(GET)
    assert not client.wire.is_reading()
    client.app.may_answer.set()
    await until(lambda: b"/999 " in client.answered)
    assert client.app.paths == [f"/{number}" for number in range(1_000)]
    assert client.wire.is_reading()
    await client.leave()


async def test_nothing_is_read_while_requests_wait_whatever_the_application_asks_for() -> None:
    client = Client()
    client.app.may_answer.clear()
    client.send(b"".join(GET % number for number in range(100)))
    await some_turns()
    assert client.app.paths == ["/0"]
    client._protocol.flow.resume_reading()
    assert not client.wire.is_reading()
    await client.leave()


async def test_what_waited_is_freed_with_the_connection_without_the_garbage_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        client = Client()
        client.app.may_answer.clear()
        client.send(b"".join(GET % number for number in range(1_000)))
        await some_turns()
        protocol = weakref.ref(client._protocol)
        cycles = [weakref.ref(cycle) for cycle, _ in client._protocol.pipeline]
        assert cycles
        await client.leave()
        client.wire.protocol = None
        await some_turns()
        assert protocol() is None
        assert [cycle() for cycle in cycles if cycle() is not None] == []
    finally:
        gc.enable()


async def test_a_body_that_lies_behind_a_request_that_waits_arrives_whole() -> None:
    client = Client()
    body = b"x" * 10 * FEED_BYTES
    post = b"POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    client.send(GET % 1 + GET % 2 + post + body + GET % 3)
    await until(lambda: b"/3 " in client.answered)
    assert b"/post " + body in client.answered
    await client.leave()


async def test_what_cannot_be_parsed_behind_a_request_does_not_cut_off_its_answer() -> None:
    client = Client()
    client.app.may_answer.clear()
    client.send(GET % 1 + b"not HTTP\r\n\r\n" + GET % 2)
    await some_turns()
    client.app.may_answer.set()
    await until(lambda: client.wire.closing)
    assert client.answered.startswith(b"HTTP/1.1 200 OK")
    assert client.app.paths == ["/1"]
    await client.leave()


async def test_an_upgrade_behind_a_request_is_done_after_its_answer() -> None:
    client = Client()
    client.app.may_answer.clear()
    client.send(GET % 1 + GET % 2 + HANDSHAKE + b"\r\n")
    await some_turns()
    assert client.answered == b""
    client.app.may_answer.set()
    await until(lambda: b" 101 " in client.answered)
    first, second, upgraded = client.answered.split(b"HTTP/1.1 ")[1:]
    assert first.startswith(b"200 ")
    assert first.endswith(b"/1 ")
    assert second.startswith(b"200 ")
    assert second.endswith(b"/2 ")
    assert upgraded.startswith(b"101 ")
    assert client.wire.is_reading()
    await client.leave()


async def test_a_body_in_chunks_may_be_larger_than_a_head_and_its_trailers_are_no_headers() -> None:
    client = Client()
    chunk = b"%x\r\n%s\r\n" % (4_096, b"x" * 4_096)
    client.send(CHUNKED + chunk * 64 + b"0\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n")
    await until(lambda: b"/ " + b"x" * 64 * 4_096 in client.answered)
    assert [name for name, _ in client.app.headers] == [b"host", b"transfer-encoding"]
    await client.leave()


OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"


@pytest.mark.parametrize("size", [1, 100, 100_000], ids=["bytes", "pieces", "at once"])
async def test_an_offer_of_http_2_is_not_taken_and_the_request_served_as_without(size: int) -> None:
    client = Client()
    post = b"POST /post HTTP/1.1\r\n" + OFFER + b"Host: x\r\nContent-Length: 5\r\n\r\nhello"
    stream = post + b"GET /get HTTP/1.1\r\nHost: x\r\n" + OFFER + b"\r\n" + GET % 3
    for at in range(0, len(stream), size):
        client.send(stream[at : at + size])
        await some_turns()
    await until(lambda: b"/3 " in client.answered)
    assert client.app.paths == ["/post", "/get", "/3"]
    assert b"/post hello" in client.answered
    assert client.app.headers == [(b"host", b"x")]
    await client.leave()


@pytest.mark.parametrize(
    ("version", "header", "is_kept"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"Connection: close\r\n", False),
        (b"1.0", b"", False),
    ],
    ids=["kept", "closed", "of HTTP/1.0"],
)
async def test_with_an_offer_a_connection_is_kept_or_closed_as_without(
    version: bytes, header: bytes, is_kept: bool
) -> None:
    client = Client()
    client.send(b"GET /get HTTP/%s\r\nHost: x\r\n" % version + header + OFFER + b"\r\n")
    await until(lambda: b"/get " in client.answered)
    assert client.wire.is_closing() != is_kept
    await client.leave()


@pytest.mark.parametrize("ahead", [b"", GET % 1], ids=["alone", "behind a request"])
async def test_a_frame_that_comes_with_its_handshake_is_received(ahead: bytes) -> None:
    client = Client()
    client.send(ahead + HANDSHAKE + b"\r\n" + text("at once"))
    await until(lambda: client.app.said is not None)
    assert client.app.said == "at once"
    await client.leave()
