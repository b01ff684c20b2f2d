from collections.abc import AsyncIterator

import httpx2
import pytest

from domain.identity import Caller
from tests.unit.adapters.http.asking import client_of
from tests.unit.adapters.websocket.driving import Service, serving


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with serving() as running:
        yield running


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(service) as asking:
        yield asking


@pytest.fixture
def broken_rooms(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listing rooms fails in a way that nobody has thought of."""

    async def broken(_caller: Caller, _limit: int) -> None:
        raise RuntimeError("secret address")

    monkeypatch.setattr(service.container.rooms(), "rooms", broken)
