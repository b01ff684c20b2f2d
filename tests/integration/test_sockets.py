"""Every row of the protocol's table of sockets, asked of a real server by another's client."""

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.integration.client import Client, address, get, post
from tests.integration.conftest import Service
from tests.sockets import ANNOUNCED, DURABLE, SAYS, TALKING, TEXTS, announced, audience_of, heard_as
from tests.sockets import PATHS as SOCKETS


@pytest.mark.parametrize("path", SOCKETS)
async def test_every_socket_answers_ping_with_pong(service: Service, path: str) -> None:
    async with Client(service.url, path) as client:
        await client.send_raw('{"action": "ping"}')
        await client.until_pong()
    pongs = [frame for frame in client.frames if frame["action"] == "pong" and "ref" not in frame]
    assert pongs == [{"action": "pong", "payload": None}]


@pytest.mark.parametrize(
    ("offered", "picked"),
    [
        (["switchboard.v1"], "switchboard.v1"),
        (["graphql-ws", "switchboard.v1"], "switchboard.v1"),
        (["graphql-ws"], None),
        (None, None),
    ],
    ids=["ours", "ours among others", "others", "none"],
)
async def test_our_subprotocol_is_picked_if_it_is_offered_and_no_other(
    service: Service, offered: list[Subprotocol] | None, picked: str | None
) -> None:
    url = address(service.url, "/ws/system")
    async with connect(url, subprotocols=offered, proxy=None) as client:
        assert client.subprotocol == picked
        assert "system_echo" in str(await client.recv())


async def test_system_greets_and_echoes_to_whoever_spoke(service: Service) -> None:
    async with (
        Client(service.url, "/ws/system") as speaker,
        Client(service.url2, "/ws/system") as other,
    ):
        await speaker.send("user_message", {"message": "how are you?"})
        await speaker.receive("system_echo", message="🔧 System Echo: how are you?")
        await other.until_pong()
    greeting = "🔧 System: Connection established!"
    assert speaker.messages("system_echo") == [greeting, "🔧 System Echo: how are you?"]
    assert other.messages("system_echo") == [greeting]


async def test_chat_tells_everybody_who_comes_and_what_is_said(service: Service) -> None:
    async with Client(service.url, "/ws/chat") as first, Client(service.url2, "/ws/chat") as second:
        await second.receive("chat_notification", message="📢 Someone joined the chat")
        await first.receive("chat_notification", message="📢 Someone joined the chat")
        await first.receive("chat_notification", message="📢 Someone joined the chat")
        await second.send("chat", {"message": "<b>hello</b> 👋"})
        for client in (first, second):
            await client.receive("chat_notification", message="💬 <b>hello</b> 👋")


async def test_chat_tells_the_others_who_leaves(service: Service) -> None:
    async with Client(service.url, "/ws/chat") as stays:
        async with Client(service.url2, "/ws/chat") as leaves:
            await leaves.send("chat", {"message": "that was all from me"})
            await stays.receive("chat_notification", message="💬 that was all from me")
        await stays.receive("chat_notification", message="❌ Someone left the chat.")


async def test_reliable_chat_tells_everybody_and_says_where_in_its_order(service: Service) -> None:
    async with Client(service.url, "/ws/reliable") as stays:
        async with Client(service.url2, "/ws/reliable") as leaves:
            await leaves.receive(
                "reliable_chat_notification", message="🔒 Reliable chat connection established!"
            )
            await leaves.send("reliable_chat", {"message": "keep this"})
            frames = [
                await client.receive("reliable_chat_notification", message="📨 keep this")
                for client in (stays, leaves)
            ]
        await stays.receive("reliable_chat_notification", message="🚪 Left reliable chat!")
    assert frames[0] == frames[1]
    joined = "🔒 Reliable chat connection established!"
    assert stays.messages("reliable_chat_notification").count(joined) == 2


@pytest.mark.parametrize(
    "data",
    [None, 0, -1.5, True, "text 🌍", [], [1, [2, None]], {}, {"plan": {"name": "pro"}}],
    ids=str,
)
async def test_analytics_carry_any_json_to_everybody(service: Service, data: object) -> None:
    async with (
        Client(service.url, "/ws/analytics") as first,
        Client(service.url2, "/ws/analytics") as second,
    ):
        await first.send("analytics", {"event": f"signup {data}", "data": data})
        for client in (first, second):
            await client.receive(
                "analytics_notification", event=f"📊 Analytics: signup {data}", data=data
            )


