"""RFC 7692, compression of messages, case by case; where none was agreed on, RFC 6455 holds."""

import zlib
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from websockets.frames import Opcode

from tests.unit.adapters.server.connections import MAX_SIZE, Connection, Kind, Recorder, until
from tests.unit.adapters.server.wire import client_frame, closing, text

CONT, TEXT, BINARY, CLOSE, PING, _ = Opcode
COMPRESSED = 4  # RSV1
SYNC_FLUSH = b"\0\0\xff\xff"
NORMAL, PROTOCOL_ERROR, NOT_TEXT, TOO_LARGE = 1000, 1002, 1007, 1009
LONG = b"long and long " * 500


class Compressor:
    """A client's, which remembers what it compressed before."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(wbits=-12)

    def __call__(self, data: bytes) -> bytes:
        packed = self._deflate.compress(data) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return packed.removesuffix(SYNC_FLUSH)


def packed(data: bytes) -> bytes:
    return Compressor()(data)


def message(data: bytes, opcode: Opcode = TEXT) -> bytes:
    return client_frame(opcode, packed(data), reserved=COMPRESSED)


def in_parts(data: bytes, size: int, *between: bytes) -> bytes:
    """A compressed message in fragments of `size` bytes."""
    whole = packed(data)
    parts = [whole[at : at + size] for at in range(0, len(whole), size)]
    frames = [client_frame(TEXT, parts[0], fin=False, reserved=COMPRESSED)]
    frames += [client_frame(CONT, part, fin=False) for part in parts[1:]]
    return b"".join([*frames, *between, client_frame(CONT, b"")])


def remembering(*texts: bytes) -> bytes:
    pack = Compressor()
    return b"".join(client_frame(TEXT, pack(each), reserved=COMPRESSED) for each in texts)


class Case(NamedTuple):
    name: str
    sent: bytes
    received: Sequence[str | bytes] = ()
    code: int = NORMAL


CASES = [
    Case("text", message(b"hello"), ["hello"]),
    Case("binary", message(b"\xff\xfe", BINARY), [b"\xff\xfe"]),
    Case("empty", message(b""), [""]),
    Case("empty as one byte", client_frame(TEXT, b"\0", reserved=COMPRESSED), [""]),
    Case("long", message(LONG), [LONG.decode()]),
    Case("of the largest size", message(b"x" * MAX_SIZE), ["x" * MAX_SIZE]),
    Case("in fragments", in_parts(LONG, 3), [LONG.decode()]),
    Case("a ping between", in_parts(LONG, 9, client_frame(PING, b"?")), [LONG.decode()]),
    Case("with memory", remembering(LONG, LONG, b"end"), [LONG.decode(), LONG.decode(), "end"]),
    Case("not compressed", text("as it is") + message(b"packed"), ["as it is", "packed"]),
    Case(
        "without compression inside",
        client_frame(TEXT, b"\0\x05\0\xfa\xffHello\0", reserved=4),
        ["Hello"],
    ),
    Case("too large", message(b"x" * (MAX_SIZE + 1)), code=TOO_LARGE),
    Case("far too large", message(bytes(10_000_000)), code=TOO_LARGE),
    Case("too large in fragments", in_parts(b"x" * (MAX_SIZE + 1), 7), code=TOO_LARGE),
    Case("no text", message(b"\xff"), code=NOT_TEXT),
    Case(
        "nothing of deflate",
        client_frame(TEXT, b"\xff" * 9, reserved=COMPRESSED),
        code=PROTOCOL_ERROR,
    ),
    Case(
        "the bit on a fragment",
        client_frame(TEXT, packed(b"a"), fin=False, reserved=COMPRESSED)
        + client_frame(CONT, b"", reserved=COMPRESSED),
        code=PROTOCOL_ERROR,
    ),
    Case("the bit on a ping", client_frame(PING, b"", reserved=COMPRESSED), code=PROTOCOL_ERROR),
    Case("the bit on a close", client_frame(CLOSE, b"", reserved=COMPRESSED), code=PROTOCOL_ERROR),
    *(
        Case(f"bits {bits}", client_frame(TEXT, packed(b"a"), reserved=bits), code=PROTOCOL_ERROR)
        for bits in (1, 2, 3, 5, 6, 7)
    ),
]
OFFERS = [
    pytest.param(b"permessage-deflate", id="plain"),
    pytest.param(b"permessage-deflate; client_max_window_bits", id="any window"),
    pytest.param(b"permessage-deflate; client_max_window_bits=12", id="its window"),
    pytest.param(b"permessage-deflate; server_no_context_takeover", id="no memory"),
    pytest.param(b"permessage-bzip2, permessage-deflate", id="the second offer"),
]
NO_OFFERS = [
    pytest.param(b"permessage-bzip2", id="another"),
    pytest.param(b"permessage-deflate; unknown=1", id="an unknown parameter"),
    pytest.param(b"permessage-deflate; server_max_window_bits=99", id="a window out of range"),
]


def extensions(offer: bytes) -> bytes:
    return b"Sec-WebSocket-Extensions: " + offer + b"\r\n"


@pytest.mark.parametrize("is_whole", [False, True], ids=["in pieces", "at once"])
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_a_case_of_the_rfc(case: Case, kind: Kind, is_whole: bool) -> None:
    app = Recorder()
    connection = Connection(kind, app, deflate=True)
    await connection.open(extensions(b"permessage-deflate; client_max_window_bits=12"))
    size = len(case.sent) if is_whole else 1
    await connection.feed(
        *(case.sent[at : at + size] for at in range(0, len(case.sent), size)), closing()
    )
    await until(lambda: connection.answer.close_codes)
    await connection.hang_up()
    assert app.messages == list(case.received)
    assert connection.answer.close_codes == [case.code]


@pytest.mark.parametrize("offer", OFFERS)
async def test_an_offer_of_compression_is_taken(offer: bytes, kind: Kind) -> None:
    app = Recorder()
    connection = Connection(kind, app, deflate=True)
    await connection.open(extensions(offer))
    assert b"permessage-deflate" in connection.wire.writes[0]
    await connection.feed(message(b"hello"))
    await connection.hang_up()
    assert app.messages == ["hello"]


@pytest.mark.parametrize("offer", NO_OFFERS)
async def test_an_offer_that_cannot_be_taken_is_not(offer: bytes, kind: Kind) -> None:
    connection = Connection(kind, Recorder(), deflate=True)
    await connection.open(extensions(offer))
    assert b"permessage" not in connection.wire.writes[0]
    await connection.feed(message(b"hello"))
    await connection.hang_up()
    assert connection.answer.close_codes == [PROTOCOL_ERROR]


async def test_where_compression_is_off_no_offer_is_taken(kind: Kind) -> None:
    connection = Connection(kind, Recorder())
    await connection.open(extensions(b"permessage-deflate"))
    assert b"permessage" not in connection.wire.writes[0]
    await connection.feed(message(b"hello"))
    await connection.hang_up()
    assert connection.answer.close_codes == [PROTOCOL_ERROR]
