"""A refusal names what it refuses, so that a client never waits for its answer in vain."""

import json
from typing import Any

import pytest

from application.errors import Unavailable
from tests.unit.adapters.websocket.asking import JOBS
from tests.unit.adapters.websocket.driving import Frame, Service, serving
from tests.unit.adapters.websocket.failing import fail_with, failing_broadcaster
from tests.unit.adapters.websocket.invented import every_socket

NAMES = {"ref": "r-1", "key": "k-1"}

KEYED: list[tuple[str, str, dict[str, Any]]] = [
    ("/ws/reliable", "reliable_chat", {"message": "hello"}),
    ("/ws/room/lobby", "room_chat", {"message": "hello"}),
    ("/ws/analytics", "analytics", {"event": "view"}),
]
every_keyed_send = pytest.mark.parametrize(
    ("path", "action", "payload"), KEYED, ids=[action for _, action, _ in KEYED]
)


def names(frame: Frame) -> dict[str, str]:
    return {name: frame[name] for name in ("ref", "key", "topic") if name in frame}


@every_socket
@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"action": "fly"}, id="unknown action"),
        pytest.param({"action": "ping", "payload": 5}, id="payload"),
        pytest.param({"action": "ping", "version": "x"}, id="version"),
        pytest.param({}, id="no action"),
    ],
)
async def test_a_frame_that_is_not_valid_is_named(
    service: Service, path: str, wrong: dict[str, Any]
) -> None:
    async with service.socket(path) as client:
        await client.frames_until_pong()
        await client.say_raw(json.dumps({**wrong, **NAMES}))

        assert names(await client.frame()) == NAMES


@every_socket
async def test_a_frame_with_a_topic_is_named_with_it(service: Service, path: str) -> None:
    async with service.socket(path) as client:
        await client.frames_until_pong()
        await client.say("room_chat", {"message": "hello"}, topic="room:other", **NAMES)

        assert names(await client.frame()) == {**NAMES, "topic": "room:other"}


@pytest.mark.parametrize("name", ["ref", "key", "topic"])
@pytest.mark.parametrize("value", [5, None, ["a"], {"a": 1}, True], ids=repr)
async def test_what_is_no_name_is_left_out_and_the_others_are_given(
    service: Service, name: str, value: object
) -> None:
    given = {**NAMES, "topic": "t", name: value}
    async with service.socket("/ws/system") as client:
        await client.frames_until_pong()
        await client.say_raw(json.dumps({"action": "fly", **given}))

        told = names(await client.frame())
        assert told == {key: it for key, it in given.items() if isinstance(it, str)}


async def test_names_come_back_as_they_were(service: Service) -> None:
    given = {"ref": 'a"b\n\ud800', "key": "x" * 5_000}
    async with service.socket("/ws/system") as client:
        await client.frames_until_pong()
        await client.say_raw(json.dumps({"action": "fly", **given}))

        assert names(await client.frame()) == given


@every_keyed_send
async def test_a_broken_rule_is_told_with_its_names(
    service: Service, path: str, action: str, payload: dict[str, Any]
) -> None:
    async with service.socket(path) as client:
        await client.frames_until_pong()
        await client.say(action, dict.fromkeys(payload, " " * 5_000), **NAMES)
        assert names(await client.frame()) == NAMES
        await client.say(action, payload, ref="r-2", key="not a key")
        assert names(await client.frame()) == {"ref": "r-2", "key": "not a key"}


@every_keyed_send
@pytest.mark.parametrize("error", [Unavailable(), RuntimeError("a bug")], ids=["away", "a bug"])
async def test_what_can_not_be_done_now_is_told_with_its_names(
    path: str,
    action: str,
    payload: dict[str, Any],
    error: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(failing_broadcaster) as service, service.socket(path) as client:
        await client.frames_until_pong()
        fail_with(service, error)
        await client.say(action, payload, **NAMES)

        assert names(await client.frame()) == NAMES
        fail_with(service, None)
    caplog.clear()


async def test_a_refused_job_is_told_with_its_names(service: Service) -> None:
    async with service.socket(JOBS) as client:
        await client.status("connected")
        await client.say("job", {"content": " "}, **NAMES)
        assert names(await client.status("error")) == NAMES
        await client.say("job", {"content": "hello"}, ref="r-2", key="not a key")
        assert names(await client.status("error")) == {"ref": "r-2", "key": "not a key"}
        await client.say("job", {"type": "x" * 51, "content": "hello"}, **NAMES)
        assert names(await client.frame()) == NAMES
        await client.say("job_watch", {"job_id": "unknown"}, ref="r-3")
        assert names(await client.frame()) == {"ref": "r-3"}


async def test_a_job_that_can_not_be_taken_now_is_told_with_its_names() -> None:
    async with serving(failing_broadcaster) as service, service.socket(JOBS) as client:
        await client.status("connected")
        fail_with(service, Unavailable())
        await client.say("job", {"content": "hello"}, **NAMES)

        assert names(await client.status("error")) == NAMES
        fail_with(service, None)


async def test_a_frame_without_names_is_refused_without(service: Service) -> None:
    async with service.socket("/ws/system") as client:
        await client.frames_until_pong()
        await client.say("fly")
        assert set(await client.frame()) == {"action", "payload"}
        await client.send_to(bytes_data=b'{"action": "fly", "key": "k-1"}')
        assert set(await client.frame()) == {"action", "payload"}
