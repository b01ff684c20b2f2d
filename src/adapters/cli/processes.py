"""Child processes: started, ready, stopped in order, and never left behind."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

from adapters.cli import parent_watch
from adapters.cli.console import Console

START_SECONDS = 30.0
"""For a process to become ready. Most of it is importing, which a busy machine makes slow."""

REPORT_SECONDS = 5.0
"""How often to report that a process is not ready yet."""

OUTPUT_SECONDS = 1.0
"""For a process's last output to arrive after its end. A bound, because a child of it that left
its group could keep the output open for ever."""

LONGEST_LINE = 64 * 1024
"""Bytes without an end of line that are kept in memory before they are printed as a line."""


async def first(*futures: asyncio.Future[Any], seconds: float | None = None) -> None:
    """Wait until one of them is done, or for at most `seconds`."""
    await asyncio.wait(futures, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)


class PartEnded(Exception):
    """A part has ended without having been asked to."""


class NotReady(PartEnded):
    """It ended before it was ready, or is not ready after too long."""


@dataclass(frozen=True, slots=True)
class Part:
    """A program to run. It is ready with the first line that begins with `ready`, which then
    isn't printed; without one, whoever starts it finds out otherwise.
    `scratch` is a folder to remove when we are killed.
    """

    name: str
    command: Sequence[str | Path]
    environment: Mapping[str, str]
    stop_seconds: float
    ready: str | None = None
    fds: Sequence[int] = ()
    scratch: Path | None = None
    shows: Callable[[str], bool] = field(default=lambda _line: True)


class Child(asyncio.SubprocessProtocol):
    """One running process, the leader of its own session; `ended` holds its exit code."""

    def __init__(
        self, part: Part, watch_end: IO[bytes], console: Console, report: Callable[[str], None]
    ) -> None:
        loop = asyncio.get_running_loop()
        self.name = part.name
        self.part = part
        self.ended: asyncio.Future[int] = loop.create_future()
        self._ready = asyncio.Event()
        self._watch_end = watch_end
        self._console = console
        self._report = report
        self._unfinished = b""
        self._transport: asyncio.SubprocessTransport
        self._output_timer: asyncio.TimerHandle

    @property
    def pid(self) -> int:
        return self._transport.get_pid()

    @property
    def has_ended(self) -> bool:
        return self.ended.done()

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        code = self.ended.result()
        if code < 0:
            return f"{self.name} was ended by {signal.Signals(-code).name}"
        return f"{self.name} ended with exit code {code}"

    async def until_ready(self, check: Callable[[], Awaitable[Any]] | None = None) -> None:
        """Return once it said so, or else once `check` returned; raises `NotReady`."""
        ready = asyncio.ensure_future((check or self._ready.wait)())
        try:
            await self._await_first(ready)
            if ready.done():
                await ready
        finally:
            ready.cancel()

    async def _await_first(self, ready: asyncio.Future[Any]) -> None:
        waited = 0.0
        while waited < START_SECONDS:
            await first(ready, self.ended, seconds=REPORT_SECONDS)
            if self.has_ended:
                raise NotReady(f"{self.ending} before it was ready")
            if ready.done():
                return
            waited += REPORT_SECONDS
            self._report(f"{self.name} is not ready after {waited:.0f} s")
        raise NotReady(f"{self.name} was not ready after {START_SECONDS:.0f} s")

    async def stop(self, kill: asyncio.Event) -> None:
        """Ask it to end; kill it after `stop_seconds`, or as soon as `kill` is set."""
        killing = asyncio.ensure_future(kill.wait())
        try:
            self._signal(signal.SIGTERM)
            await first(self.ended, killing, seconds=self.part.stop_seconds)
            if not self.has_ended:
                self._report(f"{self.name} has not ended when asked to, so it is killed")
                self._kill_group()
                await self.ended
        finally:
            killing.cancel()

    def _signal(self, signum: signal.Signals) -> None:
        # Not by the transport: subprocess (Python 3.11) would look first whether the process has
        # ended, and so take the exit code away from asyncio, which then reports 255.
        if self._transport.get_returncode() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signum)

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    # What asyncio tells us.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.SubprocessTransport, transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        if len(self._unfinished) > LONGEST_LINE:
            lines, self._unfinished = [*lines, self._unfinished], b""
        for line in lines:
            self._line_printed(line.decode("utf-8", "replace").rstrip("\r"))

    def process_exited(self) -> None:
        # Its parent watch and its own children are in its group.
        self._kill_group()
        self._watch_end.close()
        loop = asyncio.get_running_loop()
        self._output_timer = loop.call_later(OUTPUT_SECONDS, self._transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._output_timer.cancel()
        self._transport.close()
        if self._unfinished:
            self.pipe_data_received(1, b"\n")
        code = self._transport.get_returncode()
        if not self.ended.done():
            self.ended.set_result(0 if code is None else code)

    def _line_printed(self, line: str) -> None:
        if self.part.ready and not self._ready.is_set() and line.startswith(self.part.ready):
            self._ready.set()
        elif self.part.shows(line):
            self._console.say(self.name, line)


class Group:
    """Children that are ended together: one by one, the newest first, or all `at_once`.

    What they print goes to `console`, and what happens to them to `report`. Once `kill` is
    set, a child that is to end is killed.
    """

    def __init__(
        self,
        console: Console,
        report: Callable[[str], None],
        kill: asyncio.Event,
        *,
        at_once: bool = False,
    ) -> None:
        self._console = console
        self._report = report
        self._kill = kill
        self._at_once = at_once
        self._children: list[Child] = []

    async def start(self, part: Part) -> Child:
        """Raises `NotReady` if no process can be started at all."""
        reading, writing = os.pipe()
        watch_end = os.fdopen(writing, "wb")
        try:
            _, child = await asyncio.get_running_loop().subprocess_exec(
                lambda: Child(part, watch_end, self._console, self._report),
                # -I and -S: no site-packages, so that it takes milliseconds.
                *(sys.executable, "-I", "-S", parent_watch.__file__),
                *(str(reading), str(part.stop_seconds), str(part.scratch or "")),
                *map(str, part.command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, **part.environment},
                pass_fds=(reading, *part.fds),
                start_new_session=True,
            )
        except BaseException as error:
            watch_end.close()
            if isinstance(error, OSError):
                raise NotReady(f"{part.name} can't be started: {error.strerror}") from None
            raise
        finally:
            os.close(reading)
        self._children.append(child)
        child.ended.add_done_callback(lambda _: self._children.remove(child))
        return child

    async def stop(self, child: Child) -> None:
        await child.stop(self._kill)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._at_once:
            await asyncio.gather(*map(self.stop, self._children))
        for child in reversed(self._children.copy()):
            await self.stop(child)
