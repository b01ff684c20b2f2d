"""The parent watch as a process: what it is for can't be seen from within."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from adapters.cli import parent_watch
from tests.survivors import processes, until_gone
from tests.unit.adapters.cli.parts import DEADLINE, DEAF, FOR_EVER


@contextmanager
def watched(
    program: str, *, seconds: float = DEADLINE, folder: Path | str = ""
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A program under parent watch that printed its first line, and the launcher's pipe end."""
    reading, writing = os.pipe()
    command = [sys.executable, "-I", "-S", "-c", program]
    process = subprocess.Popen(
        [
            sys.executable,
            "-I",
            "-S",
            parent_watch.__file__,
            str(reading),
            str(seconds),
            folder,
            *command,
        ],
        pass_fds=[reading],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    os.close(reading)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process, writing
        # Its output is closed by all that held it.
        assert select.select([process.stdout], [], [], DEADLINE)[0]
        assert process.stdout.read() == b""
        process.stdout.close()
    finally:
        # The group has this number for as long as anybody is left in it.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def launcher_is_gone(end: int) -> None:
    """What the kernel does when the launcher is killed."""
    os.close(end)


def test_the_end_of_the_launcher_is_the_end_of_the_command() -> None:
    with watched(FOR_EVER) as (process, end):
        launcher_is_gone(end)
        assert process.wait(DEADLINE) == -signal.SIGTERM


def test_a_command_that_does_not_obey_is_killed() -> None:
    with watched(DEAF, seconds=0.1) as (process, end):
        launcher_is_gone(end)
        assert process.wait(DEADLINE) == -signal.SIGKILL


def test_what_the_command_started_ends_with_it() -> None:
    program = f"import subprocess, sys; subprocess.call([sys.executable, '-c', {DEAF!r}])"
    with watched(program, seconds=0.1) as (process, end):
        launcher_is_gone(end)
        assert process.wait(DEADLINE) in {-signal.SIGTERM, -signal.SIGKILL}


def test_a_folder_for_the_moment_goes_with_them(tmp_path: Path) -> None:
    folder = tmp_path / "scratch"
    (folder / "inner").mkdir(parents=True)
    with watched(FOR_EVER, folder=folder) as (process, end):
        launcher_is_gone(end)
        process.wait(DEADLINE)
        until_gone([pid for pid, one in processes().items() if one.group == process.pid])
    assert not folder.exists()
    assert tmp_path.exists()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signals_reach_the_command_as_if_nobody_watched(signum: signal.Signals) -> None:
    answer = f"lambda *_: sys.exit({signum:d})"
    program = f"import signal, sys; signal.signal({signum:d}, {answer}); {FOR_EVER}"
    with watched(program) as (process, end):
        process.send_signal(signum)
        assert process.wait(DEADLINE) == signum
        launcher_is_gone(end)


def test_a_command_that_cant_be_run_is_told_in_one_line() -> None:
    reading, writing = os.pipe()
    process = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            parent_watch.__file__,
            str(reading),
            "1",
            "",
            "no-such-command",
        ],
        check=False,
        pass_fds=[reading],
        start_new_session=True,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    os.close(reading)
    os.close(writing)
    assert process.returncode == 1
    assert process.stderr == "no-such-command: No such file or directory\n"
