"""A transport that coalesces writes: those of one turn of the event loop go out as one.

In a busy room a member is sent several messages per turn. uvloop 0.23 makes a system call of
each write, and that call is two thirds of what a delivery costs.
"""

import asyncio
from collections.abc import Callable

from adapters.server.frames import plain_frame

FLUSH_BYTES = 64 * 1024
"""So many bytes go out before the turn ends, so that the transport can say that it is full."""


class WriteBatch:
    """The transports of a server that were written to in this turn of the event loop.

    It keeps the frame of the last text, because the next connection is mostly sent the same one.
    """

    __slots__ = ("_transports", "frame", "text")

    def __init__(self) -> None:
        self._transports: list[BufferedTransport] = []
        self.text = ""
        self.frame = plain_frame("")

    def add(self, transport: "BufferedTransport") -> None:
        if not self._transports:
            asyncio.get_running_loop().call_soon(self._flush)
        self._transports.append(transport)

    def encode(self, text: str) -> None:
        """Make `frame` of `text`."""
        self.text, self.frame = text, plain_frame(text)

    def _flush(self) -> None:
        transports, self._transports = self._transports, []
        for transport in transports:
            transport.flush()


class BufferedTransport:
    """Keeps what is written, in order, until the turn of the event loop ends.

    `can_write_text` is asked after each change that may alter its answer, not for each text:
    `update` is how the protocol reports such a change.
    """

    __slots__ = (
        "_batch",
        "_buffer",
        "_can_write_text",
        "_ended",
        "_size",
        "_transport",
        "_writable",
    )

    def __init__(
        self, transport: asyncio.Transport, batch: WriteBatch, can_write_text: Callable[[], bool]
    ) -> None:
        self._transport = transport
        self._batch = batch
        self._can_write_text = can_write_text
        self._writable = False
        self._ended = False
        self._buffer: list[bytes] = []
        self._size = 0

    def write_text(self, text: str) -> bool:
        """Write a text frame. False, and nothing written, if the transport is full or ended."""
        if not self._writable:
            return False
        batch = self._batch
        if text is not batch.text:
            batch.encode(text)
        self._append(batch.frame)
        return True

    def write(self, data: bytes) -> None:
        # A write after the end would raise in `WriteBatch._flush`, which would then skip others.
        if data and not self._ended:
            self._append(data)
            self.update()

    def update(self) -> None:
        """Ask anew whether text can be written."""
        self._writable = not self._ended and self._can_write_text()

    def flush(self) -> None:
        buffer = self._buffer
        if not buffer:
            return
        data = buffer[0] if len(buffer) == 1 else b"".join(buffer)
        buffer.clear()
        self._size = 0
        if not self._transport.is_closing():
            self._transport.write(data)

    def get_write_buffer_size(self) -> int:
        return self._size + self._transport.get_write_buffer_size()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def can_write_eof(self) -> bool:
        return self._transport.can_write_eof()

    def write_eof(self) -> None:
        self._end()
        self._transport.write_eof()

    def close(self) -> None:
        self._end()
        self._transport.close()

    def abort(self) -> None:
        self.discard()
        self._transport.abort()

    def discard(self) -> None:
        """Drop what isn't written and refuse more: the connection is lost."""
        self._buffer.clear()
        self._end()
        self._can_write_text = bool  # what it refers to is freed

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def _end(self) -> None:
        self.flush()
        self._ended = True
        self._writable = False

    def _append(self, data: bytes) -> None:
        if not self._buffer:
            self._batch.add(self)
        self._buffer.append(data)
        self._size += len(data)
        if self._size >= FLUSH_BYTES:
            self.flush()
