"""How connections end when the server stops."""

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
)
from tests.unit.adapters.server.wire import client_frame, closing


async def test_a_server_that_stops_says_1012(app: Recorder, connection: Connection) -> None:
    connection.protocol.shutdown()
    await connection.over()
    assert connection.answer.close_codes == [1012]
    assert connection.wire.calls[-2:] == ["write", "close"]
    assert app.disconnect == {"type": "websocket.disconnect", "code": 1012}


async def test_a_server_that_stops_answers_a_pending_handshake_with_500(kind: Kind) -> None:
    release = asyncio.Event()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await release.wait()

    connection = Connection(kind, app)
    connection.knock()
    connection.protocol.shutdown()
    release.set()
    await connection.over()
    assert connection.answer.status == 500


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(closing(), id="closed-by-the-client"),
        pytest.param(client_frame(Opcode.TEXT, b"\xff"), id="refused"),
    ],
)
async def test_a_server_that_stops_says_nothing_more_to_who_is_closing_already(
    connection: Connection, first: bytes
) -> None:
    connection.wire.full = True
    await connection.feed(first)
    await some_turns()
    before = connection.answer.close_codes
    connection.protocol.shutdown()
    await some_turns()
    assert connection.answer.close_codes == before
    assert connection.wire.is_closing()
    connection.wire.abort()


async def test_a_server_that_stops_closes_who_was_told_goodbye_by_the_application(
    app: Recorder, connection: Connection
) -> None:
    await app.send({"type": "websocket.close", "code": 1001})
    connection.protocol.shutdown()
    await connection.over()
    assert connection.answer.close_codes == [1001]
