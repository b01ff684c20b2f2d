"""The protocol's part about rooms, asked of a real server."""

import pytest

from tests.integration.client import Client, get
from tests.integration.conftest import Service


async def test_a_room_tells_the_others_who_comes_and_leaves(service: Service, room: str) -> None:
    path = f"/ws/room/{room}"
    async with Client(service.url, path) as stays:
        async with Client(service.url2, path) as leaves:
            await stays.receive(
                "room_notification", message=f"🚪 Someone joined room '{room}'", room_name=room
            )
            await stays.send("room_chat", {"message": "welcome"})
            await leaves.receive("room_notification", message="💬 welcome")
        await stays.receive(
            "room_notification", message=f"👋 Someone left room '{room}'", room_name=room
        )
    # Nobody is told of their own coming.
    assert leaves.messages("room_notification") == ["💬 welcome"]
    assert stays.messages("room_notification") == [
        f"🚪 Someone joined room '{room}'",
        "💬 welcome",
        f"👋 Someone left room '{room}'",
    ]


async def test_what_is_said_in_a_room_stays_in_it(service: Service, room: str) -> None:
    async with (
        Client(service.url, f"/ws/room/{room}") as speaker,
        Client(service.url2, f"/ws/room/{room}") as inside,
        Client(service.url2, f"/ws/room/{room}2") as elsewhere,
    ):
        await speaker.send("room_chat", {"message": "between us"})
        for client in (speaker, inside):
            await client.receive("room_notification", message="💬 between us", room_name=room)
        await elsewhere.send("room_chat", {"message": "alone"})
        await elsewhere.receive("room_notification", message="💬 alone", room_name=f"{room}2")
    assert elsewhere.messages("room_notification") == ["💬 alone"]


@pytest.mark.parametrize(
    ("in_path", "name"),
    [
        ("caf%C3%A9", "café"),
        ("%F0%9F%9A%80", "🚀"),
        ("a%20b", "a b"),
        ("x" * 64, "x" * 64),
        ("%25", "%"),
    ],
    ids=["accent", "emoji", "space", "longest", "percent"],
)
async def test_a_room_has_the_name_that_its_path_spells(
    service: Service, in_path: str, name: str
) -> None:
    async with Client(service.url, f"/ws/room/{in_path}") as client:
        await client.send("room_chat", {"message": "here"})
        await client.receive("room_notification", message="💬 here", room_name=name)


async def test_a_room_tells_who_is_in(service: Service, room: str) -> None:
    path = f"/ws/room/{room}"
    async with Client(service.url, path) as first:
        async with Client(service.url2, path):
            await first.send("room_members")
            both = await first.receive("room_members", room_name=room, count=2)
            listed = (await get(f"{service.url}/api/rooms")).json()["rooms"]
        await first.receive("room_notification", message=f"👋 Someone left room '{room}'")
        await first.send("room_members")
        await first.receive("room_members", count=1, members=["Someone"])
    assert both["payload"]["members"] == ["Someone", "Someone"]
    assert {"room_name": room, "members": 2} in listed


async def test_a_rooms_history_is_what_its_members_heard(service: Service, room: str) -> None:
    async with Client(service.url, f"/ws/room/{room}") as client:
        for number in range(5):
            await client.send("room_chat", {"message": f"number {number}"})
        await client.receive("room_notification", message="💬 number 4")
        heard = [frame for frame in client.frames if frame["action"] == "room_notification"]
        # As long as it is there: its going would be another message of the history.
        history = (await get(f"{service.url2}/api/rooms/{room}/history")).json()
        last_two = (await get(f"{service.url2}/api/rooms/{room}/history?limit=2")).json()
    assert history["room_name"] == room
    said = [frame for frame in history["messages"] if frame["payload"]["message"][0] == "💬"]
    assert said == heard
    assert last_two["messages"] == history["messages"][-2:]
