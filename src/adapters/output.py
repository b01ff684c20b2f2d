"""Standard output and standard error that neither fail nor hold up who writes.

A closed terminal, a full disk, a pipe that nobody reads, an encoding without ☕: none of it is a
reason not to serve, and a write that blocks would stop the event loop.
"""

import atexit
import io
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TextIO, cast

OUTPUT_BYTES = 1024 * 1024
"""Bytes that wait for a reader, thousands of lines. Past it lines are dropped, and counted."""

LAST_SECONDS = 1.0
"""At the end, for what still waits: a reader that is slow gets it, one that is stuck does not."""


class Output(io.RawIOBase):
    """A file descriptor to which one thread writes what any other hands over.

    What could not be written is counted in lines. `notice` says so in the place of the gap, once
    the reader goes on.
    """

    def __init__(self, fd: int, *, limit: int = OUTPUT_BYTES) -> None:
        self.notice: Callable[[int], str] = "switchboard: {} lines are missing here".format
        self._fd = fd
        self._limit = limit
        self._waiting: deque[bytes] = deque()
        self._size = 0
        """Of what waits and of what is being written."""
        self._lost = 0
        self._is_full = False
        self._is_over = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"output-{fd}", daemon=True)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd

    def isatty(self) -> bool:
        return os.isatty(self._fd)

    def write(self, data: Any) -> int:
        """Hand `data` over. Returns at once."""
        chunk = bytes(data)
        with self._news:
            if self._is_over:
                self._put(chunk)
            elif self._is_full or self._size + len(chunk) > self._limit:
                self._is_full = True
                self._lost += chunk.count(b"\n")
            else:
                self._waiting.append(chunk)
                self._size += len(chunk)
                self._news.notify_all()
                if self._thread.ident is None:
                    self._thread.start()
        return len(chunk)

    def finish(self, seconds: float) -> None:
        """Wait until all is written, for at most `seconds`. What comes later is written at once,
        or, where nobody reads, not at all."""
        with self._news:
            if self._news.wait_for(lambda: not self._size, seconds):
                self._is_over = True

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._waiting)
                data = b"".join(self._waiting)
                self._waiting.clear()
            is_written = self._put(data)
            with self._news:
                if not is_written:
                    self._lost += data.count(b"\n")
                # Once all is written that came before the gap.
                lost = self._lost if is_written and not self._waiting else 0
                self._lost -= lost
            if lost:
                self._put(f"{self.notice(lost)}\n".encode(errors="replace"))
            with self._news:
                self._size -= len(data)
                self._is_full = self._is_full and bool(self._waiting)
                self._news.notify_all()

    def _put(self, data: bytes) -> bool:
        """Write all of it, however long that takes; whether that was possible."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._fd, rest) :]
            except BlockingIOError:
                # Whoever shares our terminal or pipe may have made it non-blocking.
                select.select([], [self._fd], [])
            except OSError:
                return False
        return True


def protect_output() -> None:
    """Have this process's output go through `Output`; for programs, before they do anything.

    On Windows, whose terminals take no bytes, characters alone are seen to.
    """
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            # Closed by who started us: a socket would be given its number, and then be printed to.
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = _protected(sys.stdout)
    sys.stderr = _protected(sys.stderr)


def _protected(stream: TextIO | None) -> TextIO:
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    if os.name != "posix":
        cast(io.TextIOWrapper, stream).reconfigure(errors="backslashreplace")
        return stream
    output = Output(stream.fileno())
    atexit.register(output.finish, LAST_SECONDS)
    return io.TextIOWrapper(
        cast(IO[bytes], output),
        encoding=stream.encoding,
        errors="backslashreplace",
        write_through=True,
    )
