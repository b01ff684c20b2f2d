"""What our protocol adds to uvicorn's: the extensions."""

import asyncio

import pytest
from websockets.frames import Opcode

from adapters.asgi_extensions import ABORT, CONTINUE, WRITE
from adapters.server.buffered_transport import FLUSH_BYTES
from tests.unit.adapters.server.connections import (
    Connection,
    Kind,
    Message,
    Receive,
    Recorder,
    Send,
    some_turns,
    until,
)
from tests.unit.adapters.server.wire import client_frame, closing, text


async def test_written_text_goes_out_in_order_with_what_is_sent(
    app: Recorder, connection: Connection
) -> None:
    write = app.extension(WRITE)
    before = len(connection.wire.writes)
    assert write("one")
    await app.send({"type": "websocket.send", "text": "two"})
    assert write("three")
    await some_turns()
    assert connection.answer.texts == ["one", "two", "three"]
    assert len(connection.wire.writes) == before + 1


async def test_no_text_is_written_before_the_handshake_is_accepted(kind: Kind) -> None:
    written: list[bool] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        write = scope["extensions"][WRITE]["call"]
        written.append(write("early"))
        await receive()
        written.append(write("early"))
        await send({"type": "websocket.accept"})
        written.append(write("in time"))
        await receive()

    connection = Connection(kind, app)
    await connection.open()
    await connection.hang_up()
    assert written == [False, False, True]
    assert connection.answer.texts == ["in time"]


async def test_no_text_is_written_while_the_transport_is_full(
    app: Recorder, connection: Connection
) -> None:
    write = app.extension(WRITE)
    connection.protocol.pause_writing()
    assert not write("not now")
    connection.protocol.resume_writing()
    assert write("now")
    await some_turns()
    assert connection.answer.texts == ["now"]


async def test_a_transport_that_becomes_full_within_a_turn_takes_no_more_text(
    app: Recorder, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def filled(data: bytes) -> None:
        connection.protocol.pause_writing()

    monkeypatch.setattr(connection.wire, "write", filled)
    write = app.extension(WRITE)
    assert write("x" * FLUSH_BYTES)
    assert not write("one too many")
    monkeypatch.undo()


async def test_no_text_is_written_after_the_applications_close(
    app: Recorder, connection: Connection
) -> None:
    await app.send({"type": "websocket.close"})
    assert not app.extension(WRITE)("too late")
    connection.protocol.pause_writing()
    connection.protocol.resume_writing()
    assert not app.extension(WRITE)("too late")
    await connection.feed(closing())
    await connection.over()
    assert connection.answer.texts == []


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param(closing(), id="close"),
        pytest.param(client_frame(Opcode.TEXT, b"\xff"), id="not-utf-8"),
        pytest.param(client_frame(Opcode.TEXT, mask=None), id="broken"),
    ],
)
async def test_no_text_is_written_once_the_client_ended_it(
    app: Recorder, connection: Connection, frames: bytes
) -> None:
    await connection.feed(frames)
    assert not app.extension(WRITE)("too late")
    await connection.hang_up()
    assert not app.extension(WRITE)("too late")
    assert connection.answer.texts == []


async def test_no_text_is_written_to_a_lost_connection(
    app: Recorder, connection: Connection
) -> None:
    connection.wire.close()
    await connection.over()
    assert not app.extension(WRITE)("too late")


async def test_no_text_is_written_to_a_connection_that_closes_while_it_drains(
    app: Recorder, connection: Connection
) -> None:
    connection.wire.full = True
    connection.protocol.pause_writing()
    connection.protocol.transport.close()
    connection.protocol.resume_writing()
    assert not app.extension(WRITE)("too late")
    connection.wire.abort()


async def test_an_abort_ends_the_connection_at_once_and_drops_what_waits(
    app: Recorder, connection: Connection
) -> None:
    assert app.extension(WRITE)("never")
    app.extension(ABORT)()
    assert connection.wire.aborted
    await connection.over()
    assert connection.answer.texts == []
    assert app.disconnect == {"type": "websocket.disconnect", "code": 1005}


class HandsOver:
    """Accepts, then has `rest` go on for it."""

    def __init__(self, *, fails: bool) -> None:
        self.fails = fails
        self.returned = False
        self.received: list[Message] = []
        self.may_end = asyncio.Event()
        self.scope: Message = {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.scope = scope

        async def rest() -> None:
            assert self.returned
            self.received.append(await receive())
            await self.may_end.wait()
            if self.fails:
                raise LookupError("broken")

        await receive()
        await send({"type": "websocket.accept"})
        scope["extensions"][CONTINUE]["call"](rest)
        await some_turns()
        assert self.received == []
        self.returned = True


@pytest.mark.parametrize("fails", [False, True], ids=["returns", "raises"])
async def test_what_was_handed_over_runs_after_the_application_and_keeps_the_socket_open(
    kind: Kind, fails: bool, caplog: pytest.LogCaptureFixture
) -> None:
    app = HandsOver(fails=fails)
    connection = Connection(kind, app)
    await connection.open()
    await connection.feed(text("hello"))
    await until(lambda: app.received)
    await some_turns()
    assert app.received == [{"type": "websocket.receive", "text": "hello"}]
    assert app.scope == {}, "an idle connection would keep it in memory"
    assert not connection.wire.is_closing()
    app.may_end.set()
    await connection.over()
    assert connection.wire.is_closing()
    assert ("LookupError: broken" in caplog.text) == fails


async def test_what_was_handed_over_runs_although_what_is_round_the_application_raised(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    ended: list[bool] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        async def rest() -> None:
            ended.append(True)

        scope["extensions"][CONTINUE]["call"](rest)
        await receive()
        await send({"type": "websocket.accept"})
        raise LookupError("broken")

    connection = Connection(kind, app)
    await connection.open()
    await connection.over()
    assert ended == [True]
    assert connection.wire.is_closing()
    assert "LookupError: broken" in caplog.text
