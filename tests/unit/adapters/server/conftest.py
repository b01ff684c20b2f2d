from collections.abc import AsyncIterator

import pytest

from tests.unit.adapters.server.connections import Connection, Kind, Recorder


@pytest.fixture(params=["general", "fast"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Who parses plain frames, `websockets` or `read_plain`: nothing else may differ."""
    found: Kind = request.param
    return found


@pytest.fixture
def app() -> Recorder:
    return Recorder()


@pytest.fixture
async def connection(kind: Kind, app: Recorder) -> AsyncIterator[Connection]:
    """An accepted connection to `app`, which ends with the test."""
    connection = Connection(kind, app)
    await connection.open()
    yield connection
    connection.protocol.resume_writing()
    await connection.hang_up()
