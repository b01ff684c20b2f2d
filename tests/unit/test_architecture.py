"""Rules of the house that no import contract can see."""

import ast
import sys
from pathlib import Path

import pytest

import bootstrap

SRC = Path(bootstrap.__file__).parent
TESTS = Path(__file__).parents[1]

LONGEST_FILE = 300
DEEPEST_FOLDER = 3
WRITTEN = {".py", ".js", ".css", ".html", ".lua", ".svg"}
NO_NAME_FOR_A_ROOM = {
    "base",
    "common",
    "core",
    "helper",
    "helpers",
    "manager",
    "misc",
    "shared",
    "util",
    "utils",
}


def files(root: Path, *suffixes: str) -> list[Path]:
    found = (file for file in root.rglob("*") if "__pycache__" not in file.parts)
    return sorted(file for file in found if file.is_file() and file.suffix in suffixes)


def named(path: Path) -> str:
    return str(path.relative_to(SRC if path.is_relative_to(SRC) else TESTS))


every_source = pytest.mark.parametrize("file", files(SRC, ".py"), ids=named)


def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def imported_by(file: Path) -> set[str]:
    """The first names of all that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("file", files(SRC, *WRITTEN), ids=named)
def test_no_file_is_too_long_to_read_at_once(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


def test_every_file_and_folder_is_named_for_what_is_in_it() -> None:
    for path in SRC.rglob("*"):
        words = set(path.stem.split("_")) if path.suffix else {path.name}
        assert not words & NO_NAME_FOR_A_ROOM, path


def test_no_module_bears_the_name_of_a_library() -> None:
    libraries = {"redis", "arq", "fastapi", "starlette", "chanx", "structlog", "click", "uvicorn"}
    assert [file for file in files(SRC, ".py") if file.stem in libraries] == []


def test_folders_are_not_deep() -> None:
    for file in files(SRC, *WRITTEN):
        assert len(file.relative_to(SRC).parts) - 1 <= DEEPEST_FOLDER, file


def folders_of_modules(root: Path) -> list[Path]:
    return sorted({file.parent for file in files(root, ".py")} - {SRC})


@pytest.mark.parametrize(
    "folder", [*folders_of_modules(SRC), *folders_of_modules(TESTS)], ids=named
)
def test_every_folder_of_modules_is_a_package(folder: Path) -> None:
    assert (folder / "__init__.py").is_file()


@pytest.mark.parametrize("folder", folders_of_modules(SRC), ids=named)
def test_a_package_says_at_most_what_it_is(folder: Path) -> None:
    body = parsed(folder / "__init__.py").body
    assert len(body) <= 1
    for node in body:
        assert isinstance(node, ast.Expr)
        assert isinstance(node.value, ast.Constant)
        assert isinstance(node.value.value, str)


@every_source
def test_nothing_is_printed(file: Path) -> None:
    for node in ast.walk(parsed(file)):
        assert not (isinstance(node, ast.Name) and node.id in ("print", "breakpoint")), node.lineno


@every_source
def test_a_module_imports_only_what_its_floor_may_know(file: Path) -> None:
    floor = file.relative_to(SRC).parts[0]
    ours = {"domain", "application", "adapters", "container", "bootstrap"}
    may_know = {
        "domain": {"domain"},
        "application": {"domain", "application"},
        "adapters": {"domain", "application", "adapters"},
        "container.py": ours - {"bootstrap"},
        "bootstrap.py": ours,
    }[floor]
    imported = imported_by(file)
    assert imported & ours <= may_know
    if floor in ("domain", "application"):
        assert imported - ours <= sys.stdlib_module_names


@pytest.mark.parametrize("file", files(SRC / "domain", ".py"), ids=named)
def test_the_domain_knows_no_clock_no_chance_and_no_waiting(file: Path) -> None:
    forbidden = {"asyncio", "datetime", "logging", "os", "random", "secrets", "time", "uuid"}
    assert not imported_by(file) & forbidden
    for node in ast.walk(parsed(file)):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await), node


@every_source
def test_nothing_is_done_when_a_module_is_imported(file: Path) -> None:
    """A module holds definitions. A bare call would do something, whoever imports it."""
    for node in parsed(file).body:
        if isinstance(node, ast.Expr):
            assert isinstance(node.value, ast.Constant), f"line {node.lineno}"
        assert not isinstance(node, ast.For | ast.While | ast.With), f"line {node.lineno}"
