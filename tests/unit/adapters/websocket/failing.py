"""A broadcaster and a presence that fail when they are told to, within a running service."""

from typing import Any

from dependency_injector import providers

from adapters.layers.broadcaster import LaneBroadcaster
from adapters.storage.presence_memory import MemoryPresence
from application.errors import Unavailable
from application.ports import Cursor
from container import Container
from domain.audiences import Audience
from domain.identity import ConnectionId, Member, RoomName
from tests.sockets import encode
from tests.unit.adapters.websocket.driving import Service


class FailingBroadcaster(LaneBroadcaster):
    """Subscribes like the real one; what it is asked to publish fails while `error` is set."""

    error: Exception | None = None

    async def publish(self, audience: Audience[Any], event: Any, **more: Any) -> Cursor | None:
        if self.error is not None:
            raise self.error
        return await super().publish(audience, event, **more)


class FailingPresence(MemoryPresence):
    """Can't be asked to do what `fails` names."""

    fails = ""

    async def enter(
        self, room: RoomName, connection: ConnectionId, member: Member, *, limit: int
    ) -> int:
        if self.fails == "enter":
            raise Unavailable
        return await super().enter(room, connection, member, limit=limit)

    async def leave(self, room: RoomName, connection: ConnectionId) -> int | None:
        if self.fails == "leave":
            raise Unavailable
        return await super().leave(room, connection)


def failing_broadcaster(
    container: Container, kind: type[FailingBroadcaster] = FailingBroadcaster
) -> None:
    container.broadcaster.override(
        providers.Singleton(kind, container.backend.provided.lanes, encode, subscription_limit=64)
    )


def fail_with(service: Service, error: Exception | None) -> None:
    """Have whatever is published from now on fail; with None, succeed again."""
    broadcaster = service.container.broadcaster()
    assert isinstance(broadcaster, FailingBroadcaster)
    broadcaster.error = error


def failing_presence(container: Container) -> None:
    container.backend().presence = FailingPresence()
