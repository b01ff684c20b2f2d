"""The parent watch: a command that ends when its launcher is gone, even by `kill -9`.

Run as `python -I -S parent_watch.py PIPE SECONDS FOLDER COMMAND…` in a session of its own. The
process becomes the command, with its id, its exit code and its signals. A second process watches:
it reads the pipe whose other end the launcher holds. When the launcher is gone, it sends the
command's process group SIGTERM, and SIGKILL after `SECONDS`. Then it removes `FOLDER`, if one is
named, because the launcher no longer can.

This module is run as a program, without site-packages: it needs the standard library only.
A pipe works on every Unix; PR_SET_PDEATHSIG is Linux's and does not reach grandchildren.
"""

import contextlib
import os
import signal
import sys
import time

LOOK_SECONDS = 0.05


def run(pipe: int, seconds: float, folder: str, command: list[str]) -> None:
    """Become `command`; returns only if that can't be done."""
    leader = os.getpid()
    if os.fork() == 0:
        watch(pipe, leader, seconds, folder)
    os.close(pipe)
    os.execvp(command[0], command)  # noqa: S606 - no shell is wanted


def watch(pipe: int, leader: int, seconds: float, folder: str) -> None:
    """Wait for the end of `pipe`, then end our own process group, this process included."""
    for signum in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)
    _close_all_but(pipe)
    os.read(pipe, 1)
    os.kill(0, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    # The parent changes when the leader has ended, even while its exit code is not read yet.
    while os.getppid() == leader and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
    if folder:
        import shutil  # noqa: PLC0415 - which takes long, and is seldom needed

        shutil.rmtree(folder, ignore_errors=True)
    os.kill(0, signal.SIGKILL)


def _close_all_but(pipe: int) -> None:
    """Close what the command was given: its output and its port would stay open here."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 - pathlib takes long to import
        if int(name) not in (0, 1, 2, pipe):
            with contextlib.suppress(OSError):
                os.close(int(name))


if __name__ == "__main__":
    try:
        run(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3], sys.argv[4:])
    except OSError as error:
        sys.exit(f"{sys.argv[4]}: {error.strerror}")
