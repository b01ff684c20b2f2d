import logging
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.unit.adapters.websocket.driving import Service, serving
from tests.unit.adapters.websocket.invented import add_invented


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with serving(add_invented) as running:
        yield running


@pytest.fixture
async def slow_service() -> AsyncIterator[Service]:
    """No job here ends by itself while a test looks at it."""
    async with serving(job_pace=100) as running:
        yield running


@pytest.fixture(autouse=True)
def _nothing_is_logged_as_an_error(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever clients do is no error of ours. A test that provokes one clears `caplog`."""
    yield
    errors = [r.getMessage() for r in caplog.get_records("call") if r.levelno >= logging.ERROR]
    assert errors == []
