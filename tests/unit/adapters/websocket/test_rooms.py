from urllib.parse import quote

import pytest

from domain import rooms
from domain.events import AnnouncementMade, MemberJoined, MemberLeft, MessageSaid
from domain.identity import OPERATOR, Caller, Member, MemberId, MessageText, RoomName
from tests.frames import SOMEONE
from tests.unit.adapters.websocket.driving import Service, serving
from tests.unit.adapters.websocket.presenting import assert_told

UNNAMED, ANNA = Member(MemberId("1")), Member(MemberId("2"), "Anna")
TEXT = MessageText("hello")


LOBBY = "/ws/room/lobby"


async def test_whoever_comes_in_is_told_to_the_others_only(service: Service) -> None:
    async with service.socket(LOBBY) as first, service.socket(LOBBY) as second:
        assert await first.payload("room_notification") == {
            "message": "🚪 Someone joined room 'lobby'",
            "room_name": "lobby",
            "kind": "joined",
            "name": "Someone",
            "member": SOMEONE,
            "members": 2,
        }
        await second.hears_nothing()
        await first.hears_nothing()


async def test_whoever_is_connected_is_in_the_room_already(service: Service) -> None:
    async with service.socket(LOBBY):
        (room,) = await service.container.rooms().rooms(Caller(OPERATOR), 10)
        assert (room.name.value, room.members) == ("lobby", 1)


async def test_what_is_said_is_heard_by_all_in_the_room(service: Service) -> None:
    async with service.socket(LOBBY) as first, service.socket(LOBBY) as second:
        await first.frame()
        await second.say("room_chat", {"message": "hello"})
        heard = await first.frame()
        assert heard["action"] == "room_notification"
        assert heard["payload"] == {
            "message": "💬 hello",
            "room_name": "lobby",
            "kind": "said",
            "name": "Someone",
            "member": SOMEONE,
        }
        assert isinstance(heard["cursor"], str)
        assert await second.frame() == heard


async def test_whoever_leaves_is_told_to_the_others(service: Service) -> None:
    async with service.socket(LOBBY) as stays:
        async with service.socket(LOBBY):
            await stays.frame()
        assert await stays.payload("room_notification") == {
            "message": "👋 Someone left room 'lobby'",
            "room_name": "lobby",
            "kind": "left",
            "name": "Someone",
            "member": SOMEONE,
            "members": 1,
        }


async def test_rooms_do_not_hear_one_another(service: Service) -> None:
    async with service.socket(LOBBY) as lobby, service.socket("/ws/room/Lobby") as other:
        await lobby.say("room_chat", {"message": "hello"})
        await lobby.frame()
        await other.hears_nothing()


@pytest.mark.parametrize(
    "name", ["a", "Küche", "two words", "日本語", "a.b_c-d~e", "x" * 64, "👋", "\ufffd"]
)
async def test_a_room_goes_by_the_name_in_its_path(service: Service, name: str) -> None:
    async with service.socket(f"/ws/room/{quote(name)}") as client:
        await client.say("room_chat", {"message": "hello"})
        heard = await client.frame()
        assert heard["payload"]["room_name"] == name
        await client.say("room_members")
        assert (await client.payload("room_members"))["room_name"] == name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "A room needs a name."),
        ("a%2Fb", "A room's name can't contain '/'."),
        ("a/b", "A room's name can't contain '/'."),
        ("x" * 65, "A room's name has at most 64 characters, this one 65."),
        ("%20lobby", "A room's name can't begin or end with a space."),
        ("lobby%20", "A room's name can't begin or end with a space."),
        ("%20", "A room's name can't begin or end with a space."),
        ("a%00b", "A room's name can't contain invisible characters."),
        ("a%0Ab", "A room's name can't contain invisible characters."),
        ("%E2%80%AEevil", "A room's name can't contain invisible characters."),
        ("%ff%fe", "A room's name can't contain invisible characters."),
        ("a%c3", "A room's name can't contain invisible characters."),
    ],
)
async def test_an_impossible_name_is_told_and_closed(
    service: Service, name: str, reason: str
) -> None:
    async with service.socket(f"/ws/room/{name}") as client:
        told, code = await client.told_to_leave()
        assert told == {"code": 4400, "reason": reason, "reconnect": False}
        assert code == 4400


async def test_what_comes_after_the_goodbye_is_not_handled(service: Service) -> None:
    async with service.socket("/ws/room/") as client:
        await client.told_to_leave()
        await client.say("room_chat", {"message": "hello"})
        await client.say("room_members")
    assert client.output_queue.empty()


async def test_members_are_counted_by_connection(service: Service) -> None:
    key = "0f" * 16
    async with (
        service.socket(LOBBY, visitor=key) as first,
        service.socket(LOBBY, visitor=key) as second,
    ):
        await first.frame()
        await second.say("room_members", ref="m")
        assert await second.frame() == {
            "action": "room_members",
            "payload": {"room_name": "lobby", "count": 2, "members": ["Someone", "Someone"]},
            "version": 1,
            "ref": "m",
        }
        await first.hears_nothing()


async def test_a_full_room_sends_newcomers_away_and_tells_nobody() -> None:
    async with serving(room_members=1) as service, service.socket(LOBBY) as member:
        async with service.socket(LOBBY) as late:
            told, code = await late.told_to_leave()
            assert (told["code"], code) == (1013, 1013)
            assert told["reconnect"] is True
            assert told["after_ms"] > 0
        await member.hears_nothing()
        await member.say("room_members")
        assert (await member.payload("room_members"))["count"] == 1


async def test_a_place_that_was_left_can_be_taken() -> None:
    async with serving(room_members=1) as service:
        for _ in range(2):
            async with service.socket(LOBBY) as member:
                await member.hears_nothing()


def test_a_room_hears_every_event_in_its_words() -> None:
    assert_told(
        rooms.audience(RoomName("lobby")),
        "room_notification",
        [
            (
                MemberJoined(UNNAMED, 2),
                {
                    "message": "🚪 Someone joined room 'lobby'",
                    "room_name": "lobby",
                    "kind": "joined",
                    "name": "Someone",
                    "member": {"id": "1", "name": "Someone"},
                    "members": 2,
                },
            ),
            (
                MemberLeft(ANNA, 0),
                {
                    "message": "👋 Anna left room 'lobby'",
                    "room_name": "lobby",
                    "kind": "left",
                    "name": "Anna",
                    "member": {"id": "2", "name": "Anna"},
                    "members": 0,
                },
            ),
            (
                MessageSaid(ANNA, TEXT),
                {
                    "message": "💬 hello",
                    "room_name": "lobby",
                    "kind": "said",
                    "name": "Anna",
                    "member": {"id": "2", "name": "Anna"},
                },
            ),
            (
                AnnouncementMade(TEXT),
                {"message": "hello", "room_name": "lobby", "kind": "announced"},
            ),
        ],
    )
