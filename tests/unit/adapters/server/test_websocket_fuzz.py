"""Whatever a client sends, in whatever pieces: our protocol makes of it what uvicorn does.

uvicorn's own protocol gets each frame alone, and bytes that may be anything one at a time: what
comes in one piece with a refused frame it would drop. Ours gets pieces cut at random.
"""

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Opcode

from adapters.server.websocket_reading import PARSE_BYTES
from tests.unit.adapters.server.connections import MAX_SIZE, Connection, Kind, Message, Recorder
from tests.unit.adapters.server.wire import Answer, client_frame, closing, text

KINDS: list[Kind] = ["fast", "general"]

masks = st.binary(min_size=4, max_size=4)
short = st.text(max_size=12)
long = st.builds(
    lambda unit, size: unit * size,
    st.sampled_from(["x", "ä"]),
    st.sampled_from(
        [63, 125, 126, 127, 1_000, PARSE_BYTES, 2 * PARSE_BYTES - 8, 32_767, 32_768, 40_000]
    ),
)
contents = st.one_of(short, short, short, long)
controls = st.builds(
    client_frame,
    st.sampled_from([Opcode.PING, Opcode.PONG]),
    st.binary(max_size=8),
    mask=masks,
)


@dataclass(frozen=True)
class Sent:
    """Bytes of a client, and whether they are one well-formed frame."""

    data: bytes
    is_frame: bool = True


def frames(*all_data: bytes) -> list[Sent]:
    return [Sent(data) for data in all_data]


@st.composite
def fragmented(draw: st.DrawFn) -> list[Sent]:
    """One message in fragments, cut anywhere, with pings and pongs between them."""
    opcode = draw(st.sampled_from([Opcode.TEXT, Opcode.BINARY]))
    data = draw(contents).encode()
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=3)))
    parts = [data[start:end] for start, end in pairwise([0, *cuts, len(data)])]
    sent: list[Sent] = []
    for number, part in enumerate(parts):
        if number > 0:
            sent += frames(*draw(st.lists(controls, max_size=2)))
        last = number == len(parts) - 1
        part_opcode = opcode if number == 0 else Opcode.CONT
        sent += frames(client_frame(part_opcode, part, fin=last, mask=draw(masks)))
    return sent


plain = st.builds(text, contents, masks).map(frames)
binary = st.builds(client_frame, st.just(Opcode.BINARY), contents.map(str.encode), mask=masks).map(
    frames
)
# What lies in these would be frames to one who loses count of where he is.
nested = st.builds(
    client_frame,
    st.sampled_from([Opcode.TEXT, Opcode.BINARY]),
    st.lists(short.map(text), min_size=1, max_size=4).map(b"".join),
    mask=st.just(bytes(4)),
    length_size=st.sampled_from([2, 8]),
).map(frames)
longer_than_need_be = st.builds(
    client_frame,
    st.just(Opcode.TEXT),
    short.map(str.encode),
    mask=masks,
    length_size=st.sampled_from([2, 8]),
).map(frames)
many = st.builds(
    lambda content, times: frames(*(text(f"{content}{number}") for number in range(times))),
    short,
    st.integers(1, 60),
)
well_formed = st.one_of(
    plain, plain, many, binary, nested, controls.map(frames), fragmented(), longer_than_need_be
)


@st.composite
def mutated(draw: st.DrawFn) -> list[Sent]:
    """A short frame with a byte changed, taken away or put in."""
    opcode = draw(st.sampled_from(Opcode))
    data = bytearray(client_frame(opcode, draw(st.binary(max_size=12)), mask=draw(masks)))
    at = draw(st.integers(0, len(data) - 1))
    match draw(st.sampled_from(["change", "take", "put", "change head"])):
        case "change":
            data[at] = draw(st.integers(0, 255))
        case "take":
            del data[at]
        case "put":
            data.insert(at, draw(st.integers(0, 255)))
        case _:
            data[at % 2] ^= 1 << draw(st.integers(0, 7))
    return [Sent(bytes(data), is_frame=False)]


