"""What frames become for the application, and what the client is answered, in both protocols."""

import pytest
from websockets.frames import Opcode

from tests.unit.adapters.server.sessions import (
    MAX_SIZE,
    Message,
    Recorder,
    Session,
    some_turns,
    until,
)
from tests.unit.adapters.server.wire import client_frame, closing, text

GOODBYE = {"type": "websocket.close", "code": 4001, "reason": "enough"}


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, MAX_SIZE])
async def test_a_text_of_any_size_is_received(app: Recorder, session: Session, size: int) -> None:
    await session.feed(text("x" * size))
    await session.hang_up()
    assert app.messages == ["x" * size]


@pytest.mark.parametrize("size", [0, 125, 126, 65536])
async def test_binary_of_any_size_is_received(app: Recorder, session: Session, size: int) -> None:
    await session.feed(client_frame(Opcode.BINARY, b"\xff" * size))
    await session.hang_up()
    assert app.messages == [b"\xff" * size]


async def test_texts_in_one_piece_and_texts_in_single_bytes_are_the_same(
    app: Recorder, session: Session
) -> None:
    stream = text("hello") + text("") + text("ä" * 200)
    await session.feed(stream)
    await session.feed(*(stream[at : at + 1] for at in range(len(stream))))
    await session.hang_up()
    assert app.messages == ["hello", "", "ä" * 200] * 2


async def test_what_lies_in_a_frame_is_no_frame_wherever_it_is_cut(
    app: Recorder, session: Session
) -> None:
    data = text("no") + text("frame") * 2
    stream = client_frame(Opcode.BINARY, data, mask=bytes(4))
    for cut in range(1, len(stream)):
        await session.feed(client_frame(Opcode.BINARY, b"?") + stream[:cut], stream[cut:])
        await session.feed(text("frame"))
    await session.hang_up()
    assert app.messages == [b"?", data, "frame"] * (len(stream) - 1)


async def test_fragments_become_one_text_even_if_cut_within_a_character(
    app: Recorder, session: Session
) -> None:
    await session.feed(
        client_frame(Opcode.TEXT, "hä".encode()[:2], fin=False)
        + client_frame(Opcode.CONT, "hä".encode()[2:], fin=False)
        + client_frame(Opcode.PING, b"between")
        + client_frame(Opcode.CONT, b"!")
        + text("next")
    )
    await session.hang_up()
    assert app.messages == ["hä!", "next"]
    assert session.answer.pongs == [b"between"]


async def test_fragments_become_one_binary_message(app: Recorder, session: Session) -> None:
    await session.feed(client_frame(Opcode.BINARY, b"\xff", fin=False))
    await session.feed(client_frame(Opcode.CONT, b"\xfe"))
    await session.hang_up()
    assert app.messages == [b"\xff\xfe"]


async def test_a_ping_is_answered_and_a_pong_is_not_told_to_the_application(
    app: Recorder, session: Session
) -> None:
    await session.feed(client_frame(Opcode.PING, b"are you there?"))
    await session.feed(client_frame(Opcode.PONG, b"unasked"), text("still open"))
    await session.hang_up()
    assert session.answer.pongs == [b"are you there?"]
    assert app.messages == ["still open"]


async def test_a_text_whose_length_takes_more_bytes_than_it_had_to_is_received(
    app: Recorder, session: Session
) -> None:
    for length_size in (8, 2):
        await session.feed(client_frame(Opcode.TEXT, b"long", length_size=length_size))
        await session.feed(text("and plain"), client_frame(Opcode.BINARY, b"and not"))
    await session.hang_up()
    assert app.messages == ["long", "and plain", b"and not"] * 2


async def test_a_clients_close_is_echoed_and_told_after_what_came_before_it(
    app: Recorder, session: Session
) -> None:
    frame = client_frame(Opcode.CLOSE, (4002).to_bytes(2, "big") + b"bye")
    await session.feed(text("last") + frame + text("not this"))
    await session.over()
    assert app.messages == ["last"]
    assert app.disconnect == {"type": "websocket.disconnect", "code": 4002, "reason": "bye"}
    assert session.answer.close_codes == [4002]
    assert session.wire.is_closing()


async def test_a_close_without_a_code_is_1005(app: Recorder, session: Session) -> None:
    await session.feed(client_frame(Opcode.CLOSE))
    await session.over()
    assert app.disconnect["code"] == 1005
    assert session.answer.close_codes == [1005]


async def test_the_applications_close_waits_for_the_clients(
    app: Recorder, session: Session
) -> None:
    await app.send(GOODBYE)
    await until(lambda: app.ended)
    await some_turns()
    assert session.answer.close_codes == [4001]
    assert not session.wire.is_closing()
    await session.feed(text("crossing it"), client_frame(Opcode.BINARY, b"too"))
    assert not session.wire.is_closing()
    await session.feed(closing(4001))
    await session.over()
    assert session.wire.is_closing()
    assert app.received == [{"type": "websocket.disconnect", "code": 4001, "reason": "enough"}]


async def test_a_lost_connection_is_told_as_1005_after_what_came_before_it(
    app: Recorder, session: Session
) -> None:
    await session.feed(text("last"))
    await session.hang_up()
    assert app.messages == ["last"]
    assert app.disconnect == {"type": "websocket.disconnect", "code": 1005}


async def test_texts_and_binary_are_sent_to_the_client_in_order(
    app: Recorder, session: Session
) -> None:
    message: Message
    for message in ({"text": "one"}, {"bytes": b"two"}, {"text": "x" * 70_000}):
        await app.send({"type": "websocket.send", **message})
    await some_turns()
    assert [bytes(each.data) for each in session.answer.frames] == [b"one", b"two", b"x" * 70_000]
