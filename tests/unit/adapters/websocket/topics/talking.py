"""What the tests of topics say and hear."""

from typing import Any

from tests.unit.adapters.websocket.driving import Frame, Service, Socket

PATH = "/ws/topics"
LOBBY = "room:lobby"


async def subscribe(client: Socket, topic: str, **payload: Any) -> list[Frame]:
    """All that it brings: the answer first."""
    await client.say("subscribe", payload or None, topic=topic, ref="s", version=1)
    return await client.frames_until_pong()


async def unsubscribe(client: Socket, topic: str) -> list[Frame]:
    await client.say("unsubscribe", topic=topic, ref="u")
    return await client.frames_until_pong()


async def say(service: Service, *texts: str, room: str = "lobby") -> None:
    """Somebody says something in a room, and leaves it."""
    async with service.socket(f"/ws/room/{room}") as client:
        for text in texts:
            await client.say("room_chat", {"message": text})
        await client.frames_until_pong()


def said(frames: list[Frame]) -> list[str]:
    """The texts among frames, without who came and went."""
    return [
        frame["payload"]["message"].removeprefix("💬 ")
        for frame in frames
        if frame["action"] == "room_notification" and frame["payload"]["kind"] == "said"
    ]


def actions(frames: list[Frame]) -> list[str]:
    return [frame["action"] for frame in frames]


def reasons(frames: list[Frame]) -> list[str | None]:
    return [frame["payload"].get("reason") for frame in frames if frame["action"] == "error"]
