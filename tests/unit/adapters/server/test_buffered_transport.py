import asyncio
from collections.abc import Callable

import pytest
from websockets.frames import Frame, Opcode

import adapters.server.buffered_transport
from adapters.server.buffered_transport import FLUSH_BYTES, BufferedTransport, WriteBatch
from adapters.server.frames import plain_frame
from tests.unit.adapters.server.wire import Wire


class Gate:
    """Says whether text may be written, as a protocol does."""

    def __init__(self) -> None:
        self.open = True

    def __call__(self) -> bool:
        return self.open


def opened(batch: WriteBatch, gate: Gate | None = None) -> tuple[BufferedTransport, Wire]:
    wire = Wire()
    transport = BufferedTransport(wire, batch, gate or Gate())
    transport.update()
    return transport, wire


async def turn_over() -> None:
    await asyncio.sleep(0)


async def test_a_turn_of_the_loop_writes_once_whatever_was_written_and_in_order() -> None:
    transport, wire = opened(WriteBatch())
    assert transport.write_text("one")
    transport.write(b"<two>")
    assert transport.write_text("three")
    transport.write(b"<four>")
    assert wire.writes == []
    await turn_over()
    assert wire.writes == [plain_frame("one") + b"<two>" + plain_frame("three") + b"<four>"]


async def test_a_single_write_goes_out_at_the_end_of_the_turn_too() -> None:
    transport, wire = opened(WriteBatch())
    assert transport.write_text("one")
    assert wire.writes == []
    await turn_over()
    assert wire.writes == [plain_frame("one")]


async def test_each_turn_writes_what_was_written_in_it() -> None:
    transport, wire = opened(WriteBatch())
    for content in ("one", "two", "three"):
        transport.write(content.encode())
        await turn_over()
    await turn_over()
    assert wire.writes == [b"one", b"two", b"three"]


async def test_the_transports_of_a_batch_are_written_apart() -> None:
    batch = WriteBatch()
    (one, at_one), (two, at_two), (_, at_nobody) = (opened(batch) for _ in range(3))
    one.write(b"1")
    two.write(b"2")
    one.write(b"one")
    await turn_over()
    assert (at_one.writes, at_two.writes, at_nobody.writes) == ([b"1one"], [b"2"], [])


async def test_a_text_is_encoded_once_for_all_who_are_told_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoded: list[str] = []

    def counted(text: str) -> bytes:
        encoded.append(text)
        return plain_frame(text)

    monkeypatch.setattr(adapters.server.buffered_transport, "plain_frame", counted)
    batch = WriteBatch()
    encoded.clear()
    members = [opened(batch) for _ in range(50)]
    for content in ("hello", "world"):
        for transport, _ in members:
            assert transport.write_text(content)
    await turn_over()
    assert encoded == ["hello", "world"]
    assert {wire.writes[0] for _, wire in members} == {plain_frame("hello") + plain_frame("world")}


async def test_an_equal_text_that_is_another_object_is_written_as_well() -> None:
    batch = WriteBatch()
    transport, wire = opened(batch)
    for content in ("same", "".join(["sa", "me"]), "other", "same"):
        assert transport.write_text(content)
    await turn_over()
    assert wire.writes == [b"".join(map(plain_frame, ("same", "same", "other", "same")))]


async def test_an_empty_text_is_a_frame_even_as_the_first() -> None:
    transport, wire = opened(WriteBatch())
    assert transport.write_text("")
    await turn_over()
    assert wire.writes == [Frame(Opcode.TEXT, b"").serialize(mask=False)]


async def test_what_waits_is_written_before_a_close() -> None:
    transport, wire = opened(WriteBatch())
    transport.write(b"last")
    transport.close()
    assert wire.calls == ["write", "close"]
    await turn_over()
    assert wire.writes == [b"last"]


async def test_what_waits_is_written_before_the_end_of_our_half() -> None:
    transport, wire = opened(WriteBatch())
    transport.write(b"last")
    transport.write_eof()
    assert wire.calls == ["write", "write_eof"]
    await turn_over()
    assert wire.writes == [b"last"]


