"""What lies between a client and the server, in memory: a transport, and frames as bytes."""

import asyncio
from dataclasses import dataclass

from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side

MASK = b"\x12\x34\x56\x78"

HANDSHAKE = (
    b"GET /ws?who=ana HTTP/1.1\r\nHost: switchboard\r\n"
    b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)


class Wire(asyncio.Transport):
    """Keeps what is written to it, and objects to what a socket of uvloop objects to.

    `full` makes it hold back its end, like a socket whose client doesn't read.
    """

    def __init__(self) -> None:
        super().__init__()
        self.protocol: asyncio.Protocol | None = None
        self.writes: list[bytes] = []
        self.calls: list[str] = []
        self.reading = True
        self.full = False
        self.closing = False
        self.ended = False
        self.aborted = False
        self.lost = asyncio.Event()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        assert isinstance(protocol, asyncio.Protocol)
        self.protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        assert self.protocol is not None
        return self.protocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self.ended or self.closing:
            raise RuntimeError("written after its end")
        self.writes.append(bytes(data))
        self.calls.append("write")

    def get_write_buffer_size(self) -> int:
        return sum(map(len, self.writes)) if self.full else 0

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True
        self.calls.append("write_eof")

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            self.calls.append("close")
            if not self.full:
                asyncio.get_running_loop().call_soon(self._lose)

    def abort(self) -> None:
        self.calls.append("abort")
        self.aborted = True
        if not self.closing or self.full:
            self.closing = True
            asyncio.get_running_loop().call_soon(self._lose)

    def is_reading(self) -> bool:
        return self.reading

    def pause_reading(self) -> None:
        self.reading = False
        self.calls.append("pause_reading")

    def resume_reading(self) -> None:
        self.reading = True
        self.calls.append("resume_reading")

    def _lose(self) -> None:
        self.lost.set()
        if self.protocol is not None:
            self.protocol.connection_lost(None)


def client_frame(
    opcode: int,
    data: bytes = b"",
    *,
    fin: bool = True,
    reserved: int = 0,
    mask: bytes | None = MASK,
    length_size: int | None = None,
) -> bytes:
    """A client's frame, or what isn't quite one; `length_size` 2 or 8 makes it longer than need be.

    Written out here, because what `websockets` serializes is right and has a random mask.
    """
    size = len(data)
    if length_size is None:
        length_size = 0 if size < 126 else 2 if size < 1 << 16 else 8
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    second = {0: size, 2: 126, 8: 127}[length_size] | (0 if mask is None else 0x80)
    head = bytes((first, second)) + (size.to_bytes(length_size, "big") if length_size else b"")
    return head + data if mask is None else head + mask + masked(data, mask)


def masked(data: bytes, mask: bytes) -> bytes:
    size = len(data)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")


def text(content: str, mask: bytes = MASK) -> bytes:
    return client_frame(Opcode.TEXT, content.encode(), mask=mask)


def closing(code: int = 1000) -> bytes:
    return client_frame(Opcode.CLOSE, code.to_bytes(2, "big"))


@dataclass(frozen=True)
class Answer:
    """What a client makes of the bytes that it got."""

    status: int
    body: bytes
    frames: list[Frame]

    @property
    def texts(self) -> list[str]:
        return [bytes(each.data).decode() for each in self.frames if each.opcode is Opcode.TEXT]

    @property
    def pongs(self) -> list[bytes]:
        return [bytes(each.data) for each in self.frames if each.opcode is Opcode.PONG]

    @property
    def close_codes(self) -> list[int]:
        closes = [bytes(each.data) for each in self.frames if each.opcode is Opcode.CLOSE]
        return [int.from_bytes(data[:2], "big") if data else 1005 for data in closes]


def answer(wire: Wire) -> Answer:
    head, _, rest = b"".join(wire.writes).partition(b"\r\n\r\n")
    status = int(head.split()[1])
    if status != 101:
        return Answer(status, rest, [])
    client = Protocol(Side.CLIENT, max_size=None)
    client.receive_data(rest)
    assert client.parser_exc is None
    return Answer(
        status, b"", [each for each in client.events_received() if isinstance(each, Frame)]
    )
