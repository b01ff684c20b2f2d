"""Starts our own programs as processes that need not import everything anew.

Imports are most of what a start costs, and the suite starts hundreds. A launcher has them behind
it and forks: what comes of that is a process with a session, an environment, a folder and outputs
of its own, in which `python -m bootstrap` runs from its first line to its exit code.
"""

import atexit
import contextlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NoReturn

MODULE = "bootstrap"

ORDER_BYTES = 128 * 1024
"""An order holds a whole environment. Linux takes somewhat more in one piece."""


class Launched:
    """A process that a launcher started, used as a `subprocess.Popen` is."""

    def __init__(self, reports: IO[str], stdout: IO[str]) -> None:
        self.stdout = stdout
        self.pid = int(reports.readline())
        self._reports = reports
        self._returncode: int | None = None

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        if self._returncode is None:
            if not select.select([self._reports], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(MODULE, timeout or 0)
            with self._reports:
                self._returncode = int(self._reports.readline())
        return self._returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


class Launcher:
    """Starts with the first order, and ends when whoever made it does."""

    def __init__(self, sources: Path) -> None:
        self._sources = sources
        self._starting = threading.Lock()
        self._orders: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def launch(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], log: IO[bytes]
    ) -> Launched:
        stdout, their_stdout = os.pipe()
        reports, their_reports = os.pipe()
        order = json.dumps([arguments, str(folder), environment]).encode()
        theirs = [their_stdout, log.fileno(), their_reports]
        try:
            socket.send_fds(self._started(), [order], theirs)
        finally:
            os.close(their_stdout)
            os.close(their_reports)
        return Launched(
            os.fdopen(reports, encoding="ascii"),
            os.fdopen(stdout, encoding="utf-8", errors="replace"),
        )

    def _started(self) -> socket.socket:
        """Whose other end the launcher reads; several threads may be the first to ask."""
        with self._starting:
            if self._orders is None:
                self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                with theirs:
                    self._process = subprocess.Popen(
                        # Without the folder of this file, whose names are nobody's business there.
                        [sys.executable, "-P", __file__, str(theirs.fileno())],
                        env={
                            **os.environ,
                            "PYTHONPATH": str(self._sources),
                            "PYTHONIOENCODING": "utf-8",
                        },
                        pass_fds=[theirs.fileno()],
                        stdin=subprocess.DEVNULL,
                        start_new_session=True,
                    )
                atexit.register(self._orders.close)
            return self._orders


def _serve(orders: socket.socket) -> None:
    """Fork for every order; returns in a process that has become what was ordered."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        order, descriptors, *_ = socket.recv_fds(orders, ORDER_BYTES, 3)
        if not order:
            os._exit(0)
        if os.fork() == 0:
            orders.close()
            _keep(order, *descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)


def _keep(order: bytes, stdout: int, stderr: int, reports: int) -> None:
    """Fork once more, and tell of the child; only the child returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid:
        os.close(stdout)
        os.close(stderr)
        os.write(reports, f"{pid}\n".encode())
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with contextlib.suppress(BrokenPipeError):
            os.write(reports, f"{code}\n".encode())
        os._exit(0)
    os.close(reports)
    os.setsid()
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.close(stdout)
    os.close(stderr)
    arguments, folder, environment = json.loads(order)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [MODULE, *arguments]
    sys.orig_argv = [sys.executable, "-m", MODULE, *arguments]


def _main() -> NoReturn:
    # Found by the sources' folder; the rest is what commands import only when they are used.
    __import__(MODULE)
    with socket.socket(fileno=int(sys.argv[1])) as orders:
        _serve(orders)
    runpy.run_module(MODULE, run_name="__main__", alter_sys=True)
    sys.exit(0)


if __name__ == "__main__":
    _main()
