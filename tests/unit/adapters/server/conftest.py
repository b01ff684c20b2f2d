from collections.abc import AsyncIterator

import pytest

from tests.unit.adapters.server.sessions import Kind, Recorder, Session


@pytest.fixture(params=["direct", "fast"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Both of our protocols do the same."""
    found: Kind = request.param
    return found


@pytest.fixture
def app() -> Recorder:
    return Recorder()


@pytest.fixture
async def session(kind: Kind, app: Recorder) -> AsyncIterator[Session]:
    """An accepted connection to `app`, which ends with the test."""
    session = Session(kind, app)
    await session.open()
    yield session
    session.protocol.resume_writing()
    await session.hang_up()
