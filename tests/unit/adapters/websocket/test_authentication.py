"""Who a client is: told by the handshake, by its first frame, or by a newer token later."""

import json

import pytest

from domain.capabilities import Right
from domain.identity import RoomName
from tests.sockets import PATHS
from tests.unit.adapters.websocket.authenticating import (
    authenticate,
    bearing,
    caps,
    seconds_from_now,
    taking_tokens,
    token,
)
from tests.unit.adapters.websocket.driving import Service, Socket
from tests.waiting import eventually

EVERY_RIGHT = tuple(Right)


async def refusal(client: Socket) -> tuple[int, str]:
    """The status and the code with which a handshake is refused."""
    await client.send_input({"type": "websocket.connect"})
    start = await client.receive_output()
    assert start["type"] == "websocket.http.response.start", start
    body = await client.receive_output()
    code: str = json.loads(body["body"])["error"]["code"]
    return start["status"], code


def answered_over_http(client: Socket) -> Socket:
    client.scope["extensions"] = {"websocket.http.response": {}}
    return client


async def test_a_visitor_may_choose_a_name_which_others_see(service: Service) -> None:
    async with (
        service.socket("/ws/room/lobby") as ada,
        service.socket("/ws/room/lobby") as bob,
    ):
        await ada.frames_until_pong()
        answer = await authenticate(ada, name="Ada")
        assert answer["payload"]["expires_at"] is None
        assert answer["payload"]["revoked"] == []
        assert answer["payload"]["member"]["name"] == "Ada"
        await ada.say("room_chat", {"message": "hello"})
        heard = await bob.payload("room_notification")
        assert heard["member"] == answer["payload"]["member"]
        assert heard["message"] == "💬 hello"
        await bob.say("room_members")
        assert "Ada" in (await bob.payload("room_members"))["members"]
        await ada.disconnect()
        assert (await bob.payload("room_notification"))["message"] == "👋 Ada left room 'lobby'"


@pytest.mark.parametrize("name", ["", " ", "x" * 65, "\u200b", "a\nb", "\u202eAda"])
async def test_an_impossible_name_is_refused_and_changes_nothing(
    service: Service, name: str
) -> None:
    async with service.socket("/ws/chat") as client:
        await client.frames_until_pong()
        answer = await authenticate(client, name=name)
        assert answer["payload"]["code"] == "member_name_is_impossible"
        await client.say("chat", {"message": "hello"})
        assert (await client.payload("chat_notification"))["member"]["name"] == "Someone"


@pytest.mark.parametrize("payload", [{}, {"token": "x", "name": "y"}, {"name": 7}, None, "Ada"])
async def test_what_says_nothing_of_who_it_is_is_not_valid(
    service: Service, payload: object
) -> None:
    async with service.socket("/ws/chat") as client:
        await client.frames_until_pong()
        await client.say("authenticate", payload)
        assert isinstance(await client.payload("error"), list)


async def test_a_service_that_takes_no_tokens_says_so(service: Service) -> None:
    async with service.socket("/ws/chat") as client:
        answer = await authenticate(client, token="a.b.c")
        assert answer["payload"]["code"] == "token_invalid"


@pytest.mark.parametrize("path", PATHS)
async def test_a_token_in_the_handshake_says_who_it_is(path: str) -> None:
    async with taking_tokens("jwt") as service, bearing(service, path, token(service)) as client:
        answer = await authenticate(client, token=token(service))
        assert answer["payload"]["member"] == {"id": "ada", "name": "Ada"}
        assert 590 < seconds_from_now(answer) <= 600


@pytest.mark.parametrize("path", PATHS)
async def test_a_token_that_is_not_believed_is_refused_before_the_handshake(path: str) -> None:
    async with taking_tokens("anonymous", "jwt") as service:
        client = answered_over_http(bearing(service, path, "a.b.c"))
        assert await refusal(client) == (401, "token_invalid")
        assert len(service.registry) == 0


