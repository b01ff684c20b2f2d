"""Output that fails, or that nobody reads: its writer goes on, and what is missing is counted."""

import errno
import os
from collections.abc import Iterator
from contextlib import suppress

import pytest

from adapters.output import Output

LIMIT = 1_000
DEADLINE = 20.0


class Pipe:
    """What an `Output` writes into, and what is read of it."""

    def __init__(self) -> None:
        self.reading, writing = os.pipe()
        self.output = Output(writing, limit=LIMIT)

    def fill(self) -> int:
        """Write into the pipe itself until no more goes in; how much that was."""
        os.set_blocking(self.output.fileno(), False)
        size = 0
        with suppress(BlockingIOError):
            while True:
                size += os.write(self.output.fileno(), b"." * 4096)
        os.set_blocking(self.output.fileno(), True)
        return size

    def read(self, size: int) -> bytes:
        read = b""
        while len(read) < size:
            read += os.read(self.reading, size - len(read))
        return read

    def read_line(self) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            line += self.read(1)
        return line


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.output.finish(DEADLINE)
    for fd in (pipe.reading, pipe.output.fileno()):
        with suppress(OSError):
            os.close(fd)


def test_what_is_written_arrives_in_order(pipe: Pipe) -> None:
    lines = [b"line %d\n" % number for number in range(50)]
    for line in lines:
        assert pipe.output.write(line) == len(line)
        assert pipe.read_line() == line


def test_a_pipe_that_nobody_reads_delays_nobody_and_what_is_missing_is_told(pipe: Pipe) -> None:
    stuck = pipe.fill()
    line = b"x" * 99 + b"\n"
    for _ in range(100):
        pipe.output.write(line)
    pipe.output.write(b"the end\n")
    pipe.read(stuck)
    assert [pipe.read_line() for _ in range(10)] == [line] * 10
    assert pipe.read_line() == b"switchboard: 91 lines are missing here\n"
    pipe.output.finish(DEADLINE)
    pipe.output.write(b"it goes on\n")
    assert pipe.read_line() == b"it goes on\n"


def test_the_end_does_not_wait_for_a_reader_that_is_stuck(pipe: Pipe) -> None:
    stuck = pipe.fill()
    pipe.output.write(b"never mind\n")
    pipe.output.finish(0.01)
    pipe.read(stuck)
    assert pipe.read_line() == b"never mind\n"


def test_what_comes_after_the_end_is_written_at_once(pipe: Pipe) -> None:
    pipe.output.write(b"one\n")
    pipe.output.finish(DEADLINE)
    pipe.output.write(b"two\n")
    assert os.read(pipe.reading, 100) == b"one\ntwo\n"


def test_a_reader_that_is_gone_is_no_error(pipe: Pipe) -> None:
    os.close(pipe.reading)
    for _ in range(3):
        assert pipe.output.write(b"anybody?\n") == 9
        pipe.output.finish(DEADLINE)


def test_a_pipe_that_somebody_else_made_non_blocking_loses_nothing(pipe: Pipe) -> None:
    stuck = pipe.fill()
    os.set_blocking(pipe.output.fileno(), False)
    pipe.output.write(b"patience\n")
    pipe.read(stuck)
    assert pipe.read_line() == b"patience\n"


def test_what_a_full_disk_did_not_take_is_told_once_there_is_room(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_full = True
    write = os.write

    def write_if_room(fd: int, data: bytes) -> int:
        if is_full and fd == pipe.output.fileno():
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(fd, data)

    monkeypatch.setattr(os, "write", write_if_room)
    pipe.output.write(b"one\ntwo\n")
    with pipe.output._news:
        assert pipe.output._news.wait_for(lambda: not pipe.output._size, DEADLINE)
    is_full = False
    pipe.output.write(b"three\n")
    assert pipe.read_line() == b"three\n"
    assert pipe.read_line() == b"switchboard: 2 lines are missing here\n"
