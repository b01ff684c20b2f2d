"""RFC 6455 case by case, in the order of the Autobahn test suite's categories.

Each case is what a client sends after the handshake, and what it then gets: the messages that come
back (the application echoes each) and the close code. Categories 9 (sizes and speeds) and 12, 13
(compression) are elsewhere: `test_limits.py` of the integration tests, `test_rfc7692.py`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import pytest
from websockets.frames import Opcode

from tests.unit.adapters.server.connections import (
    MAX_SIZE,
    Connection,
    Kind,
    Message,
    Receive,
    Send,
    until,
)
from tests.unit.adapters.server.wire import client_frame, closing, text

CONT, TEXT, BINARY, CLOSE, PING, PONG = Opcode
NORMAL, PROTOCOL_ERROR, NO_CODE, NOT_TEXT, TOO_LARGE = 1000, 1002, 1005, 1007, 1009


class Case(NamedTuple):
    name: str
    sent: list[bytes]
    echoed: Sequence[str | bytes] = ()
    pongs: Sequence[bytes] = ()
    code: int = NORMAL
    """What closes it; a case that isn't an error ends with a close of the client."""


def begin(data: bytes, opcode: Opcode = TEXT) -> bytes:
    return client_frame(opcode, data, fin=False)


def middle(data: bytes) -> bytes:
    return client_frame(CONT, data, fin=False)


def end(data: bytes) -> bytes:
    return client_frame(CONT, data)


def bytewise(data: bytes) -> list[bytes]:
    return [middle(data[at : at + 1]) for at in range(len(data))]


def close(payload: bytes) -> bytes:
    return client_frame(CLOSE, payload)


def ping(data: bytes = b"") -> bytes:
    return client_frame(PING, data)


def pong(data: bytes = b"") -> bytes:
    return client_frame(PONG, data)


SIZES = [0, 125, 126, 127, 128, 65_535, 65_536, MAX_SIZE]

FRAMING = [Case(f"1.1 text of {size}", [text("*" * size)], ["*" * size]) for size in SIZES] + [
    Case(f"1.2 binary of {size}", [client_frame(BINARY, b"\xfe" * size)], [b"\xfe" * size])
    for size in SIZES
]

PINGS = [
    Case("2.1 empty", [ping()], pongs=[b""]),
    Case("2.2 with text", [ping(b"hello")], pongs=[b"hello"]),
    Case("2.3 with bytes", [ping(b"\0\xff\xfe\xfd")], pongs=[b"\0\xff\xfe\xfd"]),
    Case("2.4 of 125 bytes", [ping(b"\xfe" * 125)], pongs=[b"\xfe" * 125]),
    Case("2.5 of 126 bytes", [ping(b"\xfe" * 126)], code=PROTOCOL_ERROR),
    Case("2.7 unasked pong", [pong()]),
    Case("2.8 unasked pong with text", [pong(b"unasked")]),
    Case("2.9 unasked pong, ping", [pong(b"unasked"), ping(b"asked")], pongs=[b"asked"]),
    Case("2.10 ten", [ping(b"%d" % n) for n in range(10)], pongs=[b"%d" % n for n in range(10)]),
    Case("2.12 pong too long", [pong(b"x" * 126)], code=PROTOCOL_ERROR),
]

RESERVED = [
    Case(
        f"3.{bits} bits {bits} of a {opcode.name}",
        [text("first"), client_frame(opcode, b"", reserved=bits), text("never")],
        ["first"],
        code=PROTOCOL_ERROR,
    )
    for bits in range(1, 8)
    for opcode in (TEXT, BINARY, PING, CLOSE)
]

OPCODES = [
    Case(
        f"4 opcode {opcode} {data!r}",
        [text("first"), client_frame(opcode, data), ping()],
        ["first"],
        code=PROTOCOL_ERROR,
    )
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    for data in (b"", b"data")
]

FRAGMENTS = [
    Case("5.1 ping in two", [client_frame(PING, b"a", fin=False), end(b"b")], code=PROTOCOL_ERROR),
    Case("5.2 pong in two", [client_frame(PONG, b"a", fin=False), end(b"b")], code=PROTOCOL_ERROR),
    Case("5.3 text in two", [begin(b"a"), end(b"b")], ["ab"]),
    Case("5.6 a ping between", [begin(b"a"), ping(b"?"), end(b"b")], ["ab"], [b"?"]),
    Case("5.9 nothing to continue", [end(b"a"), text("never")], code=PROTOCOL_ERROR),
    Case("5.12 nothing to go on with", [middle(b"a"), text("never")], code=PROTOCOL_ERROR),
    Case("5.15 one too many", [begin(b"a"), end(b"b"), middle(b"c")], ["ab"], code=PROTOCOL_ERROR),
    Case("5.18 a text within", [begin(b"a"), text("b")], code=PROTOCOL_ERROR),
    Case("5.18 a binary within", [begin(b"a"), client_frame(BINARY, b"b")], code=PROTOCOL_ERROR),
    Case(
        "5.19 many with pings",
        [begin(b"1"), middle(b"2"), ping(b"a"), middle(b"3"), middle(b"4"), ping(b"b"), end(b"5")],
        ["12345"],
        [b"a", b"b"],
    ),
    Case("5 empty ones", [begin(b""), middle(b""), end(b"")], [""]),
    Case("5 binary in three", [begin(b"a", BINARY), middle(b""), end(b"\xff")], [b"a\xff"]),
    Case("5 an unfinished one at the end", [begin(b"a"), middle(b"b")], code=PROTOCOL_ERROR),
]

