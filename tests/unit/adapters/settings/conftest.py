import os
from pathlib import Path

import pytest

from tests.unit.adapters.settings.spellings import IN_BRACKETS


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No setting in the environment, and a folder without `.env`."""
    for name in list(os.environ):
        if name.upper().startswith("SWITCHBOARD_") or name.upper() in IN_BRACKETS:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path
