"""What all sockets have in common."""

import pytest

from adapters.visitors import COOKIE
from tests.unit.adapters.websocket.driving import Service, Socket
from tests.unit.adapters.websocket.invented import every_socket


async def greeted(socket: Socket) -> None:
    await socket.frames_until_pong()


@every_socket
async def test_a_ping_is_answered_with_a_pong_without_payload(service: Service, path: str) -> None:
    async with service.socket(path) as client:
        await greeted(client)
        await client.send_json_to({"action": "ping"})
        assert await client.frame() == {"action": "pong", "payload": None}


@every_socket
@pytest.mark.parametrize("ref", ["1", "", 'a "quoted" ref', "zeile\nzwei", "ü🔧", "\\"])
async def test_a_ref_comes_back_with_the_answer(service: Service, path: str, ref: str) -> None:
    async with service.socket(path) as client:
        await greeted(client)
        await client.say("ping", ref=ref)
        assert await client.frame() == {
            "action": "pong",
            "payload": None,
            "version": 1,
            "ref": ref,
        }


async def test_a_ref_comes_back_with_a_refusal(service: Service) -> None:
    async with service.socket("/ws/chat") as client:
        await greeted(client)
        await client.say("chat", {"message": " "}, ref="7")
        refused = await client.frame()
        assert (refused["action"], refused["ref"]) == ("error", "7")


async def test_a_ref_comes_back_with_what_was_not_valid(service: Service) -> None:
    async with service.socket("/ws/chat") as client:
        await greeted(client)
        await client.say("chat", {"message": 5}, ref="8")
        refused = await client.frame()
        assert (refused["action"], refused["ref"]) == ("error", "8")


async def test_a_ref_belongs_to_its_own_frame_only(service: Service) -> None:
    async with service.socket("/ws/system") as client:
        await greeted(client)
        await client.say("ping", ref="first")
        await client.say("ping")
        first, second = await client.frames(2)
        assert first["ref"] == "first"
        assert "ref" not in second


async def test_what_everybody_hears_carries_no_ref(service: Service) -> None:
    async with service.socket("/ws/chat") as client:
        await greeted(client)
        await client.say("chat", {"message": "hello"}, ref="9")
        assert "ref" not in await client.frame()


async def test_ref_in_the_text_of_a_message_is_only_text(service: Service) -> None:
    async with service.socket("/ws/system") as client:
        await greeted(client)
        await client.say("user_message", {"message": '"ref"', "ref": "inner"})
        answer = await client.frame()
        assert answer["payload"] == {"message": '🔧 System Echo: "ref"'}
        assert "ref" not in answer


@every_socket
async def test_a_client_without_a_cookie_is_given_one(service: Service, path: str) -> None:
    async with service.socket(path) as client:
        (header,) = client.given
        assert header[0] == b"set-cookie"
        assert header[1].startswith(f"{COOKIE}=".encode())
        assert b"Secure" not in header[1]


async def test_a_cookie_given_over_tls_stays_on_tls(service: Service) -> None:
    client = service.socket("/ws/chat")
    client.scope["scheme"] = "wss"
    async with client:
        (header,) = client.given
        assert header[1].endswith(b"; Secure")


async def test_a_client_that_brings_its_cookie_keeps_it(service: Service) -> None:
    async with service.socket("/ws/chat", visitor="ab" * 16) as client:
        assert client.given == []


async def test_a_path_that_is_no_socket_is_told_so_and_closed(service: Service) -> None:
    async with service.socket("/ws/nowhere") as client:
        told, code = await client.told_to_leave()
        assert told == {"code": 4400, "reason": "There is no such socket.", "reconnect": False}
        assert code == 4400


async def test_a_query_with_thousands_of_fields_opens_like_any_other(service: Service) -> None:
    query = "&".join(f"field{number}=1" for number in range(5_000))
    async with service.socket(f"/ws/reliable?{query}") as client:
        await client.payload("reliable_chat_notification")
        await client.hears_nothing()