EDGES = [0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFDD0, 0xFFFD, 0xFFFE, 0xFFFF]
VALID = ["κόσμε".encode(), *(chr(code).encode() for code in [*EDGES, 0x10000, 0x10FFFF])]
INVALID = [
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
    b"\x80",
    b"\x80\xbf\x80\xbf",
    b"\xc0 \xc1 ",
    b"\xe0 ",
    b"\xf0 ",
    b"\xfc ",
    b"\xc0",
    b"\xe0\x80",
    b"\xf0\x80\x80",
    b"\xdf",
    b"\xef\xbf",
    b"\xf7\xbf\xbf",
    b"\xfe",
    b"\xff",
    b"\xc0\xaf",
    b"\xe0\x80\xaf",
    b"\xf0\x80\x80\xaf",
    b"\xf8\x80\x80\x80\xaf",
    b"\xc1\xbf",
    b"\xe0\x9f\xbf",
    b"\xf0\x8f\xbf\xbf",
    b"\xf4\x90\x80\x80",
    b"\xed\xa0\x80",
    b"\xed\xbf\xbf",
    b"\xed\xa0\x80\xed\xb0\x80",
]

UTF_8 = [
    *(Case(f"6 {data!r}", [client_frame(TEXT, data)], [data.decode()]) for data in VALID),
    *(
        Case(f"6.4 {data!r} in fragments", [begin(b""), *bytewise(data), end(b"")], [data.decode()])
        for data in VALID
    ),
    *(Case(f"6 not {data!r}", [client_frame(TEXT, data)], code=NOT_TEXT) for data in INVALID),
    *(
        Case(f"6.3 not {data!r} in two", [begin(data[:1]), end(data[1:])], code=NOT_TEXT)
        for data in INVALID
    ),
    Case("6 bytes need not be text", [client_frame(BINARY, b"\xff")], [b"\xff"]),
]

VALID_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
INVALID_CODES = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535]

CLOSES = [
    Case("7.1 then nothing is heard", [closing(), text("b"), ping(b"c")]),
    Case("7.1 twice", [closing(), closing()]),
    # The RFC allows a close there; `websockets` (17.4) is stricter.
    Case("7.1 within a message", [begin(b"a"), closing(), end(b"b")], code=PROTOCOL_ERROR),
    Case("7.3 empty", [close(b"")], code=NO_CODE),
    Case("7.3 of one byte", [close(b"\x03")], code=PROTOCOL_ERROR),
    Case("7.3 with a reason", [close(b"\x03\xe8reason")]),
    Case("7.3 with the longest reason", [close(b"\x03\xe8" + b"*" * 123)]),
    Case("7.3 with a reason too long", [close(b"\x03\xe8" + b"*" * 124)], code=PROTOCOL_ERROR),
    Case("7.5 with a reason that is no text", [close(b"\x03\xe8\xff")], code=NOT_TEXT),
    Case("7 in two", [client_frame(CLOSE, b"\x03\xe8", fin=False)], code=PROTOCOL_ERROR),
    *(Case(f"7.7 with {code}", [closing(code)], code=code) for code in VALID_CODES),
    *(Case(f"7.9 with {code}", [closing(code)], code=PROTOCOL_ERROR) for code in INVALID_CODES),
]

MASKS_AND_LENGTHS = [
    Case("10 no mask", [client_frame(TEXT, b"a", mask=None)], code=PROTOCOL_ERROR),
    Case("10 no mask of a ping", [client_frame(PING, mask=None)], code=PROTOCOL_ERROR),
    Case("10 a mask of zeros", [client_frame(TEXT, b"a", mask=bytes(4))], ["a"]),
    Case("9 one byte too many", [text("*" * (MAX_SIZE + 1))], code=TOO_LARGE),
    Case("9 too many in two", [begin(b"*" * MAX_SIZE), end(b"*")], code=TOO_LARGE),
    Case("9 a length of 2**63", [b"\x81\xff" + b"\x80" + bytes(7)], code=TOO_LARGE),
    Case("9 a length of 2**64 - 1", [b"\x82\xff" + b"\xff" * 8], code=TOO_LARGE),
]

CASES = [
    *FRAMING,
    *PINGS,
    *RESERVED,
    *OPCODES,
    *FRAGMENTS,
    *UTF_8,
    *CLOSES,
    *MASKS_AND_LENGTHS,
]


async def echo(_scope: Message, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})


@pytest.mark.parametrize("is_whole", [False, True], ids=["in pieces", "at once"])
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_a_case_of_the_rfc(case: Case, kind: Kind, is_whole: bool) -> None:
    stream = b"".join(case.sent)
    size = len(stream) if is_whole else 1 if len(stream) < 1_000 else 997
    connection = Connection(kind, echo)
    await connection.open()
    await connection.feed(*(stream[at : at + size] for at in range(0, len(stream), size)))
    # What comes in one piece with an error or a close is mostly too late to be answered.
    await until(lambda: connection.answer.close_codes or heard(connection) == list(case.echoed))
    await connection.feed(closing())
    await until(lambda: connection.answer.close_codes)
    await connection.hang_up()

    frames = connection.answer.frames
    assert connection.answer.close_codes == [case.code]
    assert frames[-1].opcode is CLOSE, "nothing follows a close"
    assert not any(each.rsv1 or each.rsv2 or each.rsv3 for each in frames)
    assert connection.answer.pongs == list(case.pongs)
    if not (is_whole and case.code != NORMAL):
        assert heard(connection) == list(case.echoed)


def heard(connection: Connection) -> list[str | bytes]:
    """The messages that came back."""
    frames = (each for each in connection.answer.frames if each.opcode in (TEXT, BINARY))
    return [
        bytes(each.data).decode() if each.opcode is TEXT else bytes(each.data) for each in frames
    ]