ending = st.one_of(
    st.sampled_from([closing(), closing(4002), client_frame(Opcode.CLOSE)]),
    st.sampled_from(
        [
            client_frame(Opcode.TEXT, b"\xff"),
            client_frame(Opcode.TEXT, b"x", mask=None),
            client_frame(Opcode.TEXT, b"x", reserved=4),
            client_frame(Opcode.CONT, b"x"),
            client_frame(Opcode.TEXT, b"x" * (MAX_SIZE + 1)),
            client_frame(Opcode.BINARY, b"x" * (MAX_SIZE + 1))[:10],
        ]
    ),
).map(frames)
interrupted = st.builds(
    lambda opcode, sent: frames(client_frame(opcode, b"begun", fin=False)) + sent,
    st.sampled_from([Opcode.TEXT, Opcode.BINARY]),
    st.one_of(plain, binary, ending),
)
garbage = st.binary(min_size=1, max_size=20).map(lambda data: [Sent(data, is_frame=False)])
unfinished = st.builds(
    lambda sent, cut: [Sent(sent[0].data[:cut], is_frame=False)], plain, st.integers(1, 9)
)

streams = st.builds(
    lambda *parts: [sent for part in parts for each in part for sent in each],
    st.lists(well_formed, max_size=30),
    st.lists(st.one_of(ending, interrupted, mutated(), garbage, unfinished), max_size=2),
    st.lists(well_formed, max_size=5),
)


@st.composite
def pieces(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """The same bytes, cut at random and where it looks like a text frame."""
    cut = st.integers(0, len(data))
    likely = [at for at in range(len(data)) if data[at] == 0x81]
    if likely:
        cut = st.one_of(cut, st.sampled_from(likely))
    cuts = sorted(draw(st.lists(cut, max_size=12)))
    found = [data[start:end] for start, end in pairwise([0, *cuts, len(data)])]
    return [piece for piece in found if piece]


def alone(stream: list[Sent]) -> list[bytes]:
    """Each frame by itself, and single bytes from where it may be anything."""
    found: list[bytes] = []
    for number, sent in enumerate(stream):
        if not sent.is_frame:
            rest = b"".join(each.data for each in stream[number:])
            return found + [rest[at : at + 1] for at in range(len(rest))]
        found.append(sent.data)
    return found


async def outcome(
    kind: Kind, chunks: list[bytes], max_size: int, pace: int
) -> tuple[list[Message], Answer]:
    """What the application received, and what the client was answered."""
    app = Recorder(pace)
    connection = Connection(kind, app, max_size=max_size)
    await connection.open()
    await connection.feed(*chunks)
    await connection.hang_up()
    return app.received, connection.answer


@settings(max_examples=300)
@given(
    data=st.data(),
    stream=streams,
    kind=st.sampled_from(KINDS),
    max_size=st.sampled_from([1_000, MAX_SIZE, MAX_SIZE]),
    pace=st.sampled_from([0, 0, 1, 3]),
)
async def test_our_protocol_makes_of_any_bytes_what_uvicorns_own_makes_of_them(
    data: st.DataObject, stream: list[Sent], kind: Kind, max_size: int, pace: int
) -> None:
    chunks = data.draw(pieces(b"".join(sent.data for sent in stream)))
    expected, expected_answer = await outcome("stock", alone(stream), max_size, 0)
    received, answer = await outcome(kind, chunks, max_size, pace)

    *expected_messages, goodbye = expected
    *messages, disconnect = received
    assert messages == expected_messages
    assert answer.pongs[: len(expected_answer.pongs)] == expected_answer.pongs
    if goodbye["code"] != 1007:
        assert disconnect == goodbye
        assert answer.close_codes == expected_answer.close_codes
    else:
        # Text that isn't UTF-8 is noticed after what lies in one piece with it was parsed: a
        # close or a broken frame there is answered in its stead.
        assert disconnect["code"] in {1000, 1002, 1005, 1007, 1009, 4002}
        assert answer.close_codes == [disconnect["code"]]


@given(data=st.data(), stream=streams, kind=st.sampled_from(KINDS))
async def test_an_application_that_closes_in_between_ends_the_connection_all_the_same(
    data: st.DataObject, stream: list[Sent], kind: Kind
) -> None:
    chunks = data.draw(pieces(b"".join(sent.data for sent in stream)))
    close_after = data.draw(st.integers(0, len(chunks)))
    app = Recorder(pace=1)
    connection = Connection(kind, app)
    await connection.open()
    await connection.feed(*chunks[:close_after])
    if not connection.wire.is_closing() and not connection.protocol.close_sent:
        await app.send({"type": "websocket.close", "code": 4001})
    await connection.feed(*chunks[close_after:])
    await connection.hang_up()
    assert app.received[-1]["type"] == "websocket.disconnect"
    assert len(connection.answer.close_codes) == 1
