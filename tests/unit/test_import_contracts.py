"""The import contracts bite: each forbidden import is planted in a copy, and refused there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

FORBIDDEN = [
    # Each floor knows only the floors below it.
    ("domain", "application.ports"),
    ("domain", "adapters.settings"),
    ("application", "adapters.settings"),
    ("adapters.http", "bootstrap"),
    # The domain and the application are plain.
    ("domain", "asyncio"),
    ("domain", "time"),
    ("domain", "logging"),
    ("domain", "pydantic"),
    ("application", "redis"),
    ("application", "chanx"),
    ("application", "time"),
    # The rooms of the adapters.
    ("adapters.layers", "adapters.websocket.routes"),
    ("adapters.storage", "adapters.sessions.disconnects"),
    ("adapters.server", "adapters.storage.presence_memory"),
    ("adapters.server", "adapters.sessions.mailbox"),
    ("adapters.jobs", "adapters.layers.lanes"),
    ("adapters.clock", "adapters.server.serving"),
    ("adapters.settings", "adapters.redis_connection"),
    ("adapters.visitors", "adapters.sessions.session"),
    ("adapters.layers", "adapters.storage.tally_memory"),
    ("adapters.identity", "adapters.storage.tally_memory"),
    ("adapters.identity", "adapters.sessions.session"),
    ("adapters.cli", "adapters.identity.tokens"),
    ("adapters.layers", "adapters.sessions.session"),
    ("adapters.websocket", "adapters.layers.lanes"),
    ("adapters.websocket", "adapters.http.gate"),
    ("adapters.http", "adapters.storage.presence_memory"),
    ("adapters.http", "adapters.websocket.chat"),
    ("adapters.cli", "adapters.redis_connection"),
    ("adapters.cli", "adapters.websocket.routes"),
    ("adapters.sessions", "adapters.websocket.replies"),
    ("adapters.sessions", "adapters.layers.lanes"),
    ("adapters.sessions", "adapters.server.serving"),
    ("adapters.server", "domain.identity"),
    ("adapters.server", "application.ports"),
    ("adapters.websocket", "adapters.backends.backend"),
    # A framework is named only in the adapter that exists for it.
    ("adapters.sessions", "chanx"),
    ("adapters.sessions", "starlette.types"),
    ("adapters.storage", "fast_channels"),
    ("adapters.layers", "fastapi"),
    ("adapters.jobs", "uvicorn"),
    ("adapters.http", "websockets"),
    ("adapters.layers", "arq"),
    ("adapters.sessions", "redis"),
    ("adapters.websocket", "redis.asyncio"),
    ("adapters.server", "prometheus_client"),
    ("adapters.http", "jwt"),
    ("adapters.identity.claims", "jwt"),
    ("adapters.identity", "httpx2"),
    ("adapters.http", "httpx2"),
    ("adapters.http", "click"),
    ("adapters.layers", "structlog"),
    ("adapters.http", "dependency_injector.providers"),
]
"""A module, or a package and then a module planted in it, and what it must not import."""


def checked(copy: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT_IMPORTS, "--no-logo", "--no-cache"],
        check=False,
        capture_output=True,
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy / "src"), "COLUMNS": "200"},
        text=True,
        timeout=50,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copy")
    shutil.copy(ROOT / "pyproject.toml", folder)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src", folder / "src", ignore=ignored)
    return folder


@pytest.fixture(scope="module")
def refused(copy: Path) -> str:
    """What is said of a copy in which every forbidden import was planted, after a clean one."""
    clean = checked(copy)
    assert clean.returncode == 0, clean.stdout
    for number, (importer, imported) in enumerate(FORBIDDEN):
        path = copy / "src" / planted(number, importer).replace(".", "/")
        with path.with_suffix(".py").open("a") as module:
            module.write(f"\nimport {imported}\n")
    (copy / "src" / "adapters" / "newcomer.py").touch()
    return checked(copy).stdout


def planted(number: int, importer: str) -> str:
    """The name of the module that imports what it must not."""
    is_module = (ROOT / "src" / importer.replace(".", "/")).with_suffix(".py").exists()
    return importer if is_module else f"{importer}.planted_{number}"


@pytest.mark.parametrize(
    ("number", "importer", "imported"),
    [(number, *pair) for number, pair in enumerate(FORBIDDEN)],
    ids=[f"{importer} -> {imported}" for importer, imported in FORBIDDEN],
)
def test_a_forbidden_import_is_refused(
    refused: str, number: int, importer: str, imported: str
) -> None:
    is_ours = imported.startswith(("adapters", "application", "domain"))
    # Of other packages, only the first name is looked at.
    name = imported if is_ours else imported.partition(".")[0]
    assert f"{planted(number, importer)} -> {name}" in refused


def test_a_room_without_a_place_is_refused(refused: str) -> None:
    assert "adapters.newcomer" in refused
