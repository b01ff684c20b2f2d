"""Input that isn't valid is answered, ends nothing, and prints no traceback."""

from typing import Any

import pytest

from tests.sockets import PATHS, TEXTS
from tests.unit.adapters.websocket.driving import Frame, Service, Socket, serving
from tests.unit.adapters.websocket.invented import every_socket

NESTED = "[" * 60_000


async def answers_to(service: Service, text: str) -> list[Frame]:
    """The answers of all sockets to one raw frame."""
    answers = []
    for path in PATHS:
        async with service.socket(path) as client:
            answers.append(await answer_to(client, text))
    return answers


async def answer_to(client: Socket, text: str) -> Frame:
    """The answer to one raw frame; the connection has to live on after it."""
    await client.frames_until_pong()
    await client.say_raw(text)
    (frame,) = await client.frames_until_pong()
    return frame


def assert_not_valid(frame: Frame) -> None:
    assert frame["action"] == "error"
    assert frame["payload"] != []
    for problem in frame["payload"]:
        assert set(problem) == {"type", "loc", "msg"}
        assert isinstance(problem["loc"], list)
        assert len(problem["msg"]) <= 200


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("hello", id="no JSON"),
        pytest.param('{"action": "ping"', id="unfinished"),
        pytest.param('{"action": "ping"} {}', id="two objects"),
        pytest.param("[]", id="array"),
        pytest.param("5", id="number"),
        pytest.param("null", id="null"),
        pytest.param('"ping"', id="string"),
        pytest.param("{}", id="no action"),
        pytest.param('{"action": null}', id="null action"),
        pytest.param('{"action": ["ping"]}', id="array as action"),
        pytest.param('{"action": {"a": 1}}', id="object as action"),
        pytest.param('{"action": "fly"}', id="unknown action"),
        pytest.param('{"action": "system_notify", "payload": {"message": "x"}}', id="event"),
        pytest.param('{"action": "complete"}', id="a frame of ours"),
        pytest.param('{"action": "' + "x" * 50_000 + '"}', id="huge action"),
        pytest.param('{"action": "ping", "payload": 5}', id="ping with payload"),
        pytest.param('{"action": "\\ud800"}', id="lone surrogate"),
        pytest.param('{"action": "user_message", "payload": {"message": "\\ud800"}}', id="half"),
        pytest.param('{"action": "ping", "payload": NaN}', id="NaN"),
        pytest.param(NESTED, id="nested arrays"),
        pytest.param('{"a":' * 12_000, id="nested objects"),
        pytest.param('{"action": "ping", "payload": ' + NESTED + "}", id="nested payload"),
        pytest.param('{"action": "ping", "payload": ' + "9" * 50_000 + "}", id="huge integer"),
        pytest.param('{"action": "ping", "ref": 5}', id="number as ref"),
        pytest.param('{"action": "ping", "ref": {"a": 1}}', id="object as ref"),
        pytest.param('{"action": "ping", "ref": ' + NESTED + "}", id="nested ref"),
        pytest.param('{"action": "ping", "ref": "\\ud800"}', id="lone surrogate as ref"),
        pytest.param('{"action": "ping", "topic": 5}', id="number as topic"),
        pytest.param('{"action": "ping", "ref": "1", "version": "x"}', id="odd version"),
        pytest.param('"ref"', id="only the word ref"),
        pytest.param("\x00", id="NUL"),
    ],
)
async def test_a_frame_that_is_not_valid_is_answered_by_every_socket(
    service: Service, text: str
) -> None:
    for answer in await answers_to(service, text):
        assert_not_valid(answer)


@every_socket
async def test_a_binary_frame_is_answered(service: Service, path: str) -> None:
    async with service.socket(path) as client:
        await client.frames_until_pong()
        await client.send_to(bytes_data=b'{"action": "ping"}')
        (frame,) = await client.frames_until_pong()
        assert_not_valid(frame)
        assert frame["payload"][0]["type"] == "text_expected"


@every_socket
async def test_a_topic_is_unknown(service: Service, path: str) -> None:
    async with service.socket(path) as client:
        await client.frames_until_pong()
        await client.say("subscribe", topic="nowhere:1", ref="s")
        (frame,) = await client.frames_until_pong()
        assert frame["action"] == "error"
        assert frame["payload"]["code"] == "unknown_topic"
        assert frame["payload"]["retryable"] is False
        assert frame["ref"] == "s"


async def test_what_a_bad_frame_said_is_not_sent_back(service: Service) -> None:
    for answer in await answers_to(service, '{"action": "ping", "payload": "secret"}'):
        assert "secret" not in str(answer)


