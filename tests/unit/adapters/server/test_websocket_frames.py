"""What frames become for the application, and what the client is answered."""

import pytest
from websockets.frames import Opcode

from tests.unit.adapters.server.connections import (
    MAX_SIZE,
    Connection,
    Message,
    Recorder,
    some_turns,
    until,
)
from tests.unit.adapters.server.wire import client_frame, closing, text

GOODBYE = {"type": "websocket.close", "code": 4001, "reason": "enough"}


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, MAX_SIZE])
async def test_a_text_of_any_size_is_received(
    app: Recorder, connection: Connection, size: int
) -> None:
    await connection.feed(text("x" * size))
    await connection.hang_up()
    assert app.messages == ["x" * size]


@pytest.mark.parametrize("size", [0, 125, 126, 65536])
async def test_binary_of_any_size_is_received(
    app: Recorder, connection: Connection, size: int
) -> None:
    await connection.feed(client_frame(Opcode.BINARY, b"\xff" * size))
    await connection.hang_up()
    assert app.messages == [b"\xff" * size]


async def test_texts_in_one_piece_and_texts_in_single_bytes_are_the_same(
    app: Recorder, connection: Connection
) -> None:
    stream = text("hello") + text("") + text("ä" * 200)
    await connection.feed(stream)
    await connection.feed(*(stream[at : at + 1] for at in range(len(stream))))
    await connection.hang_up()
    assert app.messages == ["hello", "", "ä" * 200] * 2


async def test_what_lies_in_a_frame_is_no_frame_wherever_it_is_cut(
    app: Recorder, connection: Connection
) -> None:
    data = text("no") + text("frame") * 2
    stream = client_frame(Opcode.BINARY, data, mask=bytes(4))
    for cut in range(1, len(stream)):
        await connection.feed(client_frame(Opcode.BINARY, b"?") + stream[:cut], stream[cut:])
        await connection.feed(text("frame"))
    await connection.hang_up()
    assert app.messages == [b"?", data, "frame"] * (len(stream) - 1)


async def test_fragments_become_one_text_even_if_cut_within_a_character(
    app: Recorder, connection: Connection
) -> None:
    await connection.feed(
        client_frame(Opcode.TEXT, "hä".encode()[:2], fin=False)
        + client_frame(Opcode.CONT, "hä".encode()[2:], fin=False)
        + client_frame(Opcode.PING, b"between")
        + client_frame(Opcode.CONT, b"!")
        + text("next")
    )
    await connection.hang_up()
    assert app.messages == ["hä!", "next"]
    assert connection.answer.pongs == [b"between"]


async def test_fragments_become_one_binary_message(app: Recorder, connection: Connection) -> None:
    await connection.feed(client_frame(Opcode.BINARY, b"\xff", fin=False))
    await connection.feed(client_frame(Opcode.CONT, b"\xfe"))
    await connection.hang_up()
    assert app.messages == [b"\xff\xfe"]


async def test_a_ping_is_answered_and_a_pong_is_not_told_to_the_application(
    app: Recorder, connection: Connection
) -> None:
    await connection.feed(client_frame(Opcode.PING, b"are you there?"))
    await connection.feed(client_frame(Opcode.PONG, b"unasked"), text("still open"))
    await connection.hang_up()
    assert connection.answer.pongs == [b"are you there?"]
    assert app.messages == ["still open"]


async def test_a_text_whose_length_takes_more_bytes_than_it_had_to_is_received(
    app: Recorder, connection: Connection
) -> None:
    for length_size in (8, 2):
        await connection.feed(client_frame(Opcode.TEXT, b"long", length_size=length_size))
        await connection.feed(text("and plain"), client_frame(Opcode.BINARY, b"and not"))
    await connection.hang_up()
    assert app.messages == ["long", "and plain", b"and not"] * 2


async def test_a_clients_close_is_echoed_and_told_after_what_came_before_it(
    app: Recorder, connection: Connection
) -> None:
    frame = client_frame(Opcode.CLOSE, (4002).to_bytes(2, "big") + b"bye")
    await connection.feed(text("last") + frame + text("not this"))
    await connection.over()
    assert app.messages == ["last"]
    assert app.disconnect == {"type": "websocket.disconnect", "code": 4002, "reason": "bye"}
    assert connection.answer.close_codes == [4002]
    assert connection.wire.is_closing()


async def test_a_close_without_a_code_is_1005(app: Recorder, connection: Connection) -> None:
    await connection.feed(client_frame(Opcode.CLOSE))
    await connection.over()
    assert app.disconnect["code"] == 1005
    assert connection.answer.close_codes == [1005]


async def test_the_applications_close_waits_for_the_clients(
    app: Recorder, connection: Connection
) -> None:
    await app.send(GOODBYE)
    await until(lambda: app.ended)
    await some_turns()
    assert connection.answer.close_codes == [4001]
    assert not connection.wire.is_closing()
    await connection.feed(text("crossing it"), client_frame(Opcode.BINARY, b"too"))
    assert not connection.wire.is_closing()
    await connection.feed(closing(4001))
    await connection.over()
    assert connection.wire.is_closing()
    assert app.received == [{"type": "websocket.disconnect", "code": 4001, "reason": "enough"}]


async def test_a_lost_connection_is_told_as_1005_after_what_came_before_it(
    app: Recorder, connection: Connection
) -> None:
    await connection.feed(text("last"))
    await connection.hang_up()
    assert app.messages == ["last"]
    assert app.disconnect == {"type": "websocket.disconnect", "code": 1005}


async def test_texts_and_binary_are_sent_to_the_client_in_order(
    app: Recorder, connection: Connection
) -> None:
    message: Message
    for message in ({"text": "one"}, {"bytes": b"two"}, {"text": "x" * 70_000}):
        await app.send({"type": "websocket.send", **message})
    await some_turns()
    assert [bytes(each.data) for each in connection.answer.frames] == [
        b"one",
        b"two",
        b"x" * 70_000,
    ]
