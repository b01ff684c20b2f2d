"""Writing, made cheap: what one turn of the event loop writes to a socket goes out as one."""

import asyncio
from collections.abc import Callable

from adapters.server.plain_frames import plain_frame

AT_ONCE = 64 * 1024
"""So many bytes go out before the turn is over: from there on a transport may say it is full."""


class WriteBatch:
    """What all sockets share: who was written to in this turn of the event loop.

    In a busy room a member is told several things per turn. uvloop 0.23 makes each write a
    system call, and that call is two thirds of what a delivery costs.
    """

    __slots__ = ("_written", "frame", "text")

    def __init__(self) -> None:
        self._written: list[Outbox] = []
        self.text = ""
        self.frame = plain_frame("")

    def add(self, outbox: "Outbox") -> None:
        if not self._written:
            asyncio.get_running_loop().call_soon(self._end)
        self._written.append(outbox)

    def encode(self, text: str) -> None:
        """Make `frame` of `text`, for all connections that are told the same."""
        self.text, self.frame = text, plain_frame(text)

    def _end(self) -> None:
        written, self._written = self._written, []
        for outbox in written:
            outbox.flush()


class Outbox:
    """A transport whose writes wait for the end of the turn, in order; the rest is as it was.

    `takes_text` says whether `write_text` would write: `may_take_text` did when last asked,
    which is after every other write, and neither is the transport full nor closed.

    `_over` says that our half was ended: what is written then is dropped. A transport would
    raise, at the end of a turn, and those after it in that turn would never be written to.
    """

    __slots__ = (
        "_may_take_text",
        "_over",
        "_size",
        "_takes_text",
        "_transport",
        "_turn",
        "_waiting",
    )

    def __init__(
        self, transport: asyncio.Transport, turn: WriteBatch, may_take_text: Callable[[], bool]
    ) -> None:
        self._transport = transport
        self._turn = turn
        self._may_take_text = may_take_text
        self._takes_text = False
        self._over = False
        self._waiting: list[bytes] = []
        self._size = 0

    def write_text(self, text: str) -> bool:
        """Write a text frame; False, and nothing written, unless the transport takes it."""
        if not self._takes_text:
            return False
        turn = self._turn
        if text is not turn.text:
            turn.encode(text)
        self._append(turn.frame)
        return True

    def write(self, data: bytes) -> None:
        if not self._over:
            self._append(data)
            self.look()

    def look(self) -> None:
        """See anew whether text may be written."""
        self._takes_text = not self._over and self._may_take_text()

    def flush(self) -> None:
        waiting = self._waiting
        if not waiting:
            return
        data = waiting[0] if len(waiting) == 1 else b"".join(waiting)
        waiting.clear()
        self._size = 0
        if not self._transport.is_closing():
            self._transport.write(data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def can_write_eof(self) -> bool:
        return self._transport.can_write_eof()

    def write_eof(self) -> None:
        self._finish()
        self._transport.write_eof()

    def close(self) -> None:
        self._finish()
        self._transport.close()

    def abort(self) -> None:
        self.let_go()
        self._transport.abort()

    def let_go(self) -> None:
        """The connection is lost: nothing is written any more, nobody is asked."""
        self._waiting.clear()
        self._finish()
        self._may_take_text = bool

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def _finish(self) -> None:
        self.flush()
        self._over = True
        self._takes_text = False

    def _append(self, data: bytes) -> None:
        if not self._waiting:
            self._turn.add(self)
        self._waiting.append(data)
        self._size += len(data)
        if self._size >= AT_ONCE:
            self.flush()
