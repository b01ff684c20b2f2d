"""Where client and server agreed on compression, `websockets` reads and writes every frame."""

import zlib

from websockets.frames import Opcode

from adapters.asgi_extensions import WRITE
from tests.unit.adapters.server.connections import Connection, Kind, Recorder
from tests.unit.adapters.server.wire import client_frame, text

OFFER = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"


def squeezed(data: bytes) -> bytes:
    """A text frame compressed as RFC 7692 says."""
    compressor = zlib.compressobj(wbits=-12)
    packed = compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return client_frame(Opcode.TEXT, packed.removesuffix(b"\0\0\xff\xff"), reserved=4)


async def test_compressed_messages_are_read_and_no_text_is_written_uncompressed(
    kind: Kind,
) -> None:
    app = Recorder()
    connection = Connection(kind, app, deflate=True)
    await connection.open(OFFER)
    assert b"permessage-deflate" in connection.wire.writes[0]
    assert WRITE not in app.extensions
    await connection.feed(squeezed(b"packed") + text("as it is") + squeezed(b"z" * 5_000))
    await connection.hang_up()
    assert app.messages == ["packed", "as it is", "z" * 5_000]


async def test_what_a_frame_holds_is_no_frame_even_if_compressed_ones_came_before_it(
    kind: Kind,
) -> None:
    app = Recorder()
    connection = Connection(kind, app, deflate=True)
    await connection.open(OFFER)
    packed = squeezed(b"z" * 60)
    spared = len(text("z" * 60)) - len(packed)
    data = b"x" * (spared - 6) + text("held")
    frame = client_frame(Opcode.BINARY, data, mask=bytes(4))
    await connection.feed(packed, frame[:spared], frame[spared:])
    await connection.hang_up()
    assert app.messages == ["z" * 60, data]
