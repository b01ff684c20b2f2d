"""A program as a real process, in a group of its own, which does not outlive its test."""

import contextlib
import itertools
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self, TypeAlias

from tests.integration.launcher import Launched

ROOT = Path(__file__).parents[2]
SECRET = "what the tests sign their visitors with"
START_SECONDS = 30.0
STOP_SECONDS = 20.0

_UNPREFIXED = {
    "BACKEND",
    "HOST",
    "PORT",
    "REDIS_URL",
    "EMBEDDED_REDIS_DIR",
    "SEND_COMPLETION",
    "LOG_WEBSOCKET",
    "JOB_PACE",
}

_numbers = itertools.count(1)


Process: TypeAlias = subprocess.Popen[str] | Launched


class Program:
    """One process. Its standard output is read as it comes, its standard error is a file.

    Used as a context manager it is started, then stopped by SIGTERM; one that does not
    obey in time is killed, with all its group, and fails the test.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        folder: Path,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.command = [str(part) for part in command]
        self.folder = folder
        self.settings = dict(settings or {})
        self.log_path = folder / f"{Path(self.command[0]).name}-{next(_numbers)}.log"
        self.output: list[str] = []
        self._process: Process | None = None
        self._reader: threading.Thread | None = None
        self._news = threading.Condition()
        self._has_ended = False

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def resident_bytes(self) -> int:
        """How much memory the process takes; on Linux."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    @property
    def log(self) -> str:
        """All of standard error so far."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        self.output.clear()
        self._has_ended = False
        with self.log_path.open("ab") as log:
            self._process = self._spawn(log)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for_line(self, pattern: str, *, deadline: float = START_SECONDS) -> re.Match[str]:
        """The first line on standard output that `pattern` is found in."""

        def found() -> re.Match[str] | None:
            return next(filter(None, (re.search(pattern, line) for line in self.output)), None)

        with self._news:
            self._news.wait_for(lambda: found() or self._has_ended, deadline)
            line = found()
        if line is None:
            said = f"{''.join(self.output)}{self.log}"
            raise AssertionError(f"{self.command} did not say {pattern!r}. It said:\n{said}")
        return line

    def wait_for_log(self, text: str, *, deadline: float = STOP_SECONDS) -> None:
        """Until `text` stands in the log. A file tells nobody of its growth: look often."""
        end = time.monotonic() + deadline
        while text not in self.log:
            if time.monotonic() > end:
                raise AssertionError(f"the log never had {text!r}:\n{self.log}")
            time.sleep(0.02)

    def signal(self, number: signal.Signals) -> None:
        self._running().send_signal(number)

    def wait(self, *, deadline: float = STOP_SECONDS) -> int:
        """The exit code; negative for the signal that ended it."""
        try:
            return self._running().wait(deadline)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.command} still runs. It said:\n{self.log}") from None

    def stop(self) -> int:
        """Ask it to end, and see that it does."""
        try:
            # One that is frozen could not hear the SIGTERM.
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            return self.wait()
        finally:
            self.kill()

    def kill(self) -> None:
        """End it and its children at once; one that has ended already is no error."""
        process, reader = self._process, self._reader
        if process is None or reader is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        reader.join()

    def check_log(self) -> None:
        """Nothing went wrong that nobody expected."""
        log = self.log
        assert "Traceback" not in log, log
        assert "[error" not in log, log

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.stop()
        else:
            self.kill()

    def _spawn(self, log: IO[bytes]) -> Process:
        return subprocess.Popen(
            self.command,
            cwd=self.folder,
            env=environment(self.settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )

    def _running(self) -> Process:
        assert self._process is not None, "not started"
        return self._process

    def _read(self) -> None:
        stdout = self._running().stdout
        assert stdout is not None
        with stdout:
            for line in stdout:
                with self._news:
                    self.output.append(line)
                    self._news.notify_all()
        with self._news:
            self._has_ended = True
            self._news.notify_all()


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Our own environment, with `settings` instead of whatever settings it holds.

    The sources are named, so that a clone tests itself whichever clone its Python belongs to.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _UNPREFIXED and not name.startswith("SWITCHBOARD_")
    }
    ours = {"PYTHONPATH": str(ROOT / "src"), "SWITCHBOARD_VISITOR_SECRET": SECRET}
    return {**kept, **ours, "PYTHONIOENCODING": "utf-8", **settings}
