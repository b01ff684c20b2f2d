"""However a connection ends, it leaves nothing behind."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from dependency_injector import providers

from adapters.asgi_extensions import ABORT
from adapters.layers.broadcaster import LaneBroadcaster
from adapters.storage.presence_memory import MemoryPresence
from adapters.websocket.routes import encode
from application.errors import Unavailable
from application.ports import Cursor
from bootstrap import Container
from domain.audiences import (
    Audience,
)
from domain.events import (
    MemberJoined,
    MemberLeft,
)
from domain.identity import ConnectionId, IdempotencyKey, Member, RoomName
from tests.sockets import PATHS, TELLING
from tests.unit.adapters.websocket.driving import (
    DEADLINE,
    Service,
    Socket,
    eventually,
    serving,
)
from tests.unit.adapters.websocket.test_every_socket import every_socket


class Line:
    """One raw ASGI connection, of which a test may break either end."""

    def __init__(
        self, service: Service, path: str, extensions: dict[str, Any] | None = None
    ) -> None:
        self._incoming: asyncio.Queue[Any] = asyncio.Queue()
        self._broken: Exception | None = None
        self._failed_to_write = asyncio.Event()
        self.sent: list[dict[str, Any]] = []
        # chanx's communicator knows how a scope looks.
        scope = service.socket(path).scope
        scope["extensions"] = extensions or {}
        self._incoming.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(service.app(scope, self._receive, self._send))  # type: ignore[arg-type]

    async def opened(self) -> "Line":
        """The connection is accepted and has answered."""
        self.give({"type": "websocket.receive", "text": '{"action": "ping"}'})
        await eventually(lambda: any("pong" in str(message) for message in self.sent))
        return self

    def give(self, message: Any) -> None:
        self._incoming.put_nowait(message)

    def break_writing(self, error: Exception) -> None:
        self._broken = error

    async def tried_to_write(self) -> None:
        async with asyncio.timeout(DEADLINE):
            await self._failed_to_write.wait()

    async def ended(self) -> None:
        await asyncio.wait([self.task], timeout=DEADLINE)
        assert self.task.done()

    async def _receive(self) -> Any:
        message = await self._incoming.get()
        if isinstance(message, Exception):
            raise message
        return message

    async def _send(self, message: dict[str, Any]) -> None:
        if self._broken is not None:
            self._failed_to_write.set()
            raise self._broken
        self.sent.append(message)


async def goodbye(line: Line) -> None:
    line.give({"type": "websocket.disconnect", "code": 1000})
    await line.ended()
    line.task.result()


async def cancelled(line: Line) -> None:
    line.task.cancel()
    await line.ended()
    assert line.task.cancelled()


async def reading_breaks(line: Line) -> None:
    line.give(ConnectionResetError("gone"))
    await line.ended()
    line.task.result()


async def reading_breaks_oddly(line: Line) -> None:
    line.give(RuntimeError("out of step"))
    await line.ended()
    assert isinstance(line.task.exception(), RuntimeError)


async def writing_breaks(line: Line) -> None:
    line.break_writing(ConnectionResetError("gone"))
    line.give({"type": "websocket.receive", "text": '{"action": "ping"}'})
    await line.tried_to_write()
    line.give({"type": "websocket.receive", "text": '{"action": "ping"}'})
    await goodbye(line)


async def writing_breaks_oddly(line: Line) -> None:
    line.break_writing(RuntimeError("Unexpected ASGI message"))
    line.give({"type": "websocket.receive", "text": '{"action": "ping"}'})
    await line.tried_to_write()
    await goodbye(line)


every_end = pytest.mark.parametrize(
    "end",
    [
        goodbye,
        cancelled,
        reading_breaks,
        reading_breaks_oddly,
        writing_breaks,
        writing_breaks_oddly,
    ],
)


async def assert_nothing_is_left(service: Service) -> None:
    for lane in service.backend.lanes.values():
        assert not any(vars(lane._listeners).values())
    assert await service.container.rooms().rooms(10) == []
    assert len(service.registry) == 0


@every_socket
@every_end
async def test_a_connection_that_ended_leaves_nothing_behind(
    service: Service, path: str, end: Callable[[Line], Awaitable[None]]
) -> None:
    tasks = asyncio.all_tasks()
    line = await Line(service, path).opened()
    await end(line)
    await eventually(lambda: asyncio.all_tasks() == tasks)
    await assert_nothing_is_left(service)


@every_end
async def test_the_others_are_told_however_somebody_left(
    service: Service, end: Callable[[Line], Awaitable[None]]
) -> None:
    async with service.socket("/ws/room/lobby") as stays:
        line = await Line(service, "/ws/room/lobby").opened()
        assert (await stays.payload("room_notification"))["kind"] == "joined"
        await end(line)
        left = await stays.payload("room_notification")
        assert (left["kind"], left["members"]) == ("left", 1)


async def test_many_connections_that_come_and_go_leave_nothing_behind(service: Service) -> None:
    tasks = asyncio.all_tasks()
    lines = [Line(service, path) for path in PATHS * 20]
    for number, line in enumerate(lines):
        if number % 3 == 0:
            line.task.cancel()  # Some have not even been accepted.
    for number, line in enumerate(lines):
        if number % 3 == 1:
            await goodbye(await line.opened())
        elif number % 3 == 2:
            await cancelled(await line.opened())
    await eventually(lambda: asyncio.all_tasks() == tasks)
    await assert_nothing_is_left(service)


async def test_a_client_that_is_gone_before_it_is_accepted_leaves_nothing(
    service: Service,
) -> None:
    tasks = asyncio.all_tasks()
    line = Line(service, "/ws/room/lobby")
    line.break_writing(ConnectionResetError("gone"))
    await line.ended()
    line.task.result()
    await eventually(lambda: asyncio.all_tasks() == tasks)
    await assert_nothing_is_left(service)


async def test_a_connection_that_can_not_be_written_to_is_cut_off_and_noted_once(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    aborted = asyncio.Event()
    line = Line(service, "/ws/chat", {ABORT: {"call": aborted.set}})
    await writing_breaks_oddly(await line.opened())
    assert aborted.is_set()
    (warning,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "RuntimeError" in warning.getMessage()
    assert warning.exc_info is None


# Openings and closings that fail half-way.


class FailingBroadcaster(LaneBroadcaster):
    """Subscribes like the real one; what it is asked to publish fails while `error` is set."""

    error: Exception | None = None

    async def publish(
        self,
        audience: Audience[Any],
        event: Any,
        *,
        exclude: ConnectionId | None = None,
        key: IdempotencyKey | None = None,
    ) -> Cursor | None:
        if self.error is not None:
            raise self.error
        return await super().publish(audience, event, exclude=exclude, key=key)


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


def failing_broadcaster(container: Container) -> None:
    container.broadcaster.override(
        providers.Singleton(
            FailingBroadcaster, container.backend.provided.lanes, encode, subscription_limit=64
        )
    )


def fail_with(service: Service, error: Exception | None) -> None:
    """Have whatever is published from now on fail; with None, succeed again."""
    broadcaster = service.container.broadcaster()
    assert isinstance(broadcaster, FailingBroadcaster)
    broadcaster.error = error


def failing_presence(container: Container) -> None:
    container.backend().presence = FailingPresence()


async def sent_away(client: Socket) -> None:
    told, code = await client.told_to_leave()
    assert (told["code"], code) == (1013, 1013)
    assert told["reconnect"] is True
    assert told["after_ms"] > 0


@pytest.mark.parametrize("path", TELLING)
async def test_an_opening_without_a_backend_sends_away_and_leaves_nothing(path: str) -> None:
    async with serving(failing_broadcaster) as service:
        fail_with(service, Unavailable())
        tasks = asyncio.all_tasks()
        async with service.socket(path) as client:
            await sent_away(client)
        await eventually(lambda: asyncio.all_tasks() == tasks)
        await assert_nothing_is_left(service)


@pytest.mark.parametrize("path", TELLING)
async def test_an_opening_that_breaks_says_nothing_of_the_error_and_leaves_nothing(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(failing_broadcaster) as service:
        fail_with(service, RuntimeError("secret address"))
        async with service.socket(path) as client:
            told, code = await client.told_to_leave()
            assert "secret" not in str(told)
            assert code == 1013
        await assert_nothing_is_left(service)
        assert "opening a session failed" in caplog.messages
        caplog.clear()


async def test_a_room_that_can_not_be_entered_sends_away_and_leaves_nothing() -> None:
    async with serving(failing_presence) as service:
        service.backend.presence.fails = "enter"
        async with service.socket("/ws/room/lobby") as client:
            await sent_away(client)
        await assert_nothing_is_left(service)


async def test_a_room_that_can_not_be_left_is_at_least_not_listened_to(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(failing_presence) as service:
        presence = service.backend.presence
        tasks = asyncio.all_tasks()
        async with service.socket("/ws/room/lobby") as client:
            await client.hears_nothing()
            presence.fails = "leave"
        await eventually(lambda: asyncio.all_tasks() == tasks)
        presence._rooms.clear()  # A lease sees to that where presence outlives the process.
        await assert_nothing_is_left(service)
    (warning,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert warning.exc_info is None


@pytest.mark.parametrize("path", TELLING)
async def test_a_leaving_that_can_not_be_told_leaves_nothing(path: str) -> None:
    async with serving(failing_broadcaster) as service:
        async with service.socket(path) as client:
            await client.frames_until_pong()
            fail_with(service, Unavailable())
        await assert_nothing_is_left(service)


async def test_a_leaving_that_breaks_is_logged_and_leaves_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(failing_broadcaster) as service:
        async with service.socket("/ws/chat") as client:
            await client.frames_until_pong()
            fail_with(service, RuntimeError("broken"))
        await assert_nothing_is_left(service)
        assert "closing a feature failed" in caplog.messages
        caplog.clear()


# Frames whose handling fails.


async def test_a_frame_that_needs_an_absent_backend_is_refused_and_may_be_tried_again() -> None:
    async with (
        serving(failing_broadcaster) as service,
        service.socket("/ws/reliable") as client,
    ):
        await client.frame()
        fail_with(service, Unavailable())
        await client.say("reliable_chat", {"message": "hello"}, ref="1")
        refused = await client.frame()
        assert refused["action"] == "error"
        assert refused["ref"] == "1"
        assert refused["payload"]["code"] == "unavailable"
        assert refused["payload"]["retryable"] is True
        assert refused["payload"]["retry_after_ms"] >= 1_000
        fail_with(service, None)
        await client.say("reliable_chat", {"message": "hello"})
        assert await client.payload("reliable_chat_notification") == {"message": "📨 hello"}


async def test_a_frame_whose_handling_breaks_is_refused_in_words_that_give_nothing_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with (
        serving(failing_broadcaster) as service,
        service.socket("/ws/chat") as client,
    ):
        await client.frame()
        fail_with(service, RuntimeError("secret address"))
        await client.say("chat", {"message": "hello"})
        refused = await client.payload("error")
        assert refused["code"] == "internal"
        assert "secret" not in str(refused)
        assert "handling a frame failed" in caplog.messages
        fail_with(service, None)
        await client.say("chat", {"message": "hello"})
        assert await client.payload("chat_notification") == {"message": "💬 hello"}
    caplog.clear()


async def test_whoever_could_not_be_told_to_join_is_not_told_to_leave() -> None:
    told: list[type[Any]] = []

    class Witness(FailingBroadcaster):
        async def publish(
            self,
            audience: Audience[Any],
            event: Any,
            *,
            exclude: ConnectionId | None = None,
            key: IdempotencyKey | None = None,
        ) -> Cursor | None:
            told.append(type(event))
            return await super().publish(audience, event, exclude=exclude, key=key)

    def witness(container: Container) -> None:
        container.broadcaster.override(
            providers.Singleton(
                Witness, container.backend.provided.lanes, encode, subscription_limit=64
            )
        )

    async with serving(witness, room_members=1) as service:
        async with service.socket("/ws/room/lobby"):
            async with service.socket("/ws/room/lobby") as late:
                await late.told_to_leave()
            assert told == [MemberJoined]
        assert told == [MemberJoined, MemberLeft]
