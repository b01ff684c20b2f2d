"""Rooms over HTTP: who is in them, and what was said."""

from urllib.parse import quote

import httpx2
import pytest

from tests.unit.adapters.http.asking import client_of, error
from tests.unit.adapters.websocket.driving import Service, serving
from tests.waiting import eventually


async def test_rooms_with_somebody_in_them_are_listed_fullest_first(
    service: Service, client: httpx2.AsyncClient
) -> None:
    assert (await client.get("/api/rooms")).json() == {"rooms": []}
    async with service.socket("/ws/room/quiet"):
        async with service.socket("/ws/room/busy"), service.socket("/ws/room/busy"):
            await eventually(lambda: len(service.registry) == 3)
            assert (await client.get("/api/rooms")).json() == {
                "rooms": [
                    {"room_name": "busy", "members": 2},
                    {"room_name": "quiet", "members": 1},
                ]
            }
        assert (await client.get("/api/rooms")).json() == {
            "rooms": [{"room_name": "quiet", "members": 1}]
        }


async def test_no_more_than_a_hundred_rooms_are_listed(
    service: Service, client: httpx2.AsyncClient
) -> None:
    sockets = [service.socket(f"/ws/room/{number}") for number in range(101)]
    for socket in sockets:
        await socket.connect()
    assert len((await client.get("/api/rooms")).json()["rooms"]) == 100
    for socket in sockets:
        await socket.disconnect()


async def test_a_room_s_history_is_what_its_members_heard(
    service: Service, client: httpx2.AsyncClient
) -> None:
    async with service.socket("/ws/room/K%C3%BCche") as member:
        heard = []
        for text in ("one", 'quo"ted', "drei 👋"):
            await member.say("room_chat", {"message": text})
            heard.append(await member.frame())
        answer = await client.get(f"/api/rooms/{quote('Küche')}/history")
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["room_name"] == "Küche"
        assert answer.json()["messages"][-3:] == heard


async def test_a_cursor_from_history_is_a_place_to_come_back_to(
    service: Service, client: httpx2.AsyncClient
) -> None:
    async with service.socket("/ws/room/lobby") as member:
        await member.say("room_chat", {"message": "one"})
        await member.frame()
        last = (await client.get("/api/rooms/lobby/history")).json()["messages"][-1]
        await member.say("room_chat", {"message": "two"})
        missed = await member.frame()
        async with service.socket(f"/ws/room/lobby?since={quote(last['cursor'])}") as back:
            assert await back.payload("recovered") == {"recovered": True, "missed": 1}
            assert await back.frame() == missed


async def test_a_limit_takes_the_newest_in_order() -> None:
    lane = {"kind": "durable", "prefix": "rooms", "capacity": 300, "expiry": 60}
    async with serving(lane_rooms=lane) as service, client_of(service) as client:
        async with service.socket("/ws/room/lobby") as member:
            for number in range(250):
                await member.say("room_chat", {"message": str(number)})
            await member.frames(250)
        for limit, count in ((None, 50), (1, 1), (200, 200)):
            query = "" if limit is None else f"?limit={limit}"
            messages = (await client.get(f"/api/rooms/lobby/history{query}")).json()["messages"]
            assert len(messages) == count
            said = [each["payload"]["message"] for each in messages if "💬" in str(each)]
            newest = [f"💬 {number}" for number in range(250)]
            assert said == newest[len(newest) - len(said) :]


@pytest.mark.parametrize("limit", ["0", "-1", "201", "many", "", "1e2", "9" * 50])
async def test_a_limit_out_of_bounds_is_not_valid(client: httpx2.AsyncClient, limit: str) -> None:
    answer = await client.get("/api/rooms/lobby/history", params={"limit": limit})
    assert error(answer, 422) == "not_valid"
    assert answer.json()["error"]["problems"][0]["loc"] == ["query", "limit"]


async def test_a_room_nobody_was_in_has_an_empty_history(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/rooms/nobody/history")
    assert (answer.status_code, answer.json()) == (200, {"room_name": "nobody", "messages": []})


@pytest.mark.parametrize("name", ["a%2Fb", "%20lobby", "x" * 65, "a%00b", "a%0Ab", "%0A", "%ff"])
async def test_an_impossible_room_has_no_history(client: httpx2.AsyncClient, name: str) -> None:
    answer = await client.get(f"/api/rooms/{name}/history")
    assert error(answer, 400) == "room_name_is_impossible"
