"""Changes of the source files, for `dev` to start anew."""

import asyncio
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

SUFFIXES = {".py", ".lua", ".html", ".css", ".js"}

LOOK_SECONDS = 0.5

SETTLE_SECONDS = 0.1
"""An editor writes a file in several steps, and git writes many files."""

Stamps: TypeAlias = dict[Path, tuple[int, int]]


def syntax_problem(path: Path) -> str | None:
    """What is wrong with a Python file that can't even be read as one, in a line."""
    if path.suffix != ".py" or not path.exists():
        return None
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(path.read_bytes(), path, "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"{path.name}, line {error.lineno}: {error.msg}"
    except ValueError as error:
        return f"{path.name}: {error}"  # a null byte
    return None


class SourceChanges:
    """Watches `roots`, files or folders, by looking at times and sizes: no dependency, and
    it works on every file system.
    """

    def __init__(self, roots: Iterable[Path]) -> None:
        self._roots = list(roots)
        self._seen = self._look()

    async def next(self) -> list[Path]:
        """Wait for files that differ from the last call's, and for writing to pause; which."""
        now = self._look()
        while now == self._seen:
            await asyncio.sleep(LOOK_SECONDS)
            now = self._look()
        before = None
        while now != before:
            await asyncio.sleep(SETTLE_SECONDS)
            before, now = now, self._look()
        changed = {path for path, _ in self._seen.items() ^ now.items()}
        self._seen = now
        return sorted(changed)

    def _look(self) -> Stamps:
        stamps = {}
        for path in self._files():
            try:
                status = path.stat()
            except OSError:
                continue  # gone since it was listed
            stamps[path] = (status.st_mtime_ns, status.st_size)
        return stamps

    def _files(self) -> Iterator[Path]:
        for root in self._roots:
            if root.is_file():
                yield root
            else:
                yield from (path for path in root.rglob("*") if path.suffix in SUFFIXES)
