"""Two hundred connections of all kinds come and go: nothing of them is left, not even in memory."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeAlias

import pytest

from adapters.sessions.session import Session
from tests.sockets import PATHS, SAYS
from tests.unit.adapters.websocket.asking import ANNA, ask, asking
from tests.unit.adapters.websocket.driving import Service, serving
from tests.unit.adapters.websocket.line import (
    Line,
    assert_nothing_is_left,
    cancelled,
    goodbye,
    reading_breaks,
    writing_breaks,
)
from tests.waiting import eventually

Living: TypeAlias = Callable[[], list[Session]]
"""The sessions that this test has made and that are still in memory."""

Visit: TypeAlias = Callable[[Service, str], Coroutine[Any, Any, None]]

ROUNDS = 4
DISCONNECT = 1.0
"""Seconds that a disconnect may take; until then it holds on to its connection. Far more than it
takes on a busy machine, where one that is aborted would not be told."""


async def talked(service: Service, path: str) -> None:
    """Said something, was answered, came back to where it was, and left."""
    async with service.socket(path) as client:
        if path in SAYS:
            await client.say(SAYS[path].action, {SAYS[path].field: "hello"})
        else:
            await client.say("resume", {"topics": {"room:lobby": "0", "job:*": "0"}})
            await client.say("room_chat", {"message": "hello"}, topic="room:lobby")
        frames = await client.frames_until_pong()
    cursor = next((frame["cursor"] for frame in reversed(frames) if "cursor" in frame), None)
    if cursor is not None:
        async with service.socket(f"{path}?since={cursor}") as client:
            await client.frames_until_pong()


async def said_nonsense(service: Service, path: str) -> None:
    async with service.socket(path) as client:
        for text in ("", "[]", '{"action": "none"}', '{"action": "ping", "ref": []}'):
            await client.say_raw(text)
        await client.frames_until_pong()


async def flooded(service: Service, path: str) -> None:
    """Went on until it was sent away."""
    async with service.socket(path) as client:
        for _ in range(200):
            await client.say("ping")
        _, code = await client.told_to_leave()
        assert code == 4429


async def never_came_in(service: Service, path: str) -> None:
    line = Line(service, path)
    line.break_writing(ConnectionResetError("gone"))
    await line.ended()


def broke(end: Callable[[Line], Awaitable[None]]) -> Visit:
    async def visit(service: Service, path: str) -> None:
        await end(await Line(service, path).opened())

    return visit


VISITS: list[Visit] = [
    talked,
    said_nonsense,
    never_came_in,
    broke(goodbye),
    broke(cancelled),
    broke(reading_breaks),
    broke(writing_breaks),
]


@pytest.fixture
def left_by_others() -> set[int]:
    """The ids of sessions that tests before this one hold on to, in tracebacks and the like."""
    return {id(one) for one in _sessions()}


@pytest.fixture
def living(left_by_others: set[int]) -> Living:
    return lambda: [one for one in _sessions() if id(one) not in left_by_others]


def _sessions() -> list[Session]:
    gc.collect()
    # Weak proxies stand for others, which may be gone.
    return [one for one in gc.get_objects() if issubclass(type(one), Session)]


async def assert_all_is_gone(
    service: Service, tasks: set[asyncio.Task[Any]], living: Living
) -> None:
    await eventually(lambda: asyncio.all_tasks() == tasks)
    await assert_nothing_is_left(service)
    await eventually(lambda: living() == [])


async def test_two_hundred_connections_of_all_kinds_leave_no_task_no_member_and_no_object(
    living: Living,
) -> None:
    async with serving(send_timeout=DISCONNECT) as service:
        tasks = asyncio.all_tasks()
        for path in [*PATHS] * ROUNDS:
            # Not all paths at once: each visit has a deadline, and waits for the others' turns.
            async with asyncio.TaskGroup() as group:
                for visit in VISITS:
                    group.create_task(visit(service, path))
        await assert_all_is_gone(service, tasks, living)


async def test_those_that_were_sent_away_leave_nothing_either(living: Living) -> None:
    slow: dict[str, Any] = {"frames_per_second": 50, "frame_burst": 5, "flood_seconds": 0.01}
    async with serving(send_timeout=DISCONNECT, **slow) as service:
        tasks = asyncio.all_tasks()
        async with asyncio.TaskGroup() as group:
            for path in PATHS:
                group.create_task(flooded(service, path))
        await assert_all_is_gone(service, tasks, living)


async def test_jobs_that_go_on_without_whoever_asked_for_them_hold_on_to_nobody(
    living: Living,
) -> None:
    async with serving(send_timeout=DISCONNECT, job_pace=100) as service:
        tasks = asyncio.all_tasks()
        job_ids = []
        for _ in range(5):
            async with asking(service, ANNA) as client:
                job_ids.append(await ask(client, "analyze"))
                assert len(living()) == 1
        await assert_nothing_is_left(service)
        await eventually(lambda: living() == [])
        async with asking(service, ANNA) as client:
            for job_id in job_ids:
                await client.say("job_cancel", {"job_id": job_id})
                await client.status("cancelled")
        await assert_all_is_gone(service, tasks, living)
