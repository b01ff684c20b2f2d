import json
from urllib.parse import quote

import httpx2
import pytest

from application.errors import Unavailable
from tests.sockets import ANNOUNCED, announced, channel_of
from tests.unit.adapters.http.asking import client_of
from tests.unit.adapters.websocket.driving import Service, Socket, eventually, serving

ANNA, BERT = "a" * 32, "b" * 32


async def announce(
    client: httpx2.AsyncClient, channel: str, message: str, **more: object
) -> httpx2.Response:
    return await client.post(
        "/api/announcements", json={"channel": channel, "message": message, **more}
    )


def error(answer: httpx2.Response, status: int) -> str:
    """The code of a failure, in the one form that all failures have."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    (name,) = answer.json()
    assert name == "error"
    failure = answer.json()["error"]
    assert failure["detail"]
    code: str = failure["code"]
    return code


# Announcements.


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
            frame = await member.frame()
            frame.pop("cursor", None)
            assert frame == heard


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
    async with serving(max_frame_bytes=1_024) as service, client_of(service) as client:

        async def pieces() -> object:
            for _ in range(20):
                yield b"x" * 100

        answer = await client.post(
            "/api/announcements",
            content=b"x" * 2_000 if told else pieces(),  # type: ignore[arg-type]
            headers={"content-type": "application/json"},
        )
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


# Jobs.


async def submitted(jobs: Socket, kind: str = "translate", content: str = "hello") -> str:
    await jobs.say("job", {"type": kind, "content": content})
    job_id: str = (await jobs.status("queued"))["payload"]["job_id"]
    return job_id


async def test_a_job_tells_where_it_stands(service: Service, client: httpx2.AsyncClient) -> None:
    async with service.socket("/ws/background_jobs") as jobs:
        job_id = await submitted(jobs)
        await jobs.status("result")
        view = (await client.get(f"/api/jobs/{job_id}")).json()
        assert view.pop("submitted_at") > 0
        assert view == {
            "job_id": job_id,
            "kind": "translate",
            "content": "hello",
            "status": "result",
            "progress": 1.0,
            "attempt": 1,
            "message": "🌍 Translated: 'hello' → 'hola'",
        }


async def test_a_running_job_has_no_message_yet() -> None:
    async with (
        serving(job_pace=100) as service,
        client_of(service) as client,
        service.socket("/ws/background_jobs") as jobs,
    ):
        job_id = await submitted(jobs)
        await jobs.status("running")
        view = (await client.get(f"/api/jobs/{job_id}")).json()
        assert (view["status"], view["message"]) == ("running", None)


@pytest.mark.parametrize("job_id", ["none", "0" * 32, "%00", "☃", "x" * 1_000])
async def test_a_job_that_does_not_exist_is_not_found(
    client: httpx2.AsyncClient, job_id: str
) -> None:
    assert error(await client.get(f"/api/jobs/{job_id}"), 404) == "job_is_unknown"


async def test_a_known_visitor_s_job_is_theirs_alone(service: Service) -> None:
    async with service.socket("/ws/background_jobs", visitor=ANNA) as jobs:
        job_id = await submitted(jobs)
        await jobs.status("result")
    async with client_of(service, visitor=ANNA) as anna:
        assert (await anna.get(f"/api/jobs/{job_id}")).json()["status"] == "result"
    for visitor in (BERT, None):
        async with client_of(service, visitor=visitor) as other:
            assert error(await other.get(f"/api/jobs/{job_id}"), 404) == "job_is_unknown"


# Rooms.


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


@pytest.mark.parametrize("name", ["a%2Fb", "%20lobby", "x" * 65, "a%00b"])
async def test_an_impossible_room_has_no_history(client: httpx2.AsyncClient, name: str) -> None:
    answer = await client.get(f"/api/rooms/{name}/history")
    assert error(answer, 400) == "room_name_is_impossible"


# Whatever goes wrong.


@pytest.mark.parametrize("path", ["/none", "/api", "/api/none", "/ws/chat", "/favicon", "/%00"])
async def test_an_unknown_path_is_not_found(client: httpx2.AsyncClient, path: str) -> None:
    assert error(await client.get(path), 404) == "not_found"


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/api/rooms"), ("GET", "/api/announcements"), ("POST", "/")]
)
async def test_a_method_that_is_not_offered_is_refused(
    client: httpx2.AsyncClient, method: str, path: str
) -> None:
    assert error(await client.request(method, path), 405) == "method_not_allowed"


async def test_an_error_of_ours_gives_nothing_away(
    service: Service,
    client: httpx2.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(_limit: int) -> None:
        raise RuntimeError("secret address")

    monkeypatch.setattr(service.container.rooms(), "rooms", broken)
    answer = await client.get("/api/rooms")
    assert error(answer, 500) == "internal"
    assert "secret" not in json.dumps(answer.json())
    caplog.clear()
