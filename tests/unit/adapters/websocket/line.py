"""One raw ASGI connection, and all the ways in which it may end."""

import asyncio
from typing import Any

import pytest

from domain.identity import OPERATOR, Caller
from tests.unit.adapters.websocket.driving import Service
from tests.waiting import DEADLINE, eventually


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
        self.ping()
        await eventually(lambda: any("pong" in str(message) for message in self.sent))
        return self

    def give(self, message: Any) -> None:
        self._incoming.put_nowait(message)

    def ping(self) -> None:
        self.give({"type": "websocket.receive", "text": '{"action": "ping"}'})

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
    line.ping()
    await line.tried_to_write()
    line.ping()
    await goodbye(line)


async def writing_breaks_oddly(line: Line) -> None:
    line.break_writing(RuntimeError("Unexpected ASGI message"))
    line.ping()
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
        assert not lane._listeners._groups
        assert not lane._listeners._groups_of
    assert await service.container.rooms().rooms(Caller(OPERATOR), 10) == []
    assert len(service.registry) == 0
