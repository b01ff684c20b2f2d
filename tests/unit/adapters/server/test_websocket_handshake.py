"""How connections begin and are refused."""

import pytest

from tests.unit.adapters.server.connections import (
    Connection,
    Kind,
    Message,
    Receive,
    Recorder,
    Send,
    some_turns,
)
from tests.unit.adapters.server.wire import text


class Refusing:
    """Answers a handshake with these messages, and keeps what it receives thereafter."""

    def __init__(self, *answers: Message) -> None:
        self.answers = answers
        self.received: list[Message] = []

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.received.append(await receive())
        for each in self.answers:
            await send(each)
        if self.answers:
            self.received.append(await receive())


async def test_a_handshake_is_accepted_and_the_application_told_who_asks(kind: Kind) -> None:
    app = Recorder()
    connection = Connection(kind, app)
    await connection.open()
    assert app.scope["type"] == "websocket"
    assert (app.scope["path"], app.scope["query_string"]) == ("/ws", b"who=ana")
    assert (b"Host", b"switchboard") in app.scope["headers"]
    assert connection.wire.writes[0].startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in connection.wire.writes[0]
    await connection.hang_up()


async def test_a_long_handshake_is_accepted_and_frames_are_read_after_it(kind: Kind) -> None:
    app = Recorder()
    connection = Connection(kind, app)
    await connection.open(b"Cookie: " + b"x" * 6_000 + b"\r\n")
    await connection.feed(text("hello"))
    await connection.hang_up()
    assert app.messages == ["hello"]


async def test_a_handshake_that_is_refused_over_http_gets_the_answer_and_is_closed(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    app = Refusing(
        {"type": "websocket.http.response.start", "status": 429, "headers": [(b"x-why", b"many")]},
        {"type": "websocket.http.response.body", "body": b"too ", "more_body": True},
        {"type": "websocket.http.response.body", "body": b"many"},
    )
    connection = Connection(kind, app)
    connection.knock()
    await connection.over()
    assert (connection.answer.status, connection.answer.body) == (429, b"too many")
    assert b"x-why: many\r\n" in connection.wire.writes[0]
    assert connection.wire.calls == ["write", "close"]
    assert [each["type"] for each in app.received] == ["websocket.connect", "websocket.disconnect"]
    assert caplog.records == []


async def test_a_handshake_that_is_refused_with_a_close_is_forbidden(kind: Kind) -> None:
    app = Refusing({"type": "websocket.close", "code": 4000})
    connection = Connection(kind, app)
    connection.knock()
    await connection.over()
    assert (connection.answer.status, connection.answer.body) == (403, b"")
    assert connection.wire.calls == ["write", "close"]
    assert app.received[1:] == [{"type": "websocket.disconnect", "code": 1006}]


async def test_an_application_that_answers_nothing_is_an_error_of_ours(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    connection = Connection(kind, Refusing())
    connection.knock()
    await connection.over()
    assert connection.answer.status == 500
    assert connection.wire.closing
    assert "without completing handshake" in caplog.text


async def test_an_application_that_raises_instead_of_an_answer_is_an_error_of_ours(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        raise LookupError("broken")

    connection = Connection(kind, app)
    connection.knock()
    await connection.over()
    assert connection.answer.status == 500
    assert connection.wire.closing
    assert "LookupError: broken" in caplog.text


async def test_a_request_that_is_no_handshake_is_refused_before_the_application(
    kind: Kind,
) -> None:
    app = Recorder()
    connection = Connection(kind, app)
    connection.protocol.data_received(b"GET /ws HTTP/1.1\r\nHost: switchboard\r\n\r\n")
    await connection.over()
    assert connection.answer.status == 426
    assert connection.wire.closing
    assert app.scope == {}


@pytest.mark.parametrize(
    ("header", "status"),
    [
        pytest.param(b"Cookie: " + b"x" * 9_000 + b"\r\n", 431, id="too-long"),
        pytest.param(b"X-Many: x\r\n" * 129, 431, id="too-many"),
        pytest.param(b"Content-Length: 5\r\n", 400, id="of-a-body"),
        pytest.param(b"not a header\r\n", 400, id="none"),
    ],
)
async def test_a_handshake_whose_head_cannot_be_parsed_is_answered_with_an_error_and_closed(
    kind: Kind, header: bytes, status: int
) -> None:
    app = Recorder()
    connection = Connection(kind, app)
    connection.knock(header)
    await connection.over()
    assert connection.answer.status == status
    assert b"Failed to open a WebSocket connection: " in connection.answer.body
    assert connection.wire.closing
    assert app.scope == {}


async def test_a_server_that_stops_leaves_a_client_alone_whose_head_was_refused(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    connection = Connection(kind, Recorder())
    connection.wire.full = True
    connection.knock(b"not a header\r\n")
    connection.protocol.shutdown()
    await some_turns()
    assert connection.answer.status == 400
    assert connection.wire.closing
    assert caplog.records == []
    connection.wire.abort()