async def test_an_answer_stays_short_however_much_is_wrong(service: Service) -> None:
    for answer in await answers_to(service, '{"action": "' + "x" * 60_000 + '"}'):
        assert len(str(answer)) < 1_000


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("5", id="number"),
        pytest.param("null", id="null"),
        pytest.param("true", id="boolean"),
        pytest.param('["a"]', id="array"),
        pytest.param('{"a": 1}', id="object"),
        pytest.param("NaN", id="NaN"),
        pytest.param("1e999", id="infinity"),
        pytest.param('"\\ud800"', id="lone surrogate"),
        pytest.param('"\\udc00\\ud800"', id="surrogates in the wrong order"),
        pytest.param("9" * 5_000, id="huge integer"),
        pytest.param(NESTED, id="nested"),
    ],
)
async def test_a_text_that_is_no_text_is_not_valid(service: Service, value: str) -> None:
    for path, action, field in TEXTS:
        async with service.socket(path) as client:
            text = f'{{"action": "{action}", "payload": {{"{field}": {value}}}}}'
            assert_not_valid(await answer_to(client, text))


@pytest.mark.parametrize("payload", [None, 5, "text", [], {}, {"other": "x"}], ids=repr)
async def test_a_payload_without_its_text_is_not_valid(service: Service, payload: Any) -> None:
    for path, action, _field in TEXTS:
        async with service.socket(path) as client:
            await client.frames_until_pong()
            await client.say(action, payload)
            (frame,) = await client.frames_until_pong()
            assert_not_valid(frame)
            assert frame["payload"][0]["loc"][:2] == [action, "payload"]


@pytest.mark.parametrize(
    ("path", "action", "field"), [each for each in TEXTS if each[0] != "/ws/background_jobs"]
)
async def test_a_text_over_the_limit_is_refused(path: str, action: str, field: str) -> None:
    async with serving(text_limit=200) as service, service.socket(path) as client:
        await client.frames_until_pong()
        await client.say(action, {field: "x" * 201})
        (frame,) = await client.frames_until_pong()
        assert frame["action"] == "error"
        assert frame["payload"]["code"] in ("text_is_too_long", "event_is_impossible")
        assert frame["payload"]["retryable"] is False
        assert "xxx" not in str(frame)


@pytest.mark.parametrize(
    "data",
    ["NaN", "Infinity", "-Infinity", "1e999", '{"deep": [1, {"er": NaN}]}'],
)
async def test_numbers_that_json_does_not_know_are_refused(service: Service, data: str) -> None:
    async with service.socket("/ws/analytics") as client:
        frame = await answer_to(
            client, f'{{"action": "analytics", "payload": {{"event": "e", "data": {data}}}}}'
        )
        assert frame["action"] == "error"
        assert frame["payload"]["code"] == "event_is_impossible"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(NESTED + "]" * 60_000, id="120,000 brackets"),
        pytest.param("[" * 200 + "]" * 200, id="just too deep"),
        pytest.param("9" * 4_301, id="more digits than Python reads"),
        pytest.param('"\\ud800"', id="lone surrogate"),
        pytest.param('{"\\ud800": 1}', id="lone surrogate as key"),
    ],
)
async def test_data_that_no_client_could_read_is_not_valid(service: Service, data: str) -> None:
    async with service.socket("/ws/analytics") as client:
        assert_not_valid(
            await answer_to(
                client, f'{{"action": "analytics", "payload": {{"event": "e", "data": {data}}}}}'
            )
        )


@pytest.mark.parametrize(
    "data", ["[" * 190 + "]" * 190, "9" * 4_300, "1e308", "-0.0"], ids=lambda data: data[:6]
)
async def test_data_within_the_limits_is_told_to_all(service: Service, data: str) -> None:
    async with service.socket("/ws/analytics") as client, service.socket("/ws/analytics") as other:
        frame = await answer_to(
            client, f'{{"action": "analytics", "payload": {{"event": "e", "data": {data}}}}}'
        )
        assert frame["action"] == "analytics_notification"
        assert await other.frame() == frame


async def test_a_kind_of_job_with_a_very_long_name_is_not_valid(service: Service) -> None:
    async with service.socket("/ws/background_jobs") as client:
        await client.frame()
        await client.say("job", {"type": "x" * 51, "content": "hello"})
        assert_not_valid(await client.frame())


async def test_hundreds_of_bad_frames_in_a_row_end_nothing(service: Service) -> None:
    async with service.socket("/ws/chat") as client:
        await client.frame()
        for _ in range(300):
            await client.say_raw("{")
        answers = await client.frames_until_pong()
        assert [answer["action"] for answer in answers] == ["error"] * 300
