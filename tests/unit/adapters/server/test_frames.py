import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from adapters.server.frames import frame_size, plain_frame, read_plain
from tests.unit.adapters.server.wire import client_frame, text

MAX_SIZE = 100_000
EDGES = [0, 1, 125, 126, 127, 65535, 65536, 65537]

masks = st.binary(min_size=4, max_size=4)
any_bytes = st.binary(max_size=12)
READ_HERE = "ä" * 100
"""More bytes than fit a length of one."""


@given(st.text())
def test_a_plain_frame_is_what_websockets_would_have_written(content: str) -> None:
    assert plain_frame(content) == Frame(Opcode.TEXT, content.encode()).serialize(mask=False)


@pytest.mark.parametrize("size", EDGES)
def test_a_plain_frame_of_any_size_is_what_websockets_would_have_written(size: int) -> None:
    frame = Frame(Opcode.TEXT, b"x" * size).serialize(mask=False)
    assert plain_frame("x" * size) == frame


@given(before=any_bytes, content=st.text(), after=any_bytes)
def test_a_text_is_read_at_any_offset_with_what_follows_left(
    before: bytes, content: str, after: bytes
) -> None:
    frame = Frame(Opcode.TEXT, content.encode()).serialize(mask=True)
    end = len(before) + len(frame)
    assert read_plain(before + frame + after, len(before), MAX_SIZE) == (content, end)


@pytest.mark.parametrize("size", [size for size in EDGES if size < 65536])
def test_a_text_of_any_size_up_to_65535_bytes_is_read(size: int) -> None:
    frame = text("x" * size)
    assert read_plain(b"?" + frame, 1, MAX_SIZE) == ("x" * size, 1 + len(frame))


@given(content=st.text(), mask=masks)
def test_a_text_is_read_whatever_its_mask(content: str, mask: bytes) -> None:
    frame = text(content, mask)
    assert read_plain(frame, 0, MAX_SIZE) == (content, len(frame))


@pytest.mark.parametrize("content", ["", "hello", READ_HERE])
def test_a_frame_that_is_cut_off_is_not_read_wherever_the_cut(content: str) -> None:
    frame = text(content)
    for cut in range(len(frame)):
        assert read_plain(frame[:cut], 0, MAX_SIZE) == (None, 0)


@pytest.mark.parametrize("start", [7, 8, 100])
def test_nothing_is_read_where_the_data_ends_or_beyond(start: int) -> None:
    assert read_plain(b"1234567", start, MAX_SIZE) == (None, start)


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(client_frame(Opcode.TEXT, b"hello!", mask=None), id="unmasked"),
        pytest.param(client_frame(Opcode.TEXT, b"h" * 200, mask=None), id="unmasked-longer"),
        pytest.param(client_frame(Opcode.TEXT, b"hello", fin=False), id="not-final"),
        pytest.param(client_frame(Opcode.CONT, b"hello"), id="continuation"),
        pytest.param(client_frame(Opcode.BINARY, b"hello"), id="binary"),
        pytest.param(client_frame(Opcode.PING, b"hello"), id="ping"),
        pytest.param(client_frame(Opcode.PONG, b"hello"), id="pong"),
        pytest.param(client_frame(Opcode.CLOSE, b"\x03\xe8"), id="close"),
        pytest.param(client_frame(Opcode.TEXT, b"hello", reserved=4), id="rsv1"),
        pytest.param(client_frame(Opcode.TEXT, b"hello", reserved=2), id="rsv2"),
        pytest.param(client_frame(Opcode.TEXT, b"hello", reserved=1), id="rsv3"),
        pytest.param(client_frame(0x3, b"hello"), id="unknown-opcode"),
        pytest.param(client_frame(Opcode.TEXT, b"\xff\xfe"), id="not-utf-8"),
        pytest.param(client_frame(Opcode.TEXT, "ä".encode()[:1]), id="half-a-character"),
        pytest.param(client_frame(Opcode.TEXT, b"\xed\xa0\x80"), id="surrogate"),
        pytest.param(client_frame(Opcode.TEXT, b"hello", length_size=8), id="eight-byte-length"),
        pytest.param(client_frame(Opcode.TEXT, b"x" * 65536), id="eight-byte-length-needed"),
    ],
)
def test_what_is_not_plain_is_left_to_the_parser(frame: bytes) -> None:
    assert read_plain(b"?" + frame + b"?", 1, MAX_SIZE) == (None, 1)


@pytest.mark.parametrize("size", [0, 5, 125, 126, 1000])
def test_a_text_is_read_up_to_the_greatest_size_and_no_further(size: int) -> None:
    frame = text("x" * size)
    assert read_plain(frame, 0, size) == ("x" * size, len(frame))
    assert read_plain(frame, 0, size - 1) == (None, 0)


def test_a_length_longer_than_it_had_to_be_is_read_as_websockets_reads_it() -> None:
    frame = client_frame(Opcode.TEXT, b"hello", length_size=2)
    assert read_plain(frame, 0, MAX_SIZE) == ("hello", len(frame))


@given(st.binary(max_size=40), st.integers(0, 50), st.integers(0, 200))
@example(b"\x81\xff" + b"\xff" * 12, 0, 200)
def test_bytes_at_random_never_raise(data: bytes, start: int, max_size: int) -> None:
    content, end = read_plain(data, start, max_size)
    if content is None:
        assert end == start
    else:
        assert start + 6 <= end <= len(data)


@given(st.sampled_from([0x81, 0x01, 0x82]), st.integers(0, 255), st.binary(max_size=40))
def test_a_likely_head_before_bytes_at_random_never_raises(
    first: int, second: int, rest: bytes
) -> None:
    content, end = read_plain(bytes((first, second)) + rest, 0, MAX_SIZE)
    assert (content is None) == (end == 0)


@pytest.mark.parametrize("size", EDGES)
@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY, Opcode.CONT])
def test_the_size_of_a_frame_is_what_it_takes_on_the_wire(opcode: Opcode, size: int) -> None:
    frame = Frame(opcode, b"x" * size)
    assert frame_size(frame) == len(frame.serialize(mask=True))


@given(st.binary(max_size=125), st.sampled_from([Opcode.PING, Opcode.PONG, Opcode.CLOSE]))
def test_the_size_of_a_control_frame_is_what_it_takes_on_the_wire(
    data: bytes, opcode: Opcode
) -> None:
    frame = Frame(opcode, data)
    assert frame_size(frame) == len(frame.serialize(mask=True))
