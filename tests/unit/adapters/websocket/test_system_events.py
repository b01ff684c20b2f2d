"""Events that other code sends through chanx's own `broadcast_event`."""

from typing import Any

import pytest
from fast_channels.layers import get_channel_layer

from adapters.websocket.chat import ChatConsumer
from adapters.websocket.frames import SystemNotify, TextPayload
from adapters.websocket.rooms import RoomConsumer
from tests.sockets import ANNOUNCED, CONSUMERS, ROOM, announced
from tests.unit.adapters.websocket.driving import Service, serving

NOTIFY = SystemNotify(payload=TextPayload(message="Tea is ready"))


every_socket_of_all = pytest.mark.parametrize("path", ANNOUNCED)


async def notify(path: str) -> None:
    """Announce it as other code does: to the groups of the consumer, or to one room."""
    consumer = CONSUMERS[path]
    groups = None if getattr(consumer, "groups", None) else [f"room.{ROOM}"]
    await consumer.broadcast_event(NOTIFY, groups=groups)


@every_socket_of_all
async def test_a_system_event_reaches_every_member_of_the_group(
    service: Service, path: str
) -> None:
    async with service.socket(path) as first, service.socket(path) as second:
        await first.frames_until_pong()
        await second.frames_until_pong()
        await notify(path)
        assert await first.frame() == announced(path, "Tea is ready")
        assert await second.frame() == announced(path, "Tea is ready")
        await first.hears_nothing()


@every_socket_of_all
async def test_an_event_is_followed_by_its_completion_where_that_is_on(path: str) -> None:
    async with (
        serving(send_completion=True) as service,
        service.socket(path) as member,
    ):
        await member.frames_until_pong()
        assert (await member.frame())["action"] == "complete"
        await notify(path)
        assert await member.frame() == announced(path, "Tea is ready")
        assert (await member.frame())["action"] == "event_complete"


async def test_an_event_for_one_room_is_not_heard_in_another(service: Service) -> None:
    async with service.socket("/ws/room/a") as first, service.socket("/ws/room/b") as second:
        await RoomConsumer.broadcast_event(NOTIFY, groups="room.a")
        assert (await first.frame())["payload"]["room_name"] == "a"
        await second.hears_nothing()


async def test_an_event_keeps_its_place_among_what_is_said(service: Service) -> None:
    async with service.socket("/ws/chat") as member:
        await member.frame()
        await member.say("chat", {"message": "before"})
        before = await member.frame()
        await ChatConsumer.broadcast_event(NOTIFY)
        await member.say("chat", {"message": "after"})
        texts = [frame["payload"]["message"] for frame in (before, *await member.frames(2))]
        assert texts == ["💬 before", "Tea is ready", "💬 after"]


@pytest.mark.parametrize(
    "message",
    [
        {"type": "of.nobody"},
        {"no": "type"},
        {"type": "handle_group_message"},
        {"type": "handle_channel_event", "event_data": {"action": "unknown"}},
    ],
    ids=["unknown type", "no type", "no content", "unknown event"],
)
async def test_a_message_that_nobody_handles_leaves_the_connection_working(
    service: Service, message: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    async with service.socket("/ws/chat") as member:
        await member.frame()
        layer = get_channel_layer("chat")
        assert layer is not None
        await layer.group_send("chat", message)
        await member.hears_nothing()
        await ChatConsumer.broadcast_event(NOTIFY)
        assert await member.payload("chat_notification") == {"message": "Tea is ready"}
    caplog.clear()  # Whoever sent it may read about it in the log.
