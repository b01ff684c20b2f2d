"""Frames without a message (pings, pongs, fragments) are told to who asks, and read no faster."""

from collections.abc import AsyncIterator

import pytest
from websockets.frames import Opcode

from adapters.asgi_extensions import CONTINUE, OVERHEAD
from adapters.server.websocket_reading import PARSE_BYTES, READ_AHEAD
from tests.unit.adapters.server.connections import Connection, Kind, Message, Receive, Send, until
from tests.unit.adapters.server.wire import client_frame, text

MANY = 10_000
SLICE = PARSE_BYTES // len(client_frame(Opcode.PING)) + 1
"""So many empty frames are parsed at once, at most."""

EMPTY = [
    pytest.param(client_frame(Opcode.PING), id="pings"),
    pytest.param(client_frame(Opcode.PONG), id="pongs"),
    pytest.param(client_frame(Opcode.CONT, fin=False), id="fragments"),
]


class Metered:
    """Goes on after the application has returned, and takes a message whenever it is `asked`."""

    def __init__(self) -> None:
        self.receive: Receive
        self.send: Send

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.receive, self.send = receive, send
        await receive()
        await send({"type": "websocket.accept"})
        scope["extensions"][CONTINUE]["call"](self._rest)
        self.is_over = False

    async def _rest(self) -> None:
        await until(lambda: self.is_over)


@pytest.fixture
def app() -> Metered:
    return Metered()


@pytest.fixture
async def connection(kind: Kind, app: Metered) -> AsyncIterator[Connection]:
    connection = Connection(kind, app)
    await connection.open()
    yield connection
    app.is_over = True
    connection.wire.abort()
    await connection.over()


@pytest.mark.parametrize("frame", EMPTY)
async def test_all_that_came_are_told_and_no_more_are_parsed_until_that_was_taken(
    app: Metered, connection: Connection, frame: bytes
) -> None:
    begin = client_frame(Opcode.TEXT, b"x", fin=False)
    await connection.feed(begin + frame * MANY + client_frame(Opcode.CONT))
    told, texts = 0, []
    while told <= MANY - READ_AHEAD:
        message = await app.receive()
        texts += [message["text"]] if "text" in message else []
        if message["type"] == OVERHEAD:
            assert READ_AHEAD <= message["frames"] <= SLICE
            told += message["frames"]
        assert len(connection.answer.pongs) <= told + SLICE
    assert told <= MANY + 1
    assert texts == ["x"]
    assert connection.wire.is_reading()


async def test_a_few_wake_nobody(app: Metered, connection: Connection) -> None:
    for _ in range(READ_AHEAD - 1):
        await connection.feed(client_frame(Opcode.PONG))
    await connection.feed(text("hello"))
    assert await app.receive() == {"type": "websocket.receive", "text": "hello"}
    await connection.feed(client_frame(Opcode.PONG))
    assert (await app.receive())["frames"] == READ_AHEAD


@pytest.mark.parametrize("frame", EMPTY)
async def test_pieces_of_them_are_read_no_faster_either(
    app: Metered, connection: Connection, frame: bytes
) -> None:
    await connection.feed(client_frame(Opcode.TEXT, b"x", fin=False))
    for _ in range(READ_AHEAD):
        assert connection.wire.is_reading()
        await connection.feed(frame * READ_AHEAD)
    assert not connection.wire.is_reading()
    assert (await app.receive())["frames"] == READ_AHEAD + 1


async def test_it_is_told_how_much_of_the_answers_the_client_has_not_read(
    app: Metered, connection: Connection
) -> None:
    connection.wire.full = True
    await connection.feed(client_frame(Opcode.PING, b"x" * 100) * READ_AHEAD)
    message = await app.receive()
    assert message["unread_bytes"] >= READ_AHEAD * 100


async def test_empty_fragments_take_no_memory(app: Metered, connection: Connection) -> None:
    await connection.feed(client_frame(Opcode.BINARY, b"x", fin=False))
    await connection.feed(client_frame(Opcode.CONT, fin=False) * (READ_AHEAD - 2))
    assert connection.protocol.frames == [b"x"]
    await connection.feed(client_frame(Opcode.CONT, b"y"))
    assert await app.receive() == {"type": "websocket.receive", "bytes": b"xy"}
