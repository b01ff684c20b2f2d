"""The process's connections as a whole: how many, and how they are sent away."""

import asyncio

import pytest

from adapters.websocket import connections
from adapters.websocket.closing import UNAVAILABLE, CloseCode, Farewell
from adapters.websocket.connections import Connections
from bootstrap import Container
from tests.unit.adapters.websocket.driving import (
    DEADLINE,
    Service,
    Socket,
    eventually,
    serving,
)

HOURS = 3_600.0
"""A drain that waited for its time to run out would miss the deadline of its test."""


class Guest:
    """An open connection that only remembers what it was told."""

    frames_received = 0

    def __init__(self) -> None:
        self.told: list[Farewell] = []

    def check_writing(self, now: float) -> None: ...

    def say_farewell(self, farewell: Farewell) -> None:
        self.told.append(farewell)


async def leave_when_told(client: Socket) -> int:
    """Read the farewell, leave, and return the `after_ms` that it named."""
    told, code = await client.farewell()
    assert code == 1012
    assert (told["code"], told["reconnect"]) == (1012, True)
    await client.disconnect()
    after_ms: int = told["after_ms"]
    return after_ms


async def test_everybody_is_told_when_to_come_back_at_moments_of_their_own(
    service: Service,
) -> None:
    clients = [service.socket(f"/ws/room/{number}") for number in range(20)]
    for client in clients:
        await client.connect()
    draining = asyncio.create_task(service.connections.drain(HOURS))
    moments = [await leave_when_told(client) for client in clients]
    await asyncio.wait_for(draining, DEADLINE)
    assert all(0 <= moment <= HOURS * 1_000 for moment in moments)
    assert len(set(moments)) > 10
    assert max(moments) - min(moments) > HOURS * 1_000 / 10


async def test_a_drain_ends_as_soon_as_nobody_is_left(service: Service) -> None:
    async with service.socket("/ws/chat") as client:
        draining = asyncio.create_task(service.connections.drain(HOURS))
        await client.farewell()
        assert not draining.done()
    await asyncio.wait_for(draining, DEADLINE)


async def test_a_drain_of_nobody_ends_at_once(service: Service) -> None:
    await asyncio.wait_for(service.connections.drain(HOURS), DEADLINE)
    assert service.connections.is_draining


async def test_a_drain_ends_in_time_whoever_stays(service: Service) -> None:
    async with service.socket("/ws/chat"):
        await asyncio.wait_for(service.connections.drain(0.02), DEADLINE)
        assert len(service.connections) == 1


async def test_what_waits_is_written_before_the_farewell(service: Service) -> None:
    async with service.socket("/ws/chat") as client:
        await client.frame()
        await client.say("chat", {"message": "the last word"})
        await eventually(client.input_queue.empty)
        draining = asyncio.create_task(service.connections.drain(HOURS))
        assert await client.payload("chat_notification") == {"message": "💬 the last word"}
        await client.farewell()
    await asyncio.wait_for(draining, DEADLINE)


async def test_readiness_is_off_for_the_time_of_notice_before_anybody_is_told(
    service: Service,
) -> None:
    async with service.socket("/ws/chat") as client:
        await client.frame()
        draining = asyncio.create_task(service.connections.drain(HOURS, notice=HOURS))
        await eventually(lambda: service.connections.is_draining)
        await client.hears_nothing()
        draining.cancel()


async def test_everybody_is_told_once_the_notice_is_over(service: Service) -> None:
    async with service.socket("/ws/chat") as client:
        draining = asyncio.create_task(service.connections.drain(HOURS, notice=0.01))
        told, _ = await client.farewell()
        assert told["code"] == 1012
    await asyncio.wait_for(draining, DEADLINE)


async def test_who_is_told_to_go_hears_nothing_more(service: Service) -> None:
    async with service.socket("/ws/chat") as client:
        await client.frame()
        draining = asyncio.create_task(service.connections.drain(HOURS))
        await client.farewell()
        await client.say("chat", {"message": "too late"})
        await client.say("ping")
    await asyncio.wait_for(draining, DEADLINE)
    assert client.output_queue.empty()


async def test_who_was_sent_away_already_is_not_told_again(service: Service) -> None:
    async with service.socket("/ws/nowhere") as client:
        assert (await client.farewell())[1] == 4400
        await service.connections.drain(0)
        for _ in range(50):
            await asyncio.sleep(0)
        assert client.output_queue.empty()


async def test_two_farewells_at_once_are_one(service: Service) -> None:
    async with service.socket("/ws/system") as client:
        await client.frame()
        service.connections.send_away(UNAVAILABLE)
        await service.connections.drain(0)
        assert (await client.farewell())[1] == 1013
        for _ in range(50):
            await asyncio.sleep(0)
        assert client.output_queue.empty()


async def test_a_process_cut_off_for_longer_than_its_patience_sends_its_clients_elsewhere(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connections, "SWEEP_SECONDS", 0.001)
    away = 0.0
    looks = 0

    def away_for() -> float:
        nonlocal looks
        looks += 1
        return away

    def cut_off(container: Container) -> None:
        monkeypatch.setattr(container.backend(), "away_for", away_for)

    async with (
        serving(cut_off, redis_patience=60) as service,
        service.socket("/ws/system") as client,
    ):
        await client.frame()
        away, seen = 59.0, looks
        await eventually(lambda: looks > seen + 3)
        await client.hears_nothing()
        away = 61.0
        told, code = await client.farewell()
        assert (told["code"], code) == (1013, 1013)
        assert told["reconnect"] is True
        assert 0 <= told["after_ms"] <= 10_000
    caplog.clear()  # Whoever runs the service shall know.


async def test_rooms_are_empty_after_a_drain(service: Service) -> None:
    async with service.socket("/ws/room/lobby") as client:
        draining = asyncio.create_task(service.connections.drain(HOURS))
        await client.farewell()
    await asyncio.wait_for(draining, DEADLINE)
    assert await service.container.rooms().rooms(10) == []


async def test_connections_are_counted_until_they_are_gone() -> None:
    async with serving(max_connections=2) as service:
        counted: Connections = service.connections
        assert (len(counted), counted.is_full) == (0, False)
        async with service.socket("/ws/chat"):
            assert (len(counted), counted.is_full) == (1, False)
            async with service.socket("/ws/system"):
                assert (len(counted), counted.is_full) == (2, True)
            assert (len(counted), counted.is_full) == (1, False)
        assert len(counted) == 0


async def test_a_drain_in_no_time_still_tells_everybody(service: Service) -> None:
    guest = Guest()
    service.connections.add(guest)
    await asyncio.wait_for(service.connections.drain(0), DEADLINE)
    (told,) = guest.told
    assert told.code is CloseCode.GOING_AWAY


async def test_discarding_somebody_unknown_changes_nothing(service: Service) -> None:
    guest = Guest()
    service.connections.add(guest)
    service.connections.discard(Guest())
    assert len(service.connections) == 1
    service.connections.discard(guest)
    service.connections.discard(guest)
    assert len(service.connections) == 0
