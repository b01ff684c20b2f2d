"""What the tests of the brake have in common."""

import pytest

from adapters.sessions import brake
from tests.unit.adapters.sessions.slowed import Slowed, Time


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(brake, "time", time)
    monkeypatch.setattr(brake, "asyncio", time)
    return time


@pytest.fixture
def slowed() -> Slowed:
    return Slowed()
