"""WebSocket frames (RFC 6455): plain ones read and written here, all others by `websockets`.

Plain is a whole, unfragmented text, which is nearly all that browsers send. Reading one here
costs an eighth of what the general parser takes.

This is the one module that uses what `websockets` (17.4) doesn't document: decision 0012.
"""

from websockets.frames import Frame
from websockets.protocol import State
from websockets.server import ServerProtocol

try:
    from websockets.speedups import apply_mask
except ImportError:  # `websockets` was built without its C extension
    from websockets.utils import apply_mask

FINAL_TEXT = 0x81
MASKED = 0x80
LENGTH_IN_TWO_BYTES = 126
LENGTH_IN_EIGHT_BYTES = 127
MASK_SIZE = 4


def read_plain(data: bytes, start: int, max_size: int) -> tuple[str | None, int]:
    """The text of a client's frame that begins at `start`, and where the next one begins.

    None and `start` where no plain frame begins: it is not all there, not a final, masked text
    frame, not UTF-8, longer than `max_size` bytes, or has a length of eight bytes.
    """
    after = start + 2
    if len(data) < after + MASK_SIZE or data[start] != FINAL_TEXT:
        return None, start
    size = data[start + 1] - MASKED
    if size == LENGTH_IN_TWO_BYTES:
        size = int.from_bytes(data[after : after + 2], "big")
        after += 2
    elif not 0 <= size < LENGTH_IN_TWO_BYTES:
        return None, start
    begin = after + MASK_SIZE
    end = begin + size
    if size > max_size or end > len(data):
        return None, start
    try:
        return apply_mask(data[begin:end], data[after:begin]).decode(), end
    except UnicodeDecodeError:
        return None, start


def plain_frame(text: str) -> bytes:
    """A server's frame for `text`, the same for whoever gets it."""
    payload = text.encode()
    size = len(payload)
    if size < LENGTH_IN_TWO_BYTES:
        return bytes((FINAL_TEXT, size)) + payload
    if size < 1 << 16:
        return bytes((FINAL_TEXT, LENGTH_IN_TWO_BYTES)) + size.to_bytes(2, "big") + payload
    return bytes((FINAL_TEXT, LENGTH_IN_EIGHT_BYTES)) + size.to_bytes(8, "big") + payload


def frame_size(frame: Frame) -> int:
    """How many bytes a client's frame took on the wire, at least."""
    size = len(frame.data)
    length_size = 0 if size < LENGTH_IN_TWO_BYTES else 2 if size < 1 << 16 else 8
    return 2 + length_size + MASK_SIZE + size


class FrameParser:
    """One connection's parser, with what we must know of it to read some frames ourselves."""

    __slots__ = ("_conn", "_partial")

    def __init__(self, conn: ServerProtocol) -> None:
        self._conn = conn
        self._partial = 0  # bytes that it holds of a frame that isn't whole yet

    @property
    def is_between_messages(self) -> bool:
        """Whether the next byte begins a message, so that somebody else may parse that.

        Never once compression was agreed on: a frame is larger then than it was on the wire,
        which makes `_partial` wrong.
        """
        conn = self._conn
        return (
            self._partial == 0
            and conn.state is State.OPEN
            and conn.current_size is None
            and not conn.extensions
        )

    @property
    def kept_bytes(self) -> int:
        """Of a message that isn't whole yet."""
        return max(0, self._partial) + (self._conn.current_size or 0)

    @property
    def close_sent(self) -> tuple[int, str] | None:
        """Code and reason of the close frame that answers a broken frame; None if there is none."""
        close = self._conn.close_sent
        return None if close is None else (close.code, close.reason)

    @property
    def is_broken(self) -> bool:
        """Whether something that was fed isn't well-formed (RFC 6455): all after it is dropped."""
        return self._conn.parser_exc is not None

    def feed(self, data: bytes) -> int:
        """Parse `data` into the connection's events; how many there are of them now."""
        conn = self._conn
        self._partial += len(data)
        conn.receive_data(data)
        for event in conn.events:
            # A handshake arrives whole. A client may spend more bytes on a frame's length than
            # it must: `_partial` then stays above 0, and `websockets` parses all that follows.
            self._partial -= frame_size(event) if isinstance(event, Frame) else self._partial
        return len(conn.events)

    def stop(self) -> None:
        """End the parser, which is a generator that refers to itself: it is freed at once."""
        self._conn.parser.close()