async def test_a_token_without_the_right_is_refused_before_the_handshake() -> None:
    async with taking_tokens("jwt") as service:
        elsewhere = token(service, capabilities=caps(*EVERY_RIGHT, on=["room:other"]))
        for path in ("/ws/chat", "/ws/room/lobby", "/ws/background_jobs", "/ws/analytics"):
            client = answered_over_http(bearing(service, path, elsewhere))
            assert await refusal(client) == (403, "not_allowed")
        assert len(service.registry) == 0
        assert await service.backend.presence.rooms(10) == []


async def test_coming_back_needs_the_right_to_read_what_was_said() -> None:
    async with taking_tokens("jwt") as service:
        listener = token(service, capabilities=caps(Right.SUBSCRIBE, on=["reliable"]))
        client = answered_over_http(bearing(service, "/ws/reliable?since=x", listener))
        assert await refusal(client) == (403, "not_allowed")
        async with bearing(service, "/ws/reliable", listener) as client:
            await client.frames_until_pong()
            await client.say("reliable_chat", {"message": "hello"}, key="k", ref="r")
            refused = await client.frame()
            assert refused["payload"]["code"] == "not_allowed"
            assert (refused["key"], refused["ref"]) == ("k", "r")


async def test_until_it_says_who_it_is_a_client_has_joined_nothing() -> None:
    async with taking_tokens("jwt") as service, service.socket("/ws/room/lobby") as silent:
        await silent.say("room_chat", {"message": "hello"}, ref="r")
        refused = await silent.frame()
        assert refused["payload"]["code"] == "not_authenticated"
        assert refused["ref"] == "r"
        await silent.hears_nothing()
        async with bearing(service, "/ws/room/lobby", token(service, "bob")) as bob:
            await bob.say("room_members")
            assert (await bob.payload("room_members"))["count"] == 1
            await bob.say("room_chat", {"message": "anybody?"})
            await bob.payload("room_notification")
        await silent.hears_nothing()
        answer = await authenticate(silent, token=token(service))
        assert answer["action"] == "authenticated"
        await silent.say("room_chat", {"message": "hello"})
        heard = await silent.payload("room_notification")
        assert heard["member"] == {"id": "ada", "name": "Ada"}


async def test_a_first_token_that_is_not_believed_may_be_followed_by_a_better_one() -> None:
    async with taking_tokens("jwt") as service, service.socket("/ws/system") as client:
        assert (await authenticate(client, token="no"))["payload"]["code"] == "token_invalid"
        assert (await authenticate(client, name="Ada"))["payload"]["code"] == "not_authenticated"
        assert (await authenticate(client, token=token(service)))["action"] == "authenticated"
        assert (await client.payload("system_echo"))["message"].startswith("🔧 System:")


async def test_a_first_token_without_the_right_ends_the_connection() -> None:
    async with taking_tokens("jwt") as service, service.socket("/ws/chat") as client:
        elsewhere = token(service, capabilities=caps(*EVERY_RIGHT, on=["reliable"]))
        assert (await authenticate(client, token=elsewhere))["action"] == "authenticated"
        told, code = await client.told_to_leave()
        assert (code, told["reason"], told["reconnect"]) == (4403, "not_allowed", False)


async def test_whoever_says_nothing_is_sent_away() -> None:
    async with (
        taking_tokens("jwt", auth_deadline=0.01) as service,
        service.socket("/ws/chat") as client,
    ):
        told, code = await client.told_to_leave()
        assert (code, told["reconnect"]) == (4401, False)


async def test_the_first_frame_brings_back_what_was_missed() -> None:
    async with taking_tokens("jwt") as service:
        async with bearing(service, "/ws/room/lobby", token(service)) as ada:
            await ada.say("room_chat", {"message": "one"})
            cursor = (await ada.frame())["cursor"]
            await ada.say("room_chat", {"message": "two"})
            await ada.frame()
        async with service.socket(f"/ws/room/lobby?since={cursor}") as back:
            await authenticate(back, token=token(service))
            assert await back.payload("recovered") == {"recovered": True, "missed": 1}
            assert (await back.payload("room_notification"))["message"] == "💬 two"


