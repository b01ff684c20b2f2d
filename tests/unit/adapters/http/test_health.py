import asyncio
from typing import Any

import httpx2
import pytest

from adapters import background_task
from adapters.http import health
from application.errors import Unavailable
from container import Container
from tests.unit.adapters.http.asking import client_of
from tests.unit.adapters.websocket.driving import Service, serving


async def test_a_process_that_lives_says_so(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_server_whose_backend_answers_is_ready(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


async def test_a_server_about_to_stop_lives_but_is_not_ready(
    service: Service, client: httpx2.AsyncClient
) -> None:
    await service.registry.drain(0)
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "draining"})
    assert (await client.get("/healthz")).status_code == 200


def ping_with(ping: Any) -> Any:
    """Prepares a container whose backend is asked with `ping` whether it is there."""

    def prepare(container: Container) -> None:
        backend: Any = container.backend()
        backend.ping = ping

    return prepare


async def test_without_its_backend_a_server_lives_but_is_not_ready() -> None:
    async def unavailable() -> None:
        raise Unavailable("It is full.")

    async with serving(ping_with(unavailable)) as service, client_of(service) as client:
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {"status": "backend unavailable", "reason": "It is full."}
        assert (await client.get("/healthz")).status_code == 200


async def test_a_backend_that_does_not_answer_in_time_is_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def silent() -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(health, "ANSWER_SECONDS", 0.01)
    async with serving(ping_with(silent)) as service, client_of(service) as client:
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["status"] == "backend unavailable"
        assert answer.json()["reason"] == "The backend does not answer in time."


async def test_a_backend_that_comes_back_makes_the_server_ready_again() -> None:
    is_away = True

    async def ping() -> None:
        if is_away:
            raise Unavailable

    async with serving(ping_with(ping)) as service, client_of(service) as client:
        assert (await client.get("/readyz")).status_code == 503
        is_away = False
        assert (await client.get("/readyz")).status_code == 200


async def test_a_server_whose_sweep_is_down_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise RecursionError

    def prepare(container: Container) -> None:
        monkeypatch.setattr(container.registry(), "sweep", fail)

    monkeypatch.setattr(background_task, "FIRST_PAUSE", 3600)
    async with serving(prepare) as service, client_of(service) as client:
        await asyncio.sleep(0)
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert "sweep" in answer.json()["reason"]
