"""What the environment says: read when an application is made, and never at import."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import bootstrap
from adapters.environment import SettingsAreWrong
from adapters.settings import Settings

SRC = Path(bootstrap.__file__).parent


def test_without_settings_an_application_reads_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SWITCHBOARD_BACKEND", "memory")
    monkeypatch.setenv("SWITCHBOARD_TEXT_LIMIT", "123")
    settings: Settings = bootstrap.create_app().state.container.settings()
    assert settings.limits.text_limit == 123


def test_an_application_does_not_start_with_wrong_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SWITCHBOARD_TEXT_LIMIT", "none")
    with pytest.raises(SettingsAreWrong, match="SWITCHBOARD_TEXT_LIMIT='none'"):
        bootstrap.create_app()


POISON = {
    "SWITCHBOARD_BACKEND": "nonsense",
    "SWITCHBOARD_PORT": "nonsense",
    "PORT": "nonsense",
    "REDIS_URL": "nonsense",
    "SWITCHBOARD_LANE_CHAT__KIND": "nonsense",
}


def run(code: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder whose `.env` is wrong, in an environment that is wrong, too."""
    (folder / ".env").write_text("SWITCHBOARD_TEXT_LIMIT=nonsense\n")
    return subprocess.run(
        [sys.executable, *code],
        check=False,
        cwd=folder,
        env={**os.environ, **POISON, "PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
        timeout=30,
    )


IMPORT_ALL = f"""
import asyncio, json, logging, os, pathlib, socket, sys, threading

def forbidden(*arguments, **named):
    raise AssertionError("something happened at import")

connect = socket.socket.connect
socket.socket.connect = forbidden
asyncio.new_event_loop = forbidden
environment = dict(os.environ)

import importlib
src = pathlib.Path({str(SRC)!r})
for file in sorted(src.rglob("*.py")):
    name = ".".join(file.relative_to(src).with_suffix("").parts)
    importlib.import_module(name.removesuffix(".__init__"))

from fast_channels.layers import get_channel_layer
import structlog
print(json.dumps({{
    "threads": threading.active_count(),
    "handlers": len(logging.getLogger().handlers),
    "structlog": structlog.is_configured(),
    "layers": [n for n in ("chat", "queue", "rooms") if get_channel_layer(n) is not None],
    "environment": dict(os.environ) == environment,
    "modules": len([name for name in sys.modules if name.startswith("adapters.")]),
}}))
"""


def test_nothing_happens_at_import_whatever_the_environment_says(tmp_path: Path) -> None:
    ran = run(["-c", IMPORT_ALL], tmp_path)
    assert ran.returncode == 0, ran.stderr
    seen = json.loads(ran.stdout)
    assert seen.pop("modules") > 20
    assert seen == {
        "threads": 1,
        "handlers": 0,
        "structlog": False,
        "layers": [],
        "environment": True,
    }


def test_a_server_does_not_start_with_wrong_settings_and_says_why_without_a_traceback(
    tmp_path: Path,
) -> None:
    ran = run(["-m", "bootstrap", "serve"], tmp_path)
    assert ran.returncode == 2
    lines = ran.stderr.splitlines()
    assert all("can't be used: " in line for line in lines)
    for name in ("SWITCHBOARD_BACKEND", "SWITCHBOARD_PORT", "SWITCHBOARD_TEXT_LIMIT"):
        assert len([line for line in lines if f"{name}=" in line]) == 1


def test_the_commands_explain_themselves_whatever_the_environment_says(tmp_path: Path) -> None:
    ran = run(["-m", "bootstrap", "--help"], tmp_path)
    assert ran.returncode == 0
    assert "serve" in ran.stdout
    assert ran.stderr == ""
