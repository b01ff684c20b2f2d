"""Input that isn't valid, isn't known or is too large: an answer, and the connection goes on."""

import json

import pytest

from tests.integration.client import Client
from tests.integration.conftest import Service
from tests.integration.processes import Server
from tests.sockets import PATHS as SOCKETS
from tests.sockets import SAYS

NOT_FRAMES = {
    "not JSON": "hello",
    "nothing": "",
    "half": '{"action": "ping"',
    "null": "null",
    "text": '"ping"',
    "number": "1",
    "list": '[{"action": "ping"}]',
    "no action": "{}",
    "action null": '{"action": null}',
    "action list": '{"action": ["ping"]}',
    "unknown action": '{"action": "dance", "payload": {}}',
    "long action": '{"action": "' + "x" * 60_000 + '"}',
    "another socket's answer": '{"action": "system_echo", "payload": {"message": "x"}}',
    "payload where none belongs": '{"action": "ping", "payload": {"message": "x"}}',
    "ref that is no text": '{"action": "ping", "ref": {"a": 1}}',
    "brackets": "[" * 60_000,
    "nested": '{"a":' * 10_000 + "1" + "}" * 10_000,
    "lone surrogate": '{"action": "\\ud800"}',
    "NaN": '{"action": NaN}',
    "huge number": '{"action": ' + "9" * 10_000 + "}",
}

REQUESTS = {path: (said.action, said.field) for path, said in SAYS.items()}


@pytest.mark.parametrize("path", SOCKETS)
@pytest.mark.parametrize("name", NOT_FRAMES)
async def test_a_frame_that_isnt_valid_is_answered_with_what_is_wrong(
    service: Service, path: str, name: str
) -> None:
    async with Client(service.url, path) as client:
        await client.send_raw(NOT_FRAMES[name])
        error = await client.receive("error")
        await client.until_pong()
    assert error["payload"]
    for problem in error["payload"]:
        assert set(problem) >= {"type", "loc", "msg"}
        assert isinstance(problem["loc"], list)
    assert len(json.dumps(error)) < 4_000
    assert len(client.payloads("error")) == 1


@pytest.mark.parametrize("path", SOCKETS)
async def test_a_binary_frame_is_answered_with_an_error(service: Service, path: str) -> None:
    async with Client(service.url, path) as client:
        await client.send_raw(b'{"action": "ping"}')
        error = await client.receive("error")
        await client.until_pong()
    assert set(error["payload"][0]) >= {"type", "loc", "msg"}


@pytest.mark.parametrize("path", REQUESTS)
@pytest.mark.parametrize(
    "payload",
    [None, {}, [], "text", {"MESSAGE": "x"}, ..., 1, {"wrong": {"deep": []}}],
    ids=["null", "empty", "list", "text", "name", "type", "number", "deep"],
)
async def test_a_payload_that_is_missing_or_wrong_is_answered_with_an_error(
    service: Service, path: str, payload: object
) -> None:
    action, field = REQUESTS[path]
    async with Client(service.url, path) as client:
        await client.send(action, {field: ["not text"]} if payload is ... else payload)
        error = await client.receive("error")
        await client.until_pong()
    assert isinstance(error["payload"], list)
    assert any("payload" in problem["loc"] for problem in error["payload"])


@pytest.mark.parametrize("path", sorted(REQUESTS.keys() - {"/ws/background_jobs", "/ws/analytics"}))
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "text_is_empty"),
        (" \t\n", "text_is_empty"),
        ("x" * 4_001, "text_is_too_long"),
        ("é" * 30_000, "text_is_too_long"),
    ],
    ids=["empty", "blank", "long", "very long"],
)
async def test_a_text_that_is_empty_or_too_long_is_refused(
    service: Service, path: str, text: str, code: str
) -> None:
    action, field = REQUESTS[path]
    async with Client(service.url, path) as client:
        await client.send_raw(
            json.dumps({"action": action, "payload": {field: text}}, ensure_ascii=False)
        )
        error = await client.receive("error")
        await client.until_pong()
    assert error["payload"]["code"] == code
    assert error["payload"]["detail"]
    assert error["payload"]["retryable"] is False


async def test_the_longest_text_is_taken(service: Service) -> None:
    longest = "🌍" * 4_000
    async with Client(service.url, "/ws/chat") as client:
        await client.send("chat", {"message": longest})
        await client.receive("chat_notification", message=f"💬 {longest}")


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ('{"event": ""}', "event_is_impossible"),
        ('{"event": "' + "x" * 201 + '"}', "event_is_impossible"),
        ('{"event": "x", "data": NaN}', "event_is_impossible"),
        ('{"event": "x", "data": [Infinity]}', "event_is_impossible"),
        ('{"event": "x", "data": "' + "x" * 8_200 + '"}', "event_is_impossible"),
    ],
    ids=["empty", "long", "NaN", "Infinity", "data"],
)
async def test_an_impossible_event_is_refused(service: Service, payload: str, code: str) -> None:
    async with Client(service.url, "/ws/analytics") as client:
        await client.send_raw(f'{{"action": "analytics", "payload": {payload}}}')
        error = await client.receive("error")
        await client.until_pong()
    assert error["payload"]["code"] == code
    assert client.payloads("analytics_notification") == []


async def test_a_ref_comes_back_with_the_answer_and_a_topic_is_unknown(service: Service) -> None:
    async with Client(service.url, "/ws/system") as client:
        await client.send_raw('{"action": "ping", "ref": "one"}')
        await client.send_raw('{"action": "ping", "topic": "x", "ref": "two"}')
        error = await client.receive("error", code="unknown_topic")
    assert error["ref"] == "two"
    pongs = [frame for frame in client.frames if frame["action"] == "pong"]
    assert pongs[-1]["ref"] == "one"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x" * 65,
        "x" * 300,
        "%00",
        "a%0Ab",
        "a%7Fb",
        "a%2Fb",
        "a/b",
        "%20a",
        "a%20",
        "%E2%80%AEx",
    ],
    ids=[
        "empty",
        "65 characters",
        "300 characters",
        "NUL",
        "new line",
        "DEL",
        "encoded slash",
        "slash",
        "space before",
        "space after",
        "right to left",
    ],
)
async def test_an_impossible_room_name_is_closed_with_4400(service: Service, name: str) -> None:
    async with Client(service.url, f"/ws/room/{name}") as client:
        assert await client.ended() == 4400
    disconnect = client.payloads("disconnect")[0]
    assert disconnect["code"] == 4400
    assert disconnect["reconnect"] is False
    assert disconnect["reason"]
    assert "after_ms" not in disconnect


@pytest.mark.parametrize("path", ["/ws/", "/ws/nowhere", "/ws/system/", "/ws/room", "/ws/%0A"])
async def test_a_path_of_no_socket_is_closed_with_4400(service: Service, path: str) -> None:
    async with Client(service.url, path) as client:
        assert await client.ended() == 4400
    assert client.payloads("disconnect")[0]["reconnect"] is False


async def test_text_that_isnt_utf8_is_closed_with_1007_and_no_traceback(server: Server) -> None:
    async with Client(server.url, "/ws/chat") as client:
        await client.send_raw(b"\xff\xfe", text=True)
        assert await client.ended() == 1007
    server.check_log()
