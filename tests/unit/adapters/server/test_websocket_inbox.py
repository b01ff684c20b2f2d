"""What was read of a client and not taken by the application is counted, and can be dropped."""

from sys import getsizeof

import pytest
from websockets.frames import Opcode

from adapters.asgi_extensions import INBOX, WRITE
from adapters.server.websocket_reading import READ_AHEAD
from tests.unit.adapters.server.connections import Connection, Recorder, some_turns, until
from tests.unit.adapters.server.wire import client_frame, closing, text

LONG = "x" * 1_000


class Count:
    """What is told of one connection, added up."""

    def __init__(self, app: Recorder) -> None:
        self.changes: list[int] = []
        self.drop = app.extension(INBOX)(self.changes.append)

    @property
    def size(self) -> int:
        return sum(self.changes)


@pytest.fixture
def app() -> Recorder:
    return Recorder()


@pytest.fixture(params=["fast", "general"])
async def connection(app: Recorder, request: pytest.FixtureRequest) -> Connection:
    """Its application takes no more than the message `ready`."""
    connection = Connection(request.param, app)
    await connection.open()
    app.reads.clear()
    await connection.feed(text("ready"))
    await until(lambda: app.messages == ["ready"])
    return connection


async def test_messages_that_wait_are_counted_until_they_are_taken(
    app: Recorder, connection: Connection
) -> None:
    count = Count(app)
    assert count.size == 0
    await connection.feed(text(LONG) * 3)
    assert 3 * 1_000 <= count.size <= 3 * getsizeof(LONG)
    app.reads.set()
    await until(lambda: app.messages == ["ready", LONG, LONG, LONG])
    assert count.size == 0
    await connection.hang_up()


async def test_what_is_not_parsed_yet_is_counted_too(app: Recorder, connection: Connection) -> None:
    count = Count(app)
    await connection.feed(text(LONG) * 100)
    assert 100_000 < count.size < 103_000
    app.reads.set()
    await until(lambda: len(app.messages) == 101)
    assert count.size == 0
    await connection.hang_up()


async def test_what_is_there_before_anybody_counts_is_told_at_first(
    app: Recorder, connection: Connection
) -> None:
    await connection.feed(text(LONG) * (READ_AHEAD + 1))
    assert Count(app).size > 1_000 * (READ_AHEAD + 1)
    app.reads.set()
    await connection.hang_up()


async def test_a_frame_and_a_message_that_are_not_whole_are_counted(
    app: Recorder, connection: Connection
) -> None:
    count = Count(app)
    app.reads.set()
    await connection.feed(client_frame(Opcode.TEXT, LONG.encode(), fin=False))
    await some_turns()
    assert count.size == 1_000
    last = client_frame(Opcode.CONT, LONG.encode())
    await connection.feed(last[:500])
    await some_turns()
    assert count.size == 1_500
    await connection.feed(last[500:])
    await until(lambda: app.messages == ["ready", 2 * LONG])
    assert count.size == 0
    await connection.hang_up()


async def test_a_message_that_the_application_waits_for_is_not_counted(
    app: Recorder, connection: Connection
) -> None:
    count = Count(app)
    app.reads.set()
    await some_turns()
    for number in range(3):
        await connection.feed(text(f"{number}"))
        await some_turns()
    assert app.messages == ["ready", "0", "1", "2"]
    # The general reader may keep a frame while it parses it; then it has nothing left either.
    assert count.size == 0
    await connection.hang_up()


@pytest.mark.parametrize("rest", [b"", text("cut")[:4]], ids=["whole", "in-the-middle"])
async def test_what_is_dropped_is_gone_and_so_is_what_follows_but_not_the_close(
    app: Recorder, connection: Connection, rest: bytes
) -> None:
    count = Count(app)
    await connection.feed(text(LONG) * 100 + rest)
    assert not connection.wire.is_reading()
    count.drop()
    assert count.size == 0
    assert connection.wire.is_reading()
    await connection.feed(text(LONG) * 100)
    app.reads.set()
    await some_turns()
    assert count.size == 0
    assert app.messages == ["ready"]

    assert app.extension(WRITE)("why")
    await app.send({"type": "websocket.close", "code": 4408})
    await until(lambda: app.ended)
    assert connection.answer.texts == ["why"]
    assert connection.answer.close_codes == [4408]
    assert connection.wire.ended, "the client is not waited for longer than it lingers"
    await connection.feed(text(LONG), closing())
    assert count.size == 0
    connection.wire.close()
    await connection.over()


async def test_a_client_that_goes_after_its_messages_were_dropped_is_noticed(
    app: Recorder, connection: Connection
) -> None:
    count = Count(app)
    await connection.feed(text(LONG) * 100)
    count.drop()
    app.reads.set()
    await connection.hang_up()
    assert app.messages == ["ready"]
    assert app.ended
