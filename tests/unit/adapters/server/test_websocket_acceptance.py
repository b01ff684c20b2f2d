"""What happens while an application has not accepted yet."""

import asyncio

import pytest
from websockets.frames import Opcode

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


class Hesitant(Recorder):
    """Lets the client wait for the acceptance."""

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.scope = scope
        await self.reads.wait()
        await super().__call__(scope, receive, send)


def hesitating(kind: Kind) -> tuple[Connection, Hesitant]:
    app = Hesitant()
    app.reads.clear()
    return Connection(kind, app), app


async def test_frames_sent_before_the_handshake_is_accepted_are_received_after_it(
    kind: Kind,
) -> None:
    connection, app = hesitating(kind)
    connection.knock()
    await connection.feed(text("early") + client_frame(Opcode.BINARY, b"bird"))
    await some_turns()
    assert connection.wire.writes == []
    app.reads.set()
    await connection.feed(text("in time"))
    await connection.hang_up()
    assert app.messages == ["early", b"bird", "in time"]
    assert connection.answer.status == 101


async def test_frames_cut_by_the_acceptance_are_received_whole(kind: Kind) -> None:
    connection, app = hesitating(kind)
    connection.knock()
    frame = text("cut in two")
    await connection.feed(frame[:9])
    app.reads.set()
    await until(lambda: connection.wire.writes)
    await connection.feed(frame[9:] + text("next"))
    await connection.hang_up()
    assert app.messages == ["cut in two", "next"]


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param(client_frame(Opcode.TEXT, b"hello", mask=None), id="broken"),
        pytest.param(client_frame(Opcode.TEXT, b"\xff"), id="not-utf-8"),
        pytest.param(closing(), id="close"),
        pytest.param(closing() + text("after it"), id="close-and-more"),
    ],
)
async def test_a_client_that_ends_it_before_the_acceptance_is_gone_for_the_application(
    kind: Kind, frames: bytes
) -> None:
    connection, app = hesitating(kind)
    connection.knock()
    await some_turns()
    await connection.feed(frames)
    assert connection.wire.is_closing()
    app.reads.set()
    await connection.over()
    assert app.messages == []
    assert b"101" not in b"".join(connection.wire.writes)


async def test_an_application_that_refuses_as_the_client_breaks_it_off_is_no_error_of_ours(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    decided = asyncio.Event()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await decided.wait()
        await send({"type": "websocket.close"})

    connection = Connection(kind, app)
    connection.knock()
    await some_turns()
    decided.set()
    await connection.feed(client_frame(Opcode.TEXT, b"hello", mask=None))
    await connection.over()
    assert connection.wire.aborted
    assert caplog.records == []


async def test_a_client_that_leaves_before_the_acceptance_is_gone_for_the_application(
    kind: Kind,
) -> None:
    connection, app = hesitating(kind)
    connection.knock()
    await some_turns()
    connection.wire.close()
    await some_turns()
    app.reads.set()
    await connection.over()
    assert b"101" not in b"".join(connection.wire.writes)
    assert app.received == []
