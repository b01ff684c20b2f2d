"""The process's connections as a whole: how many, and how they are sent away."""

import asyncio

import pytest

from adapters.sessions import registry
from adapters.sessions.disconnects import UNAVAILABLE, CloseCode, Disconnect
from adapters.sessions.registry import Registry
from container import Container
from domain.identity import OPERATOR, Caller
from tests.unit.adapters.websocket.driving import Service, Socket, serving
from tests.waiting import DEADLINE, eventually

HOURS = 3_600.0
"""A drain that waited for its time to run out would miss the deadline of its test."""


class Guest:
    """An open connection that only remembers what it was told."""

    caller = Caller(OPERATOR)
    frames_received = 0
    buffered_bytes = 0

    def __init__(self) -> None:
        self.told: list[Disconnect] = []

    def check(self, now: float) -> None: ...

    def disconnect_largest(self) -> None: ...

    def disconnect(self, disconnect: Disconnect) -> None:
        self.told.append(disconnect)


async def leave_when_told(client: Socket) -> int:
    """Read the disconnect, leave, and return the `after_ms` that it named."""
    told, code = await client.told_to_leave()
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
    draining = asyncio.create_task(service.registry.drain(HOURS))
    moments = [await leave_when_told(client) for client in clients]
    await asyncio.wait_for(draining, DEADLINE)
    assert all(0 <= moment <= HOURS * 1_000 for moment in moments)
    assert len(set(moments)) > 10
    assert max(moments) - min(moments) > HOURS * 1_000 / 10


async def test_a_drain_ends_as_soon_as_nobody_is_left(service: Service) -> None:
    async with service.socket("/ws/chat") as client:
        draining = asyncio.create_task(service.registry.drain(HOURS))
        await client.told_to_leave()
        assert not draining.done()
    await asyncio.wait_for(draining, DEADLINE)


async def test_a_drain_of_nobody_ends_at_once(service: Service) -> None:
    await asyncio.wait_for(service.registry.drain(HOURS), DEADLINE)
    assert service.registry.is_draining


async def test_a_drain_ends_in_time_whoever_stays(service: Service) -> None:
    async with service.socket("/ws/chat"):
        await asyncio.wait_for(service.registry.drain(0.02), DEADLINE)
        assert len(service.registry) == 1


async def test_what_waits_is_written_before_the_disconnect(service: Service) -> None:
    async with service.socket("/ws/chat") as client:
        await client.frame()
        await client.say("chat", {"message": "the last word"})
        await eventually(client.input_queue.empty)
        draining = asyncio.create_task(service.registry.drain(HOURS))
        last = await client.payload("chat_notification")
        assert last["message"] == "💬 the last word"
        await client.told_to_leave()
    await asyncio.wait_for(draining, DEADLINE)


async def test_readiness_is_off_for_the_time_of_notice_before_anybody_is_told(
    service: Service,
) -> None:
    async with service.socket("/ws/chat") as client:
        await client.frame()
        draining = asyncio.create_task(service.registry.drain(HOURS, notice=HOURS))
        await eventually(lambda: service.registry.is_draining)
        await client.hears_nothing()
        draining.cancel()


async def test_everybody_is_told_once_the_notice_is_over(service: Service) -> None:
    async with service.socket("/ws/chat") as client:
        draining = asyncio.create_task(service.registry.drain(HOURS, notice=0.01))
        told, _ = await client.told_to_leave()
        assert told["code"] == 1012
    await asyncio.wait_for(draining, DEADLINE)


async def test_who_is_told_to_go_hears_nothing_more(service: Service) -> None:
    async with service.socket("/ws/chat") as client:
        await client.frame()
        draining = asyncio.create_task(service.registry.drain(HOURS))
        await client.told_to_leave()
        await client.say("chat", {"message": "too late"})
        await client.say("ping")
    await asyncio.wait_for(draining, DEADLINE)
    assert client.output_queue.empty()


async def test_who_was_sent_away_already_is_not_told_again(service: Service) -> None:
    async with service.socket("/ws/nowhere") as client:
        assert (await client.told_to_leave())[1] == 4400
        await service.registry.drain(0)
        for _ in range(50):
            await asyncio.sleep(0)
        assert client.output_queue.empty()


async def test_two_disconnects_at_once_are_one(service: Service) -> None:
    async with service.socket("/ws/system") as client:
        await client.frame()
        service.registry.disconnect_all(UNAVAILABLE)
        await service.registry.drain(0)
        assert (await client.told_to_leave())[1] == 1013
        for _ in range(50):
            await asyncio.sleep(0)
        assert client.output_queue.empty()


async def test_a_process_cut_off_for_longer_than_its_patience_sends_its_clients_elsewhere(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(registry, "SWEEP_SECONDS", 0.001)
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
        told, code = await client.told_to_leave()
        assert (told["code"], code) == (1013, 1013)
        assert told["reconnect"] is True
        assert 0 <= told["after_ms"] <= 10_000
    caplog.clear()  # Whoever runs the service shall know.


async def test_rooms_are_empty_after_a_drain(service: Service) -> None:
    async with service.socket("/ws/room/lobby") as client:
        draining = asyncio.create_task(service.registry.drain(HOURS))
        await client.told_to_leave()
    await asyncio.wait_for(draining, DEADLINE)
    assert await service.container.rooms().rooms(Caller(OPERATOR), 10) == []


async def test_connections_are_counted_until_they_are_gone() -> None:
    async with serving(max_connections=2) as service:
        counted: Registry = service.registry
        assert (len(counted), counted.is_full) == (0, False)
        async with service.socket("/ws/chat"):
            assert (len(counted), counted.is_full) == (1, False)
            async with service.socket("/ws/system"):
                assert (len(counted), counted.is_full) == (2, True)
            assert (len(counted), counted.is_full) == (1, False)
        assert len(counted) == 0


async def test_a_drain_in_no_time_still_tells_everybody(service: Service) -> None:
    guest = Guest()
    service.registry.add(guest)
    await asyncio.wait_for(service.registry.drain(0), DEADLINE)
    (told,) = guest.told
    assert told.code is CloseCode.RESTARTING


async def test_who_comes_in_while_others_leave_is_told_to_leave_too(service: Service) -> None:
    stays = Guest()
    service.registry.add(stays)
    draining = asyncio.create_task(service.registry.drain(HOURS))
    await eventually(lambda: stays.told)
    late = Guest()
    service.registry.add(late)
    (told,) = late.told
    assert told.code is CloseCode.RESTARTING
    for guest in (stays, late):
        service.registry.discard(guest)
    await asyncio.wait_for(draining, DEADLINE)


async def test_discarding_somebody_unknown_changes_nothing(service: Service) -> None:
    guest = Guest()
    service.registry.add(guest)
    service.registry.discard(Guest())
    assert len(service.registry) == 1
    service.registry.discard(guest)
    service.registry.discard(guest)
    assert len(service.registry) == 0
