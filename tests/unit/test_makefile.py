"""The verbs of the Makefile: what they check is really checked, in a copy that a test may spoil."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = "src/adapters/http/static"
COPIED = [
    "Makefile",
    "biome.jsonc",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "src/adapters/http/pages",
    PAGE,
    "tests/page",
]
OLDEST_NODE = 18
MAKE = shutil.which("make") or "make"


def make(*words: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A run of make that knows nothing of the make that may run this test."""
    inherited = {key: value for key, value in os.environ.items() if "MAKE" not in key}
    inherited.pop("REQUIRE_NODE", None)
    return subprocess.run(
        [MAKE, *words],
        cwd=folder,
        env=inherited | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def has_node() -> bool:
    if shutil.which("npm") is None or shutil.which("node") is None:
        return False
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    return int(version.stdout.removeprefix("v").split(".")[0]) >= OLDEST_NODE


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The page with its checks, and next to it Python tools that are content with everything."""
    copy = tmp_path / "copy"
    for name in COPIED:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name)
        else:
            shutil.copy2(ROOT / name, copy / name)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("ruff", "mypy", "lint-imports", "uv"):
        (tools / name).symlink_to(shutil.which("true") or "/bin/true")
    (tools / "echo").symlink_to(shutil.which("echo") or "/bin/echo")
    return copy


@pytest.fixture
def checked(copy: Path) -> Path:
    """The same with what npm installs, as `make` builds it."""
    if not has_node():
        missing = f"there is no Node {OLDEST_NODE} with npm: apt install nodejs npm"
        if os.environ.get("REQUIRE_NODE") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    built = make("node_modules/ready", folder=ROOT)
    assert built.returncode == 0, built.stdout
    (copy / "node_modules").symlink_to(ROOT / "node_modules")
    return copy


def without_node(copy: Path) -> str:
    """A PATH on which a check finds all that it needs, but no Node."""
    return str(copy.parent / "tools")


def check(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`make check` with the Python tools of the fixture, and none of the real `.venv`."""
    tools = folder.parent / "tools"
    return make("-o", ".venv/ready", "check", f"BIN={tools}", folder=folder, **environment)


def test_the_page_as_it_is_passes_its_checks(checked: Path) -> None:
    done = check(checked)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "sound", "spoilt", "complaint"),
    [
        ("tally.js", "total = 0;", 'total = "none";', "error TS2322"),
        ("states.js", "word !== undefined", "word != undefined", "lint/suspicious/noDoubleEquals"),
        ("frames.js", "let frame;", "let  frame;", "Formatter would have printed"),
        ("frames.js", "Math.ceil", "Math.floor", "says when, in whole seconds"),
    ],
    ids=["type", "lint", "format", "behaviour"],
)
def test_a_planted_error_of_the_page_is_found(
    checked: Path, module: str, sound: str, spoilt: str, complaint: str
) -> None:
    file = checked / PAGE / module
    text = file.read_text(encoding="utf-8")
    assert sound in text
    file.write_text(text.replace(sound, spoilt, 1), encoding="utf-8")
    done = check(checked)
    assert done.returncode != 0
    assert complaint in done.stdout


def test_without_node_a_check_says_so_in_a_line_and_goes_on(copy: Path) -> None:
    done = check(copy, PATH=without_node(copy))
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1].endswith("the page is left out.")


def test_without_node_a_check_that_requires_it_fails(copy: Path) -> None:
    done = check(copy, PATH=without_node(copy), REQUIRE_NODE="1")
    assert done.returncode != 0
    assert "the page is left out." in done.stdout


def test_code_is_formatted_where_lint_has_complaints_left(copy: Path) -> None:
    file = copy / "unfinished.py"
    file.write_text("value  =  nowhere\n", encoding="utf-8")
    real = Path(sys.executable).parent
    done = make("-o", ".venv/ready", "format", f"BIN={real}", folder=copy, PATH=without_node(copy))
    assert done.returncode == 0, done.stdout
    assert "F821" in done.stdout
    assert file.read_text(encoding="utf-8") == "value = nowhere\n"


def test_npm_packages_are_pinned_by_hash_and_name_no_address() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    for name, entry in packages.items():
        assert entry["integrity"].startswith("sha512-"), name
        assert "resolved" not in entry, name
