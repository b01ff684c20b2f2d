"""What Prometheus reads: counted without anything being kept on the way of a message."""

import io
import logging

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.log_handler import LogHandler
from tests.unit.adapters.http.asking import client_of
from tests.unit.adapters.websocket.driving import Service, serving
from tests.waiting import eventually


async def metrics(client: httpx2.AsyncClient) -> dict[str, float]:
    """Every sample by its name, with its labels' values behind it."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    return {
        "/".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_nothing_has_happened_yet(client: httpx2.AsyncClient) -> None:
    found = await metrics(client)
    assert found["switchboard_connections"] == 0
    assert found["switchboard_connections_opened_total"] == 0
    assert found["switchboard_frames_received_total"] == 0


async def test_connections_and_their_frames_are_counted_also_when_they_have_gone(
    service: Service, client: httpx2.AsyncClient
) -> None:
    async with service.socket("/ws/system") as first, service.socket("/ws/chat") as second:
        for _ in range(3):
            await first.frames_until_pong()
        await second.frames_until_pong()
        found = await metrics(client)
        assert found["switchboard_connections"] == 2
        assert found["switchboard_frames_received_total"] == 4
    await eventually(lambda: len(service.registry) == 0)

    found = await metrics(client)
    assert found["switchboard_connections"] == 0
    assert found["switchboard_connections_opened_total"] == 2
    assert found["switchboard_frames_received_total"] == 4


async def test_what_waits_in_the_process_is_told(
    service: Service, client: httpx2.AsyncClient
) -> None:
    assert (await metrics(client))["switchboard_buffered_bytes"] == 0
    service.registry.buffered.add(1_234)
    assert (await metrics(client))["switchboard_buffered_bytes"] == 1_234


async def test_frames_that_slow_readers_missed_are_counted(
    service: Service, client: httpx2.AsyncClient
) -> None:
    assert (await metrics(client))["switchboard_frames_dropped_total"] == 0
    service.registry.buffered.dropped += 3
    assert (await metrics(client))["switchboard_frames_dropped_total"] == 3


async def test_lines_that_the_log_left_out_are_counted(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await metrics(client))["switchboard_log_lines_left_out_total"] == 0
    handler = LogHandler(io.StringIO(), repeats=1)
    handler.left_out = 3
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    assert (await metrics(client))["switchboard_log_lines_left_out_total"] == 3


async def test_those_who_were_told_to_leave_are_counted_by_their_code(
    service: Service, client: httpx2.AsyncClient
) -> None:
    for path in ("/ws/nowhere", "/ws/room/a%2Fb"):
        async with service.socket(path) as lost:
            await lost.told_to_leave()
    async with service.socket("/ws/chat") as other:
        await other.frames_until_pong()
        await service.registry.drain(0)

    found = await metrics(client)
    assert found["switchboard_disconnects_total/4400"] == 2
    assert found["switchboard_disconnects_total/1012"] == 1


async def test_two_services_in_one_process_count_for_themselves(service: Service) -> None:
    async with serving() as other, service.socket("/ws/system") as one:
        await one.frames_until_pong()
        async with client_of(service) as here, client_of(other) as there:
            assert (await metrics(here))["switchboard_connections"] == 1
            assert (await metrics(there))["switchboard_connections"] == 0


async def test_the_process_itself_is_measured(client: httpx2.AsyncClient) -> None:
    found = await metrics(client)
    assert found["switchboard_process_resident_memory_bytes"] > 0
    assert found["switchboard_process_open_fds"] > 0


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/openmetrics-text; version=1.0.0",
        "application/openmetrics-text",
        "application/openmetrics-text; version=x; escaping=y",
        "text/plain; version=1.0.0; escaping=allow-utf-8",
        ";;,,=;version=;",
    ],
)
async def test_whatever_form_is_asked_for_there_is_an_answer(
    client: httpx2.AsyncClient, accept: str
) -> None:
    answer = await client.get("/metrics", headers=[("accept", accept)])
    assert answer.status_code == 200
    assert "switchboard_connections" in answer.text
