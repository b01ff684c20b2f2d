"""Our own programs as real processes, and the Redis that they work on."""

import contextlib
import signal
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import redis

from tests.integration.launcher import Launcher
from tests.integration.program import ROOT, STOP_SECONDS, Process, Program, environment


class Command(Program):
    """One of our own commands: `Command(folder, "serve", PORT="0")`."""

    def __init__(self, folder: Path, *arguments: str, **settings: str) -> None:
        super().__init__([sys.executable, "-m", "bootstrap", *arguments], folder, settings)

    def run(self) -> int:
        """Start it, and wait until it has ended by itself; returns its exit code."""
        try:
            self.start()
            return self.wait()
        finally:
            self.kill()


def check_one_line(command: Command, says: str) -> None:
    """It has ended with one line, which gives no password away."""
    assert command.output == []
    assert command.log.startswith("switchboard: ")
    assert command.log.count("\n") == 1
    assert says in command.log
    assert "sesame" not in command.log


class LaunchedCommand(Command):
    """One whose start isn't what is tested; without arguments it begins with all imported."""

    def __init__(self, folder: Path, name: str, *arguments: str, **settings: str) -> None:
        super().__init__(folder, name, *arguments, **settings)
        self._arguments = [name, *arguments]

    def _spawn(self, log: IO[bytes]) -> Process:
        if len(self._arguments) > 1:
            return super()._spawn(log)
        return LAUNCHER.launch(self._arguments, self.folder, environment(self.settings), log)


LAUNCHER = Launcher(ROOT / "src")


class Server(LaunchedCommand):
    """`switchboard serve` on a free port; `url` is where."""

    def __init__(self, folder: Path, *arguments: str, **settings: str) -> None:
        super().__init__(folder, "serve", *arguments, **{"PORT": "0", **settings})
        self.url = ""

    def start(self) -> None:
        super().start()
        self.url = self.wait_for_line(r"^Switchboard is on (http://\S+) \(\w+ backend\)$")[1]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


class Worker(LaunchedCommand):
    """`switchboard worker`."""

    def __init__(self, folder: Path, **settings: str) -> None:
        super().__init__(folder, "worker", **settings)

    def start(self) -> None:
        super().start()
        self.wait_for_line(r"^Switchboard's worker is ready$")


SOON_LOST = {
    "SWITCHBOARD_JOB_LEASE": "0.5",
    "SWITCHBOARD_JOB_LOSSES": "2",
    "SWITCHBOARD_JOB_WAITING": "1",
}
"""With these, workers lose a job half a second after their last sign of life."""


class Redis(Program):
    """A Redis-compatible server that keeps its port and folder through every mishap.

    Nothing is kept on disk unless options say so: `Redis(binary, folder, appendonly="yes")`.
    """

    def __init__(self, binary: Path, folder: Path, **options: str) -> None:
        self.port = free_port()
        chosen = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(folder),
            "save": "",
            "appendonly": "no",
            **options,
        }
        words = [word for name, value in chosen.items() for word in (f"--{name}", value)]
        super().__init__([binary, *words], folder)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        super().start()
        self.wait_for_line("Ready to accept connections")

    def restart(self) -> None:
        """Kill it if it runs, and have it back on the same port."""
        self.kill()
        self.start()

    def pause(self) -> None:
        """Freeze it: connections stay open, and nothing is answered."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.signal(signal.SIGCONT)

    def flush(self) -> None:
        """Have it forget everything."""
        self.ask("FLUSHALL")

    def ask(self, *words: str) -> Any:
        """Have it carry out a command, whatever it is as others see it."""
        with redis.Redis(port=self.port, socket_timeout=STOP_SECONDS) as client:
            execute: Any = client.execute_command
            return execute(*words)


@contextlib.contextmanager
def all_running(*programs: Program) -> Iterator[None]:
    """Start them at the same time, and stop them so."""
    with ThreadPoolExecutor(len(programs)) as threads:
        try:
            list(threads.map(lambda program: program.start(), programs))
            yield
            list(threads.map(lambda program: program.stop(), programs))
        finally:
            for program in programs:
                program.kill()


@contextlib.contextmanager
def all_well(*programs: Program) -> Iterator[None]:
    """They run, and in the end nothing has gone wrong in any of them."""
    with all_running(*programs):
        yield
    for program in programs:
        program.check_log()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
