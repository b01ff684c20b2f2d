"""Follows a page of `docs/how-to` in a copy of the repository, by the page's own code blocks.

A block whose fence names a file is that file, if it is new; a `diff` block changes a file that is
there: its unmarked lines and those with `-` must stand there once.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Copy:
    """The repository as git knows it, in a folder that may be spoilt."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        for name in listed.stdout.split("\0"):
            if name and (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        if (cache := ROOT / ".mypy_cache").is_dir():
            # mypy looks at what has changed since, as it would here.
            shutil.copytree(cache, folder / cache.name)
        self.changed: set[str] = set()
        self.added: set[str] = set()
        self.removed: set[str] = set()

    def follow(self, page: str) -> None:
        """Do what a page says."""
        text = (ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")
        for language, name, body in BLOCK.findall(text):
            if language == "diff":
                self._change(name, body)
            elif language == "sh":
                self._remove(body)
            else:
                assert not (self.folder / name).exists(), f"{name} is there already"
                self.added.add(name)
                (self.folder / name).write_text(body, encoding="utf-8")

    def _change(self, name: str, body: str) -> None:
        lines = body.splitlines()
        before = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
        after = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{name} should have this once:\n{before}"
        path.write_text(text.replace(before, after), encoding="utf-8")
        self.changed.add(name)

    def _remove(self, body: str) -> None:
        for line in body.splitlines():
            command, *names = line.split()
            assert command == "rm", line
            for name in names:
                (self.folder / name).unlink()
                self.removed.add(name)

    def run(self, *words: str | Path, seconds: float = 300) -> None:
        """Run a tool of this interpreter's environment there; fail with what it says."""
        first, *others = words
        tool = first if isinstance(first, Path) else Path(sys.executable).with_name(first)
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")
        }
        done = subprocess.run(
            [tool, *others],
            check=False,
            cwd=self.folder,
            env={**environment, "PYTHONPATH": str(self.folder / "src"), "COLUMNS": "160"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
        )
        assert done.returncode == 0, done.stdout[-6_000:]

    def check(self) -> None:
        """What `make check` does, but for the lock; the page where its tools are installed."""
        self.run("ruff", "check", ".")
        self.run("ruff", "format", "--check", ".")
        self.run("mypy")
        self.run("lint-imports", "--no-logo", "--no-cache")
        tools = ROOT / "node_modules"
        if (tools / "ready").exists():
            (self.folder / "node_modules").symlink_to(tools)
            self.run(tools / ".bin" / "biome", "check", "--error-on-warnings")
            self.run(tools / ".bin" / "tsc")