async def test_what_is_written_after_the_end_of_our_half_is_dropped_and_harms_nobody() -> None:
    batch = WriteBatch()
    ended, at_ended = opened(batch)
    other, at_other = opened(batch)
    ended.write_eof()
    ended.write(b"too late")
    other.write(b"in time")
    await turn_over()
    assert (at_ended.writes, at_other.writes) == ([], [b"in time"])
    assert not ended.write_text("too late")


async def test_an_abort_drops_what_waits() -> None:
    transport, wire = opened(WriteBatch())
    transport.write(b"never")
    transport.abort()
    await turn_over()
    assert wire.calls == ["abort"]


async def test_nothing_is_written_to_a_transport_that_began_to_close_meanwhile() -> None:
    batch = WriteBatch()
    transport, wire = opened(batch)
    other, at_other = opened(batch)
    transport.write(b"never")
    other.write(b"to others")
    wire.close()
    await turn_over()
    assert (wire.writes, at_other.writes) == ([], [b"to others"])


@pytest.mark.parametrize(
    "end",
    [
        BufferedTransport.close,
        BufferedTransport.abort,
        BufferedTransport.write_eof,
        BufferedTransport.discard,
    ],
)
async def test_nothing_is_written_after_the_end(end: Callable[[BufferedTransport], None]) -> None:
    transport, wire = opened(WriteBatch())
    end(transport)
    assert not transport.write_text("text")
    transport.write(b"data")
    transport.update()
    assert not transport.write_text("text")
    await turn_over()
    assert wire.writes == []


async def test_what_waits_when_the_connection_is_lost_is_dropped() -> None:
    transport, wire = opened(WriteBatch())
    transport.write(b"never")
    transport.discard()
    await turn_over()
    assert wire.calls == []


async def test_64_kib_go_out_before_the_turn_is_over() -> None:
    transport, wire = opened(WriteBatch())
    transport.write(b"a" * (FLUSH_BYTES - 1))
    assert wire.writes == []
    transport.write(b"b")
    assert [len(data) for data in wire.writes] == [64 * 1024]
    transport.write(b"c")
    assert len(wire.writes) == 1
    await turn_over()
    assert wire.writes[1:] == [b"c"]


async def test_so_much_text_goes_out_at_once_too_and_is_counted_anew() -> None:
    transport, wire = opened(WriteBatch())
    text = "x" * (FLUSH_BYTES // 2)
    written = []
    for _ in range(4):
        assert transport.write_text(text)
        written.append(len(wire.writes))
    assert written == [0, 1, 1, 2]
    await turn_over()
    assert len(wire.writes) == 2


async def test_a_text_is_refused_until_it_was_looked_whether_it_may_be_written() -> None:
    wire = Wire()
    transport = BufferedTransport(wire, WriteBatch(), Gate())
    assert not transport.write_text("text")
    await turn_over()
    assert wire.writes == []
    transport.update()
    assert transport.write_text("text")


async def test_a_text_is_refused_while_it_may_not_be_written() -> None:
    gate = Gate()
    transport, wire = opened(WriteBatch(), gate)
    gate.open = False
    transport.update()
    assert not transport.write_text("no")
    gate.open = True
    transport.update()
    assert transport.write_text("yes")
    await turn_over()
    assert wire.writes == [plain_frame("yes")]


async def test_every_other_write_looks_whether_text_may_still_be_written() -> None:
    gate = Gate()
    transport, wire = opened(WriteBatch(), gate)
    gate.open = False
    transport.write(b"close frame")
    assert not transport.write_text("no")
    await turn_over()
    assert wire.writes == [b"close frame"]


async def test_the_rest_is_passed_on_to_the_transport() -> None:
    transport, wire = opened(WriteBatch())
    transport.pause_reading()
    transport.resume_reading()
    assert wire.calls == ["pause_reading", "resume_reading"]
    assert transport.can_write_eof()
    assert not transport.is_closing()
