"""Announcements over HTTP: who hears them, and what is refused."""

import httpx2
import pytest

from application.errors import Unavailable
from tests.frames import content
from tests.sockets import ANNOUNCED, announced, channel_of
from tests.unit.adapters.http.asking import client_of, error, post_too_much
from tests.unit.adapters.websocket.driving import Service, serving


async def announce(
    client: httpx2.AsyncClient, channel: str, message: str, **more: object
) -> httpx2.Response:
    return await client.post(
        "/api/announcements", json={"channel": channel, "message": message, **more}
    )


@pytest.mark.parametrize(
    ("channel", "path", "more", "heard"),
    [
        *(
            (channel_of(path), path, {"periodic": each}, announced(path, "Tea!", periodic=each))
            for path in ANNOUNCED
            for each in (False, True)
        ),
        (
            "room:Küche 2",
            "/ws/room/K%C3%BCche%202",
            {},
            {
                "action": "room_notification",
                "payload": {"message": "Tea!", "room_name": "Küche 2", "kind": "announced"},
            },
        ),
    ],
)
async def test_an_announcement_is_heard_by_everybody_on_its_channel(
    service: Service,
    client: httpx2.AsyncClient,
    channel: str,
    path: str,
    more: dict[str, object],
    heard: dict[str, object],
) -> None:
    async with service.socket(path) as first, service.socket(path) as second:
        await first.frames_until_pong()
        await second.frames_until_pong()
        answer = await announce(client, channel, "Tea!", **more)
        assert (answer.status_code, answer.json()) == (202, {"status": "accepted"})
        for member in (first, second):
            assert content(await member.frame()) == heard


async def test_an_announcement_is_kept_where_history_is(
    service: Service, client: httpx2.AsyncClient
) -> None:
    await announce(client, "room:lobby", "Tea!")
    (kept,) = (await client.get("/api/rooms/lobby/history")).json()["messages"]
    assert kept["payload"]["message"] == "Tea!"


async def test_an_announcement_is_heard_on_no_other_channel(
    service: Service, client: httpx2.AsyncClient
) -> None:
    async with service.socket("/ws/chat") as chat, service.socket("/ws/room/other") as room:
        await chat.frame()
        await announce(client, "room:lobby", "Tea!")
        await chat.hears_nothing()
        await room.hears_nothing()


@pytest.mark.parametrize("channel", ["", "none", "room", "Chat", "rooms:lobby", "job:1", "☃"])
async def test_a_channel_that_is_none_is_refused(client: httpx2.AsyncClient, channel: str) -> None:
    assert error(await announce(client, channel, "Tea!"), 400) == "channel_is_unknown"


@pytest.mark.parametrize("room", ["", "a/b", " lobby", "x" * 65, "a\nb", "\u202eevil"])
async def test_a_room_that_can_not_be_is_refused(client: httpx2.AsyncClient, room: str) -> None:
    answer = await announce(client, f"room:{room}", "Tea!")
    assert error(answer, 400) == "room_name_is_impossible"


@pytest.mark.parametrize(
    ("message", "code"),
    [("", "text_is_empty"), (" \n", "text_is_empty"), ("x" * 11, "text_is_too_long")],
)
async def test_a_message_that_can_not_be_said_is_refused(message: str, code: str) -> None:
    async with serving(text_limit=10) as service, client_of(service) as client:
        assert error(await announce(client, "chat", message), 400) == code


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"[]",
        b"5",
        b"null",
        b"{}",
        b'{"channel": "chat"}',
        b'{"message": "hello"}',
        b'{"channel": 5, "message": "hello"}',
        b'{"channel": "chat", "message": 5}',
        b'{"channel": "chat", "message": null}',
        b'{"channel": "chat", "message": NaN}',
        b'{"channel": "chat", "message": "hello", "periodic": "perhaps"}',
        b'{"channel": "' + b"x" * 101 + b'", "message": "hello"}',
        b"\xff\xfe",
        b'{"channel": "chat", "message": "\xff"}',
        b'{"channel": "\\ud800", "message": "hello"}',
        b'{"channel": "chat", "message": "\\ud800"}',
        b'{"channel": "chat", "message": "hello \\udc00"}',
        b"[" * 60_000,
        b'{"channel": ' + b"[" * 60_000,
        b'{"a":' * 12_000,
        b'{"channel": ' + b"9" * 5_000 + b', "message": "hello"}',
    ],
    ids=lambda body: body[:45],
)
async def test_a_body_that_is_not_valid_is_answered_and_heard_by_nobody(
    service: Service, client: httpx2.AsyncClient, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with service.socket("/ws/chat") as member:
        await member.frame()
        answer = await client.post(
            "/api/announcements", content=body, headers={"content-type": "application/json"}
        )
        assert answer.status_code in (400, 422), answer.text
        error(answer, answer.status_code)
        await member.hears_nothing()
    assert [record for record in caplog.records if record.exc_info] == []


async def test_a_body_is_not_sent_back(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/announcements", json={"channel": ["secret"]})
    assert error(answer, 422) == "not_valid"
    assert "secret" not in answer.text
    for problem in answer.json()["error"]["problems"]:
        assert set(problem) == {"type", "loc", "msg"}


@pytest.mark.parametrize("told", [True, False], ids=["with its length", "in pieces"])
async def test_a_body_over_the_limit_is_not_even_read(told: bool) -> None:
    async with serving(max_frame_bytes=1_024) as service:
        answer = await post_too_much(service, with_length=told)
        assert error(answer, 413) == "body_is_too_large"


async def test_nor_is_one_that_comes_where_none_is_expected() -> None:
    async with serving(max_frame_bytes=1_024) as service, client_of(service) as client:
        answer = await client.request("GET", "/healthz", content=b"x" * 1_025)
        assert error(answer, 413) == "body_is_too_large"


async def test_an_announcement_that_can_not_be_stored_may_be_tried_again(
    service: Service, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unavailable(*_arguments: object, **_named: object) -> None:
        raise Unavailable

    monkeypatch.setattr(service.container.broadcaster(), "publish", unavailable)
    answer = await announce(client, "reliable", "Tea!")
    assert error(answer, 503) == "unavailable"
    assert answer.json()["error"]["retryable"] is True
    assert int(answer.headers["retry-after"]) >= 1
