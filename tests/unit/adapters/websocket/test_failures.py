"""Openings, closings and frames whose handling fails half-way: nobody is left without an answer."""

import asyncio
from functools import partial
from typing import Any

import pytest

from application.errors import Unavailable
from application.ports import Cursor
from domain.audiences import Audience
from domain.events import MemberJoined, MemberLeft
from tests.frames import SOMEONE
from tests.sockets import TELLING
from tests.unit.adapters.websocket.driving import Socket, serving
from tests.unit.adapters.websocket.failing import (
    FailingBroadcaster,
    fail_with,
    failing_broadcaster,
    failing_presence,
)
from tests.unit.adapters.websocket.line import assert_nothing_is_left
from tests.waiting import eventually


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
    async with serving(failing_broadcaster) as service, service.socket("/ws/reliable") as client:
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
        assert await client.payload("reliable_chat_notification") == {
            "message": "📨 hello",
            "member": SOMEONE,
        }


async def test_a_frame_whose_handling_breaks_is_refused_in_words_that_give_nothing_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(failing_broadcaster) as service, service.socket("/ws/chat") as client:
        await client.frame()
        fail_with(service, RuntimeError("secret address"))
        await client.say("chat", {"message": "hello"})
        refused = await client.payload("error")
        assert refused["code"] == "internal"
        assert "secret" not in str(refused)
        assert "handling a frame failed" in caplog.messages
        fail_with(service, None)
        await client.say("chat", {"message": "hello"})
        assert await client.payload("chat_notification") == {
            "message": "💬 hello",
            "member": SOMEONE,
        }
    caplog.clear()


async def test_whoever_could_not_be_told_to_join_is_not_told_to_leave() -> None:
    told: list[type[Any]] = []

    class Witness(FailingBroadcaster):
        async def publish(self, audience: Audience[Any], event: Any, **more: Any) -> Cursor | None:
            told.append(type(event))
            return await super().publish(audience, event, **more)

    async with serving(partial(failing_broadcaster, kind=Witness), room_members=1) as service:
        async with service.socket("/ws/room/lobby"):
            async with service.socket("/ws/room/lobby") as late:
                await late.told_to_leave()
            assert told == [MemberJoined]
        assert told == [MemberJoined, MemberLeft]


async def test_nobody_hears_that_somebody_left_who_could_not_join() -> None:
    async with serving(failing_broadcaster) as service, service.socket("/ws/chat") as witness:
        await witness.frames_until_pong()
        fail_with(service, Unavailable())
        async with service.socket("/ws/chat") as stranger:
            await stranger.told_to_leave()
            fail_with(service, None)
        await witness.hears_nothing()
