"""`LOG_WEBSOCKET`: a line for every frame, and never what is in it."""

import pytest

from tests.unit.adapters.websocket.driving import serving
from tests.unit.adapters.websocket.log_lines import configured_log

SECRET = "the-secret-text"


async def test_a_line_is_written_for_each_frame_in_and_out() -> None:
    with configured_log() as log:
        async with (
            serving(log_websocket=True) as service,
            service.socket("/ws/system") as client,
        ):
            await client.frame()
            await client.say("user_message", {"message": "hello"})
            await client.frame()
            await client.hears_nothing()
        frames = [line for line in log.lines if line["event"].startswith("websocket ")]
        assert [(line["event"], line["action"]) for line in frames] == [
            ("websocket sent", "system_echo"),
            ("websocket received", "user_message"),
            ("websocket sent", "system_echo"),
        ]
        assert {line["level"] for line in frames} == {"info"}


async def test_lines_name_their_connection_and_their_message() -> None:
    with configured_log() as log:
        async with (
            serving(log_websocket=True) as service,
            service.socket("/ws/system") as first,
            service.socket("/ws/chat") as second,
        ):
            for number in range(3):
                await first.say("user_message", {"message": str(number)})
            await second.say("chat", {"message": "hello"})
            await first.frames(4)
            await second.frames(2)
        received = [line for line in log.lines if line["event"] == "websocket received"]
        by_connection: dict[str, list[str]] = {}
        for line in received:
            by_connection.setdefault(line["connection"], []).append(line["message_id"])
        assert sorted(len(ids) for ids in by_connection.values()) == [1, 3]
        ids = [line["message_id"] for line in received]
        assert len(set(ids)) == 4
        for connection, messages in by_connection.items():
            assert all(message.startswith(connection) for message in messages)
        sent = [line for line in log.lines if line["event"] == "websocket sent"]
        assert {line["connection"] for line in sent} == set(by_connection)


async def test_ignored_actions_leave_no_line() -> None:
    with configured_log() as log:
        async with (
            serving(log_websocket=True, log_ignored_actions={"ping", "pong", "chat"}) as service,
            service.socket("/ws/chat") as client,
        ):
            await client.frame()
            await client.say("chat", {"message": "hello"})
            await client.frame()
            await client.hears_nothing()
        actions = [line["action"] for line in log.lines if "action" in line]
        assert actions == ["chat_notification", "chat_notification"]


async def test_frames_leave_no_line_unless_asked_for() -> None:
    with configured_log() as log:
        async with serving() as service, service.socket("/ws/chat") as client:
            await client.say("chat", {"message": "hello"})
            await client.frames_until_pong()
        assert [line for line in log.lines if line["event"].startswith("websocket ")] == []


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "console"])
async def test_no_line_holds_what_was_said(as_json: bool) -> None:
    with configured_log("debug", as_json=as_json) as log:
        async with serving(log_websocket=True) as service:
            async with service.socket(f"/ws/room/lobby?since={SECRET}") as client:
                await client.say("room_chat", {"message": SECRET}, ref=SECRET)
                await client.say("room_chat", {"message": SECRET * 1_000})
                await client.say("room_chat", {"message": [SECRET]})
                await client.say_raw(f'{{"action": "{SECRET}"}}')
                await client.say_raw(SECRET)
                await client.frames_until_pong()
            async with service.socket("/ws/background_jobs", visitor="ab" * 16) as client:
                await client.say("job", {"content": SECRET})
                await client.status("result")
            async with service.socket("/ws/analytics") as client:
                await client.say("analytics", {"event": SECRET, "data": SECRET})
                await client.frame()
        assert "websocket received" in log.text
        assert SECRET not in log.text
        assert "ab" * 16 not in log.text
        assert "Traceback" not in log.text


async def test_a_connection_that_comes_and_goes_is_told_to_who_debugs() -> None:
    with configured_log("debug") as log:
        async with serving() as service, service.socket("/ws/chat") as client:
            await client.frame()
        (opened,) = [line for line in log.lines if line["event"] == "connection opened"]
        (closed,) = [line for line in log.lines if line["event"] == "connection closed"]
        assert opened["path"] == "/ws/chat"
        assert opened["connection"] == closed["connection"]
