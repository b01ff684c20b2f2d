import pytest

from tests.doubles import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()
