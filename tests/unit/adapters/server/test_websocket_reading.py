"""How far is read ahead of the application, and that the rest is read when it takes more."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from websockets.frames import Opcode

from adapters.server.websocket_reading import PARSE_BYTES, READ_AHEAD
from adapters.server.websocket_uvicorn import WebSocketProtocol
from tests.unit.adapters.server.connections import Connection, Recorder, some_turns, until
from tests.unit.adapters.server.wire import client_frame, closing, text

MANY = 10_000


@pytest.fixture
def app() -> Recorder:
    return Recorder()


@pytest.fixture
async def connection(app: Recorder) -> AsyncIterator[Connection]:
    """Its application takes no more than the message `ready`."""
    connection = Connection("fast", app)
    await connection.open()
    app.reads.clear()
    await connection.feed(text("ready"))
    await until(lambda: app.messages == ["ready"])
    yield connection
    app.reads.set()
    await connection.hang_up()


def waiting(connection: Connection) -> int:
    """How many messages were parsed and not taken yet."""
    assert isinstance(connection.protocol, WebSocketProtocol)
    return len(connection.protocol._messages)


def numbered(amount: int) -> tuple[bytes, list[str | bytes]]:
    return b"".join(text(f"{number}") for number in range(amount)), [
        f"{number}" for number in range(amount)
    ]


async def test_few_texts_are_read_and_reading_goes_on(
    app: Recorder, connection: Connection
) -> None:
    stream, contents = numbered(READ_AHEAD - 1)
    await connection.feed(stream)
    assert connection.wire.is_reading()
    app.reads.set()
    await connection.hang_up()
    assert app.messages == ["ready", *contents]


async def test_reading_pauses_when_enough_was_read_even_if_nothing_is_left_over(
    app: Recorder, connection: Connection
) -> None:
    stream, _ = numbered(READ_AHEAD)
    await connection.feed(stream)
    assert waiting(connection) == READ_AHEAD
    assert not connection.wire.is_reading()


async def test_of_many_texts_in_one_piece_only_some_are_parsed_before_they_are_taken(
    app: Recorder, connection: Connection
) -> None:
    stream, contents = numbered(MANY)
    await connection.feed(stream)
    assert waiting(connection) == READ_AHEAD
    assert not connection.wire.is_reading()
    app.pace = 1
    app.reads.set()
    while len(app.received) < MANY:
        assert waiting(connection) <= READ_AHEAD
        await asyncio.sleep(0)
    await connection.hang_up()
    assert app.messages == ["ready", *contents]


async def test_of_many_binary_frames_in_one_piece_at_most_a_slice_is_parsed_beyond(
    app: Recorder, connection: Connection
) -> None:
    frames = [client_frame(Opcode.BINARY, b"%d" % number) for number in range(MANY)]
    await connection.feed(b"".join(frames))
    assert READ_AHEAD <= waiting(connection) <= READ_AHEAD + PARSE_BYTES // len(frames[0])
    assert not connection.wire.is_reading()
    app.reads.set()
    await connection.hang_up()
    assert app.messages == ["ready", *(b"%d" % number for number in range(MANY))]


async def test_texts_and_others_in_one_piece_are_received_in_order(
    app: Recorder, connection: Connection
) -> None:
    frames: list[bytes] = []
    for number in range(MANY // 10):
        frames += [text(f"{number}")] * 7 + [client_frame(Opcode.BINARY, b"%d" % number)]
        frames.append(client_frame(Opcode.PING, b"%d" % number))
    await connection.feed(b"".join(frames))
    app.reads.set()
    await connection.hang_up()
    expected: list[str | bytes] = ["ready"]
    for number in range(MANY // 10):
        expected += [f"{number}"] * 7 + [b"%d" % number]
    assert app.messages == expected
    assert connection.answer.pongs == [b"%d" % number for number in range(MANY // 10)]


async def test_reading_pauses_once_and_resumes_when_all_was_taken(
    app: Recorder, connection: Connection
) -> None:
    stream, _ = numbered(5 * READ_AHEAD)
    connection.wire.calls.clear()
    await connection.feed(stream)
    assert connection.wire.calls == ["pause_reading"]
    app.reads.set()
    await until(lambda: len(app.messages) == 5 * READ_AHEAD + 1)
    assert connection.wire.calls == ["pause_reading", "resume_reading"]


async def test_a_piece_that_comes_although_reading_is_paused_is_kept(
    app: Recorder, connection: Connection
) -> None:
    stream, contents = numbered(10 * READ_AHEAD)
    await connection.feed(stream[:300])
    connection.protocol.data_received(stream[300:])
    assert waiting(connection) == READ_AHEAD
    app.reads.set()
    await connection.hang_up()
    assert app.messages == ["ready", *contents]


async def test_a_close_behind_unread_frames_is_echoed_when_they_were_taken(
    app: Recorder, connection: Connection
) -> None:
    stream, contents = numbered(MANY)
    await connection.feed(stream + closing(4002))
    assert connection.answer.close_codes == []
    app.reads.set()
    await connection.over()
    assert app.messages == ["ready", *contents]
    assert app.disconnect["code"] == 4002
    assert connection.answer.close_codes == [4002]


async def test_a_refused_frame_behind_unread_ones_is_refused_when_they_were_taken(
    app: Recorder, connection: Connection
) -> None:
    stream, contents = numbered(READ_AHEAD - 1)
    await connection.feed(stream + client_frame(Opcode.TEXT, b"\xff") + text("too late") * 1_000)
    app.reads.set()
    await connection.feed(text("too late"))
    await connection.hang_up()
    assert app.messages == ["ready", *contents]
    assert app.disconnect["code"] == 1007


@pytest.mark.parametrize("unread", [0, 5, READ_AHEAD])
@pytest.mark.parametrize("in_one_piece", [True, False], ids=["in-one-piece", "apart"])
async def test_the_clients_close_is_obeyed_though_the_application_took_no_more_and_closed(
    app: Recorder, connection: Connection, unread: int, in_one_piece: bool
) -> None:
    stream, _ = numbered(unread)
    if in_one_piece:
        await connection.feed(stream + closing())
    else:
        await connection.feed(stream)
    if not connection.wire.is_closing():
        await app.send({"type": "websocket.close", "code": 4001})
    if not in_one_piece:
        assert not connection.wire.is_closing()
        await connection.feed(text("crossing") * 1_000, text("crossing"), closing())
    assert connection.wire.is_closing()


async def test_a_close_far_behind_what_nobody_takes_is_not_looked_for_and_our_half_ends(
    app: Recorder, connection: Connection
) -> None:
    stream, _ = numbered(MANY)
    await connection.feed(stream + closing())
    await app.send({"type": "websocket.close", "code": 4001})
    assert connection.wire.ended
    assert connection.wire.is_reading()
    assert not connection.wire.is_closing(), "what comes would be answered by a TCP reset"
    await connection.feed(*[stream] * 10)
    assert connection.answer.close_codes == [4001]


async def test_nothing_unread_is_received_after_the_applications_close(
    app: Recorder, connection: Connection
) -> None:
    stream, contents = numbered(MANY)
    await connection.feed(stream)
    await app.send({"type": "websocket.close", "code": 4001})
    await connection.feed(text("crossing"))
    app.reads.set()
    await until(lambda: app.ended)
    assert app.messages == ["ready", *contents[:READ_AHEAD]]
    assert app.disconnect["code"] == 4001
    assert not connection.wire.is_closing()


async def test_a_connection_lost_with_unread_frames_ends_for_the_application_too(
    app: Recorder, connection: Connection
) -> None:
    stream, contents = numbered(MANY)
    await connection.feed(stream)
    connection.wire.close()
    await some_turns()
    app.reads.set()
    await connection.over()
    assert app.messages == ["ready", *contents[:READ_AHEAD]]
    assert waiting(connection) == 0
