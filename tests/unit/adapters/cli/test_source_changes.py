import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.cli import source_changes
from adapters.cli.source_changes import SourceChanges, syntax_problem


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_changes, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(source_changes, "SETTLE_SECONDS", 0.01)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "package" / "inner").mkdir(parents=True)
    (tmp_path / "single.py").write_text("")
    (tmp_path / "package" / "one.py").write_text("")
    (tmp_path / "package" / "inner" / "two.lua").write_text("")
    return tmp_path


@pytest.fixture
def changes(source: Path) -> SourceChanges:
    return SourceChanges([source / "single.py", source / "package", source / "missing"])


async def next_of(changes: SourceChanges) -> list[Path]:
    return await asyncio.wait_for(changes.next(), 20)


def write(file: Path) -> None:
    file.write_text(f"{file.read_text()}# more\n")


def touch(file: Path) -> None:
    stamp = file.stat().st_mtime_ns + 1
    os.utime(file, ns=(stamp, stamp))


@pytest.mark.parametrize("change", [write, touch, Path.unlink])
@pytest.mark.parametrize("name", ["single.py", "package/one.py", "package/inner/two.lua"])
async def test_a_change_is_told_with_its_file(
    changes: SourceChanges, source: Path, name: str, change: Callable[[Path], None]
) -> None:
    change(source / name)
    assert await next_of(changes) == [source / name]


@pytest.mark.parametrize("suffix", ["py", "lua", "html", "css", "js"])
async def test_a_new_file_is_a_change(changes: SourceChanges, source: Path, suffix: str) -> None:
    new = source / "package" / "inner" / f"new.{suffix}"
    new.write_text("")
    assert await next_of(changes) == [new]


async def test_what_no_program_reads_is_no_change(changes: SourceChanges, source: Path) -> None:
    for name in ("one.pyc", "one.py.swp", "notes.md", ".one.py~"):
        (source / "package" / name).write_text("")
    write(source / "package" / "one.py")
    assert await next_of(changes) == [source / "package" / "one.py"]


async def test_several_changes_are_told_together_and_once(
    changes: SourceChanges, source: Path
) -> None:
    write(source / "single.py")
    write(source / "package" / "one.py")
    assert await next_of(changes) == [source / "package" / "one.py", source / "single.py"]
    write(source / "single.py")
    assert await next_of(changes) == [source / "single.py"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"def (", "file.py, line 1: "),
        (b"x = 1\n  y", "file.py, line 2: unexpected indent"),
        (b"x = '\0'", "file.py"),
        (b"x = '\xff'", "file.py"),
    ],
)
def test_a_file_that_is_no_python_is_told(tmp_path: Path, text: bytes, problem: str) -> None:
    file = tmp_path / "file.py"
    file.write_bytes(text)
    told = syntax_problem(file)
    assert told is not None
    assert told.startswith(problem)
    assert "\n" not in told


def test_nothing_is_told_of_other_files(tmp_path: Path) -> None:
    good, lua, gone = (tmp_path / name for name in ("good.py", "script.lua", "gone.py"))
    good.write_text("raise NameError('never run: \\d')")
    lua.write_text("local x")
    assert [syntax_problem(file) for file in (good, lua, gone)] == [None] * 3
