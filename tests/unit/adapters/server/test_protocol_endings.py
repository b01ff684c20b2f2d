"""How a server that stops says so, in both protocols."""

import asyncio

import pytest
from websockets.frames import Opcode

from tests.unit.adapters.server.sessions import (
    Kind,
    Message,
    Receive,
    Recorder,
    Send,
    Session,
    some_turns,
)
from tests.unit.adapters.server.wire import client_frame, closing


async def test_a_server_that_stops_says_1012(app: Recorder, session: Session) -> None:
    session.protocol.shutdown()
    await session.over()
    assert session.answer.close_codes == [1012]
    assert session.wire.calls[-2:] == ["write", "close"]
    assert app.disconnect == {"type": "websocket.disconnect", "code": 1012}


async def test_a_server_that_stops_answers_a_pending_handshake_with_500(kind: Kind) -> None:
    release = asyncio.Event()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await release.wait()

    session = Session(kind, app)
    session.knock()
    session.protocol.shutdown()
    release.set()
    await session.over()
    assert session.answer.status == 500


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(closing(), id="closed-by-the-client"),
        pytest.param(client_frame(Opcode.TEXT, b"\xff"), id="refused"),
    ],
)
async def test_a_server_that_stops_says_nothing_more_to_who_is_closing_already(
    session: Session, first: bytes
) -> None:
    session.wire.full = True
    await session.feed(first)
    await some_turns()
    before = session.answer.close_codes
    session.protocol.shutdown()
    await some_turns()
    assert session.answer.close_codes == before
    assert session.wire.is_closing()
    session.wire.abort()


async def test_a_server_that_stops_closes_who_was_told_goodbye_by_the_application(
    app: Recorder, session: Session
) -> None:
    await app.send({"type": "websocket.close", "code": 1001})
    session.protocol.shutdown()
    await session.over()
    assert session.answer.close_codes == [1001]
