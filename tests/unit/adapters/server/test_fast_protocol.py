"""What only the fast protocol promises: how far it reads ahead, and that it comes to the rest."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from websockets.frames import Opcode

from adapters.server.fast_protocol import AHEAD, SLICE, FastWebSockets, Inbox
from tests.unit.adapters.server.sessions import Message, Recorder, Session, some_turns, until
from tests.unit.adapters.server.wire import client_frame, closing, text

MANY = 10_000


@pytest.fixture
def app() -> Recorder:
    return Recorder()


@pytest.fixture
async def session(app: Recorder) -> AsyncIterator[Session]:
    session = Session("fast", app)
    await session.open()
    yield session
    app.reads.set()
    await session.hang_up()


async def stop_reading(app: Recorder, session: Session) -> None:
    """Leave the application where it takes no more than the message `ready`."""
    app.reads.clear()
    await session.feed(text("ready"))
    await until(lambda: app.messages == ["ready"])


def waiting(session: Session) -> int:
    """How many messages were parsed and not taken yet."""
    assert isinstance(session.protocol, FastWebSockets)
    return len(session.protocol._inbox)


def numbered(amount: int) -> tuple[bytes, list[str | bytes]]:
    return b"".join(text(f"{number}") for number in range(amount)), [
        f"{number}" for number in range(amount)
    ]


async def test_few_texts_are_read_and_reading_goes_on(app: Recorder, session: Session) -> None:
    await stop_reading(app, session)
    stream, contents = numbered(AHEAD - 1)
    await session.feed(stream)
    assert session.wire.is_reading()
    app.reads.set()
    await session.hang_up()
    assert app.messages == ["ready", *contents]


async def test_reading_pauses_when_enough_was_read_even_if_nothing_is_left_over(
    app: Recorder, session: Session
) -> None:
    await stop_reading(app, session)
    stream, _ = numbered(AHEAD)
    await session.feed(stream)
    assert waiting(session) == AHEAD
    assert not session.wire.is_reading()


async def test_of_many_texts_in_one_piece_only_some_are_parsed_before_they_are_taken(
    app: Recorder, session: Session
) -> None:
    await stop_reading(app, session)
    stream, contents = numbered(MANY)
    await session.feed(stream)
    assert waiting(session) == AHEAD
    assert not session.wire.is_reading()
    app.pace = 1
    app.reads.set()
    while len(app.received) < MANY:
        assert waiting(session) <= AHEAD
        await asyncio.sleep(0)
    await session.hang_up()
    assert app.messages == ["ready", *contents]


async def test_of_many_binary_frames_in_one_piece_at_most_a_slice_is_parsed_beyond(
    app: Recorder, session: Session
) -> None:
    await stop_reading(app, session)
    frames = [client_frame(Opcode.BINARY, b"%d" % number) for number in range(MANY)]
    await session.feed(b"".join(frames))
    assert AHEAD <= waiting(session) <= AHEAD + SLICE // len(frames[0])
    assert not session.wire.is_reading()
    app.reads.set()
    await session.hang_up()
    assert app.messages == ["ready", *(b"%d" % number for number in range(MANY))]


async def test_texts_and_others_in_one_piece_are_received_in_order(
    app: Recorder, session: Session
) -> None:
    await stop_reading(app, session)
    frames: list[bytes] = []
    for number in range(MANY // 10):
        frames += [text(f"{number}")] * 7 + [client_frame(Opcode.BINARY, b"%d" % number)]
        frames.append(client_frame(Opcode.PING, b"%d" % number))
    await session.feed(b"".join(frames))
    app.reads.set()
    await session.hang_up()
    expected: list[str | bytes] = ["ready"]
    for number in range(MANY // 10):
        expected += [f"{number}"] * 7 + [b"%d" % number]
    assert app.messages == expected
    assert session.answer.pongs == [b"%d" % number for number in range(MANY // 10)]


async def test_reading_pauses_once_and_resumes_when_all_was_taken(
    app: Recorder, session: Session
) -> None:
    await stop_reading(app, session)
    stream, _ = numbered(5 * AHEAD)
    session.wire.calls.clear()
    await session.feed(stream)
    assert session.wire.calls == ["pause_reading"]
    app.reads.set()
    await until(lambda: len(app.messages) == 5 * AHEAD + 1)
    assert session.wire.calls == ["pause_reading", "resume_reading"]


async def test_a_piece_that_comes_although_reading_is_paused_is_kept(
    app: Recorder, session: Session
) -> None:
    await stop_reading(app, session)
    stream, contents = numbered(10 * AHEAD)
    await session.feed(stream[:300])
    session.protocol.data_received(stream[300:])
    assert waiting(session) == AHEAD
    app.reads.set()
    await session.hang_up()
    assert app.messages == ["ready", *contents]


async def test_a_close_behind_unread_frames_is_echoed_when_they_were_taken(
    app: Recorder, session: Session
) -> None:
    await stop_reading(app, session)
    stream, contents = numbered(MANY)
    await session.feed(stream + closing(4002))
    assert session.answer.close_codes == []
    app.reads.set()
    await session.over()
    assert app.messages == ["ready", *contents]
    assert app.disconnect["code"] == 4002
    assert session.answer.close_codes == [4002]


async def test_a_refused_frame_behind_unread_ones_is_refused_when_they_were_taken(
    app: Recorder, session: Session
) -> None:
    await stop_reading(app, session)
    stream, contents = numbered(AHEAD - 1)
    await session.feed(stream + client_frame(Opcode.TEXT, b"\xff") + text("too late") * 1_000)
    app.reads.set()
    await session.feed(text("too late"))
    await session.hang_up()
    assert app.messages == ["ready", *contents]
    assert app.disconnect["code"] == 1007


@pytest.mark.parametrize("unread", [0, 5, AHEAD, MANY])
@pytest.mark.parametrize("in_one_piece", [True, False], ids=["in-one-piece", "apart"])
async def test_the_clients_close_is_obeyed_though_the_application_took_no_more_and_closed(
    app: Recorder, session: Session, unread: int, in_one_piece: bool
) -> None:
    await stop_reading(app, session)
    stream, _ = numbered(unread)
    if in_one_piece:
        await session.feed(stream + closing())
    else:
        await session.feed(stream)
    if not session.wire.is_closing():
        await app.send({"type": "websocket.close", "code": 4001})
    if not in_one_piece:
        assert not session.wire.is_closing()
        await session.feed(text("crossing") * 1_000, text("crossing"), closing())
    assert session.wire.is_closing()


async def test_nothing_unread_is_received_after_the_applications_close(
    app: Recorder, session: Session
) -> None:
    await stop_reading(app, session)
    stream, contents = numbered(MANY)
    await session.feed(stream)
    await app.send({"type": "websocket.close", "code": 4001})
    await session.feed(text("crossing"))
    app.reads.set()
    await until(lambda: app.ended)
    assert app.messages == ["ready", *contents[:AHEAD]]
    assert app.disconnect["code"] == 4001
    assert not session.wire.is_closing()


async def test_a_connection_lost_with_unread_frames_ends_for_the_application_too(
    app: Recorder, session: Session
) -> None:
    await stop_reading(app, session)
    stream, contents = numbered(MANY)
    await session.feed(stream)
    session.wire.close()
    await some_turns()
    app.reads.set()
    await session.over()
    assert app.messages == ["ready", *contents[:AHEAD]]
    assert waiting(session) == 0


async def test_an_inbox_gives_its_items_in_order_and_waits_for_the_next() -> None:
    inbox = Inbox(asyncio.get_running_loop())
    message: Message
    for message in ({"number": 1}, {"number": 2}):
        inbox.put_nowait(message)
    assert len(inbox) == 2
    assert [await inbox.get(), await inbox.get()] == [{"number": 1}, {"number": 2}]
    reader = asyncio.create_task(inbox.get())
    await some_turns()
    assert not reader.done()
    inbox.put_nowait(3)
    inbox.put_nowait(4)
    assert await reader == 3
    assert await inbox.get() == 4


async def test_an_inbox_loses_nothing_to_a_reader_that_gave_up() -> None:
    inbox = Inbox(asyncio.get_running_loop())
    reader = asyncio.create_task(inbox.get())
    await some_turns()
    reader.cancel()
    await some_turns()
    assert reader.cancelled()
    inbox.put_nowait("kept")
    assert await inbox.get() == "kept"


async def test_an_inbox_loses_nothing_to_a_reader_that_gives_up_as_the_item_comes() -> None:
    inbox = Inbox(asyncio.get_running_loop())
    reader = asyncio.create_task(inbox.get())
    await some_turns()
    inbox.put_nowait("kept")
    reader.cancel()
    await some_turns()
    assert reader.cancelled()
    assert await inbox.get() == "kept"