async def test_a_token_is_renewed_in_place() -> None:
    async with taking_tokens("jwt") as service:
        short = token(service, expires_in=30)
        async with bearing(service, "/ws/chat", short) as client:
            answer = await authenticate(client, token=token(service, expires_in=500))
            assert 490 < seconds_from_now(answer) <= 500
            await client.say("chat", {"message": "still here"})
            assert (await client.payload("chat_notification"))["message"] == "💬 still here"


async def test_a_connection_stays_one_members_and_goes_back_to_no_older_token() -> None:
    async with taking_tokens("jwt") as service:
        older, mine = token(service), token(service)
        async with bearing(service, "/ws/chat", mine) as client:
            for other in (token(service, "eve"), older):
                answer = await authenticate(client, token=other)
                assert answer["payload"]["code"] == "member_changed"
            assert (await authenticate(client, name="Eve"))["payload"]["code"] == "member_changed"
            await client.say("chat", {"message": "me"})
            assert (await client.payload("chat_notification"))["member"]["id"] == "ada"


async def test_new_rights_hold_at_once_also_when_they_are_fewer() -> None:
    async with (
        taking_tokens("jwt") as service,
        bearing(service, "/ws/room/lobby", token(service)) as client,
    ):
        fewer = token(service, capabilities=caps(Right.SUBSCRIBE, on=["room:lobby"]))
        assert (await authenticate(client, token=fewer))["payload"]["revoked"] == []
        await client.say("room_chat", {"message": "hello"})
        assert (await client.payload("error"))["code"] == "not_allowed"
        await authenticate(client, token=token(service))
        await client.say("room_chat", {"message": "hello"})
        await client.payload("room_notification")


async def test_whoever_may_not_listen_any_more_is_told_and_hears_nothing_after_that() -> None:
    async with (
        taking_tokens("jwt") as service,
        bearing(service, "/ws/room/lobby", token(service, "bob")) as bob,
        bearing(service, "/ws/room/lobby", token(service)) as ada,
    ):
        await bob.frames_until_pong()
        fewer = token(service, capabilities=caps(Right.PUBLISH, on=["room:lobby"]))
        answer = await authenticate(ada, token=fewer)
        assert answer["payload"]["revoked"] == ["room:lobby"]
        told, code = await ada.told_to_leave()
        assert (code, told["reason"]) == (4403, "not_allowed")
        await ada.disconnect()
        assert (await bob.payload("room_notification"))["message"] == "👋 Ada left room 'lobby'"
        roster = await service.backend.presence.roster(RoomName.parse("lobby"), 10)
        assert roster.count == 1


@pytest.mark.parametrize("target", ["sub:ada", "sid:s1"])
async def test_the_sockets_of_what_is_revoked_end(target: str) -> None:
    async with taking_tokens("jwt") as service:
        bearer = token(service, login="s1")
        async with (
            bearing(service, "/ws/chat", bearer) as ada,
            bearing(service, "/ws/chat", token(service, "bob", login="s2")) as bob,
        ):
            await bob.frames_until_pong()
            await service.container.authentication().revoke([target], None)
            told, code = await ada.told_to_leave()
            assert (code, told["reason"], told["reconnect"]) == (4401, "token_revoked", False)
            client = answered_over_http(bearing(service, "/ws/chat", bearer))
            assert await refusal(client) == (401, "token_revoked")
            await ada.disconnect()
            answer = await authenticate(bob, token=token(service, "bob", login="s2"))
            assert answer["action"] == "authenticated"


async def test_nobody_is_left_behind_by_those_who_were_refused() -> None:
    async with taking_tokens("jwt") as service:
        for path in PATHS:
            await refusal(answered_over_http(bearing(service, path, "a.b.c")))
        await eventually(lambda: len(service.registry) == 0)