async def test_analytics_need_no_data(service: Service) -> None:
    async with Client(service.url, "/ws/analytics") as client:
        await client.send("analytics", {"event": "page view"})
        await client.receive("analytics_notification", event="📊 Analytics: page view", data=None)


async def test_analytics_count_every_event_of_every_client(service: Service, room: str) -> None:
    event = f"counted in {room}"
    async with (
        Client(service.url, "/ws/analytics") as first,
        Client(service.url2, "/ws/analytics") as second,
    ):
        for count, client in enumerate((first, second, first), start=1):
            await client.send("analytics", {"event": event})
            await first.receive("analytics_notification", name=event, count=count)
        await second.send("analytics_tally")
        tally = (await second.receive("analytics_tally"))["payload"]
    assert tally["counts"][event] == 3
    assert tally["total"] >= sum(tally["counts"].values()) >= 3


@pytest.mark.parametrize("path", ["/ws/chat", "/ws/reliable", "/ws/room/order"])
async def test_what_one_client_sends_arrives_everywhere_in_its_order(
    service: Service, room: str, path: str
) -> None:
    says = {"/ws/chat": "chat", "/ws/reliable": "reliable_chat"}.get(path, "room_chat")
    hears = "room_notification" if says == "room_chat" else f"{says}_notification"
    texts = [f"{room} {number}" for number in range(300)]
    async with Client(service.url, path) as speaker, Client(service.url2, path) as listener:
        for text in texts:
            await speaker.send(says, {"message": text})
        for client in (speaker, listener):
            for text in texts:
                await client.receive(
                    hears, message=f"{'📨' if 'reliable' in path else '💬'} {text}"
                )
            ours = [message for message in client.messages(hears) if room in message]
            assert len(ours) == len(texts)


@pytest.mark.parametrize("path", [path for path in TALKING if path in DURABLE])
async def test_every_durable_frame_has_a_cursor_of_its_own(service: Service, path: str) -> None:
    hears, field, _ = heard_as(path, "again")
    async with Client(service.url, path) as client:
        for _ in range(3):
            await client.send(SAYS[path].action, {field: "again"})
            await client.receive(hears)
    cursors = [frame.get("cursor") for frame in client.frames if frame["action"] == hears]
    assert all(isinstance(cursor, str) and cursor for cursor in cursors)
    assert len(set(cursors)) == len(cursors)


@pytest.mark.parametrize("path", ANNOUNCED)
async def test_an_announcement_reaches_everybody_on_its_channel(
    service: Service, path: str
) -> None:
    audience, frame = audience_of(path), announced(path, "doors close")
    assert audience is not None
    async with Client(service.url, path) as first, Client(service.url2, path) as second:
        body = {"channel": audience.channel, "message": "doors close"}
        response = await post(f"{service.url}/api/announcements", body)
        for client in (first, second):
            await client.receive(frame["action"], **frame["payload"])
    assert response.status_code == 202


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"channel": "nowhere", "message": "x"}, 400, "channel_is_unknown"),
        ({"channel": "room:", "message": "x"}, 400, "room_name_is_impossible"),
        ({"channel": "chat", "message": " "}, 400, "text_is_empty"),
        ({"channel": "chat", "message": "x" * 4_001}, 400, "text_is_too_long"),
        ({"channel": "chat"}, 422, "not_valid"),
        ([], 422, "not_valid"),
    ],
    ids=["channel", "room", "empty", "long", "missing", "list"],
)
async def test_an_announcement_that_makes_no_sense_is_refused(
    service: Service, body: object, status: int, code: str
) -> None:
    response = await post(f"{service.url}/api/announcements", body)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


async def test_the_asyncapi_document_names_every_socket_and_action(service: Service) -> None:
    text = (await get(f"{service.url}/asyncapi.json")).text
    document = (await get(f"{service.url}/asyncapi.json")).json()
    addresses = {channel["address"] for channel in document["channels"].values()}
    named = {path.replace("/lobby", "/{room_name}") for path in SOCKETS}
    assert document["asyncapi"].startswith("3.")
    assert addresses == named
    for action in ("recovered", "job_list", *(said.action for said in TEXTS)):
        assert f'"{action}"' in text
