"""What a client is refused, and that it is told why."""

import asyncio

import pytest
from websockets.frames import Opcode

import adapters.server.websocket_reading
from adapters.server.buffered_transport import WriteBatch
from tests.unit.adapters.server.connections import (
    MAX_SIZE,
    Connection,
    Kind,
    Recorder,
    some_turns,
    until,
)
from tests.unit.adapters.server.wire import client_frame, closing, text
from tests.waiting import DEADLINE

UNFINISHED = client_frame(Opcode.TEXT, b"begun", fin=False)

NOT_UTF_8 = [
    pytest.param(client_frame(Opcode.TEXT, b"\xff\xfe"), 1007, id="not-utf-8"),
    pytest.param(UNFINISHED + client_frame(Opcode.CONT, b"\xff"), 1007, id="fragment-not-utf-8"),
]

BROKEN = [
    pytest.param(client_frame(Opcode.TEXT, b"hello", mask=None), 1002, id="unmasked"),
    pytest.param(client_frame(Opcode.TEXT, b"hello", reserved=4), 1002, id="reserved-bit"),
    pytest.param(client_frame(0x3, b"hello"), 1002, id="unknown-opcode"),
    pytest.param(client_frame(Opcode.PING, b"hello", fin=False), 1002, id="ping-in-fragments"),
    pytest.param(client_frame(Opcode.PING, b"x" * 126), 1002, id="ping-too-long"),
    pytest.param(client_frame(Opcode.CONT, b"hello"), 1002, id="nothing-to-continue"),
    pytest.param(UNFINISHED + text("x"), 1002, id="text-within-a-fragmented-message"),
    pytest.param(UNFINISHED + closing(), 1002, id="close-within-a-fragmented-message"),
    pytest.param(client_frame(Opcode.CLOSE, b"\x03"), 1002, id="close-with-half-a-code"),
    pytest.param(closing(1005), 1002, id="close-with-a-code-that-is-never-sent"),
    pytest.param(client_frame(Opcode.CLOSE, b"\x03\xe8\xff"), 1007, id="close-not-utf-8"),
    pytest.param(text("x" * (MAX_SIZE + 1)), 1009, id="text-too-large"),
    pytest.param(client_frame(Opcode.BINARY, b"x" * (MAX_SIZE + 1)), 1009, id="binary-too-large"),
    pytest.param(
        UNFINISHED + client_frame(Opcode.CONT, b"x" * (MAX_SIZE - 4)),
        1009,
        id="fragments-too-large",
    ),
]


@pytest.mark.parametrize(
    "cut",
    [3, len(UNFINISHED), 1_000_000],
    ids=["within-the-frame", "after-the-first-frame", "whole"],
)
@pytest.mark.parametrize(("frames", "code"), [*NOT_UTF_8, *BROKEN])
async def test_what_is_refused_ends_our_half_with_a_code_and_the_rest_is_discarded(
    app: Recorder, connection: Connection, frames: bytes, code: int, cut: int
) -> None:
    await connection.feed(text("good"))
    await connection.feed(frames[:cut], frames[cut:])
    await until(lambda: connection.wire.ended)
    await connection.feed(text("too late"), client_frame(Opcode.PING, b"too late"), b"x" * 10_000)
    await some_turns()
    assert connection.answer.close_codes == [code]
    assert connection.wire.ended
    assert not connection.wire.is_closing()
    assert app.messages == ["good"]
    assert app.disconnect["code"] == code
    await connection.hang_up()


@pytest.mark.parametrize("frames", [each.values[0] for each in (*NOT_UTF_8, *BROKEN)])
async def test_what_came_in_one_piece_before_a_refused_frame_is_received(
    app: Recorder, connection: Connection, frames: bytes
) -> None:
    good = text("good") + client_frame(Opcode.BINARY, b"better") + text("best")
    await connection.feed(good + client_frame(Opcode.PING, b"?") + frames + text("too late"))
    await connection.hang_up()
    assert app.messages == ["good", b"better", "best"]
    assert app.disconnect["code"] in {1002, 1007, 1009}
    assert connection.answer.pongs[:1] == [b"?"]


