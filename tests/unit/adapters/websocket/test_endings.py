"""However a connection ends, it leaves nothing behind."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.asgi_extensions import ABORT
from tests.sockets import PATHS
from tests.unit.adapters.websocket.driving import Service
from tests.unit.adapters.websocket.invented import every_socket
from tests.unit.adapters.websocket.line import (
    Line,
    assert_nothing_is_left,
    cancelled,
    every_end,
    goodbye,
    writing_breaks_oddly,
)
from tests.waiting import eventually


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
