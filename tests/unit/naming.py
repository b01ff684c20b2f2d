"""What documents may name: files, words of the code, settings, metrics."""

import ast
import re
from fnmatch import fnmatch
from functools import cache
from itertools import pairwise
from pathlib import Path

import bootstrap
from adapters.environment import GROUPS, flat_name
from tests.unit.adapters.http.asking import client_of
from tests.unit.adapters.websocket.driving import serving

SRC = Path(bootstrap.__file__).parent
ROOT = Path(__file__).parents[2]
ENDINGS = "py|md|lua|js|css|html|svg|toml|lock"
CODE = {".py", ".lua", ".js"}


@cache
def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@cache
def paths() -> list[str]:
    """Files and folders of the repository, from its top."""
    tops = ("src", "tests", "docs", "benchmarks", "examples", ".ci", ".github")
    found = [*ROOT.glob("*"), *(path for top in tops for path in (ROOT / top).rglob("*"))]
    return [f"/{path.relative_to(ROOT)}" for path in found if "__pycache__" not in path.parts]


@cache
def words() -> frozenset[str]:
    """Every word of the code, the tests and what builds and checks them."""
    built_by = [ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / ".ci" / "run"]
    tops = (SRC, ROOT / "tests", ROOT / "benchmarks")
    code = [file for top in tops for file in top.rglob("*") if file.suffix in CODE]
    return frozenset(
        word for file in [*code, *built_by] for word in re.findall(r"\w+", text_of(file))
    )


@cache
def insides() -> dict[str, set[str]]:
    """What is in each package, module and class of ours, by its last name."""
    found: dict[str, set[str]] = {}
    bases: dict[str, set[str]] = {}
    for file in [file for file in SRC.rglob("*.py") if file.name != "__init__.py"]:
        found.setdefault(file.parent.name, set()).add(file.stem)
        tree = ast.parse(text_of(file))
        found.setdefault(file.stem, set()).update(names_in(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, set()).update(names_in(node))
                own = {base.id for base in node.bases if isinstance(base, ast.Name)}
                bases.setdefault(node.name, set()).update(own)
    for name, inherited in bases.items():
        found[name] |= {it for base in inherited for it in found.get(base, ())}
    return found


def names_in(owner: ast.AST) -> set[str]:
    """Functions, classes, values, and what is set on `self`."""
    names = set()
    for node in ast.walk(owner):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.Name(ctx=ast.Store()):
                names.add(node.id)
            case ast.Attribute(value=ast.Name(id="self"), ctx=ast.Store()):
                names.add(node.attr)
            case _:
                pass
    return names


@cache
def settings() -> frozenset[str]:
    """The names of all settings without their prefix; those of lanes with what is in them."""
    names = {flat_name(group, field) for group in GROUPS.values() for field in group.model_fields}
    lanes = {flat_name(GROUPS["lanes"], field) for field in GROUPS["lanes"].model_fields}
    options = next(iter(GROUPS["lanes"].model_fields.values())).get_default().model_fields_set
    inside = {f"{lane}__{option}" for lane in lanes for option in options}
    return frozenset(name.upper() for name in names - lanes | inside)


async def metrics() -> set[str]:
    async with serving() as service, client_of(service) as client:
        answer = await client.get("/metrics")
    return set(re.findall(r"^# TYPE (\w+)", answer.text, flags=re.MULTILINE))


def lines_of(document: Path) -> str:
    """A document without its blocks of code."""
    return re.sub(r"^```.*?^```", "", text_of(document), flags=re.MULTILINE | re.DOTALL)


def spans(document: Path) -> list[str]:
    """What is written as code within a line."""
    return re.findall(r"`([^`\n]+)`", lines_of(document))


@cache
def is_there(path: str) -> bool:
    """Whether a path, from any folder on, is in the repository; `…` and FEATURE are any name."""
    pattern = re.sub(r"…|FEATURE", "*", re.sub(r"^(\.\.?/)+", "", path)).rstrip("/")
    return any(fnmatch(found, f"*/{pattern}") for found in paths())


def is_made_here(path: str) -> bool:
    """What is no part of the repository: made by `make`, or an address of the service."""
    return path.startswith((".venv/", "node_modules/", "/"))


def are_nested(names: list[str]) -> bool:
    known = insides()
    return all(outer not in known or inner in known[outer] for outer, inner in pairwise(names))