async def test_the_rest_is_discarded_even_if_the_application_takes_nothing(
    app: Recorder, connection: Connection
) -> None:
    app.reads.clear()
    await connection.feed(text("taken"))
    await until(lambda: app.messages)
    await connection.feed(text("good") * 15 + client_frame(Opcode.TEXT, mask=None))
    await connection.feed(*(text("too late") * 100 for _ in range(10)))
    assert connection.wire.is_reading()
    app.reads.set()
    await connection.hang_up()
    assert app.messages == ["taken"] + ["good"] * 15


@pytest.mark.parametrize("code", [1000, 1001])
async def test_a_close_in_one_piece_with_text_that_is_not_utf_8_ends_the_connection(
    app: Recorder, connection: Connection, code: int
) -> None:
    await connection.feed(client_frame(Opcode.TEXT, b"\xff") + text("too late") + closing(code))
    await connection.over()
    assert app.messages == []
    assert connection.answer.close_codes == [code]
    assert app.disconnect["code"] == code


async def test_a_text_is_refused_from_the_first_byte_over_the_limit(kind: Kind) -> None:
    app = Recorder()
    connection = Connection(kind, app, max_size=1_024)
    await connection.open()
    await connection.feed(text("x" * 1_024), text("x" * 1_025))
    await connection.hang_up()
    assert app.messages == ["x" * 1_024]
    assert connection.answer.close_codes == [1009]


async def test_what_a_refused_client_goes_on_with_harms_no_other_connection(kind: Kind) -> None:
    batch, app = WriteBatch(), Recorder()
    refused, other = Connection(kind, Recorder(), batch=batch), Connection(kind, app, batch=batch)
    for each in (refused, other):
        await each.open()
    not_utf_8, ping = client_frame(Opcode.TEXT, b"\xff"), client_frame(Opcode.PING, b"?")
    for piece in (not_utf_8 + ping, ping):
        await refused.feed(piece)
        await app.send({"type": "websocket.send", "text": "to another"})
        await some_turns()
    assert refused.answer.close_codes == [1007]
    assert other.answer.texts == ["to another"] * 2
    for each in (refused, other):
        await each.hang_up()


async def test_a_refusal_is_told_once_though_the_client_goes_on(
    app: Recorder, connection: Connection
) -> None:
    await connection.feed(client_frame(Opcode.TEXT, mask=None))
    await connection.feed(b"x" * 10_000, b"x")
    await until(lambda: app.ended)
    more = asyncio.ensure_future(app.receive())
    await some_turns()
    assert not more.done()
    await connection.hang_up()
    assert (await more)["code"] == 1005


async def test_a_refused_client_is_given_only_so_long_to_be_done(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapters.server.websocket_reading, "LINGER_SECONDS", 0.01)
    closed = asyncio.Event()
    monkeypatch.setattr(connection.wire, "close", closed.set)
    await connection.feed(text("x" * (MAX_SIZE + 1)))
    await some_turns()
    assert not closed.is_set()
    await asyncio.wait_for(closed.wait(), DEADLINE)
    monkeypatch.undo()


async def test_a_refused_client_that_answers_the_close_is_closed_at_once(
    app: Recorder, connection: Connection
) -> None:
    await connection.feed(client_frame(Opcode.TEXT, b"\xff"))
    await until(lambda: app.ended)
    await connection.feed(closing(1007))
    assert connection.wire.is_closing()


async def test_an_application_that_sends_after_a_refusal_is_told_that_it_is_over(
    app: Recorder, connection: Connection
) -> None:
    await connection.feed(client_frame(Opcode.TEXT, b"\xff"))
    with pytest.raises(RuntimeError, match=r"after sending 'websocket.close'"):
        await app.send({"type": "websocket.send", "text": "too late"})
    assert connection.answer.texts == []
