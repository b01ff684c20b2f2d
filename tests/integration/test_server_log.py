"""What the server logs of frames, and what it never does."""

import json
from typing import Any

from tests.integration.client import Client, post
from tests.integration.processes import Server
from tests.sockets import SAYS
from tests.waiting import eventually

SECRET = "the-secret-nobody-may-log"


async def say_the_secret(server: Server) -> None:
    """In every way in which a text can get into the service."""
    frames = {
        path: {"action": said.action, "payload": {said.field: SECRET}}
        for path, said in SAYS.items()
    }
    frames["/ws/analytics"] = {"action": "analytics", "payload": {"event": SECRET, "data": SECRET}}
    for path, frame in frames.items():
        async with Client(server.url, path) as client:
            await client.send_raw(json.dumps(frame))
            await client.send_raw(SECRET)
            await client.send_raw(json.dumps({**frame, "payload": SECRET}))
            await client.send_raw(json.dumps({**frame, "action": SECRET}))
            await client.until_pong()
    async with Client(server.url, "/ws/topics") as client:
        await client.send("resume", {"topics": {"room:lobby": SECRET, SECRET: "0"}})
        await client.send_frame("room_chat", {"message": SECRET}, topic="room:lobby", ref=SECRET)
        await client.send_frame(SECRET, SECRET, topic="room:lobby")
        await client.until_pong()
    for channel in ("chat", f"nowhere-{SECRET}"):
        await post(f"{server.url}/api/announcements", {"channel": channel, "message": SECRET})


async def lines_since(server: Server, before: int) -> list[dict[str, Any]]:
    """All lines of what has been done by now: a thread writes them, one after the other, so they
    are there once that of something later is."""
    async with Client(server.url, "/ws/system") as client:
        await client.send("user_message", {"message": "that was all"})
        await client.receive("system_echo", message="🔧 System Echo: that was all")
        own = '"action": "user_message"'
        seen = server.log.count(own)
        await client.send("user_message", {"message": "and this shows it"})
        await eventually(lambda: server.log.count(own) > seen)
    return [json.loads(line) for line in server.log[before:].splitlines()]


async def test_no_text_is_logged(steady: Server) -> None:
    await say_the_secret(steady)
    assert SECRET not in steady.log


async def test_logged_frames_are_named_but_their_text_is_not(talkative: Server) -> None:
    before = len(talkative.log)
    await say_the_secret(talkative)
    lines = await lines_since(talkative, before)
    assert SECRET not in talkative.log[before:]
    received = [line for line in lines if line["event"] == "websocket received"]
    sent = [line for line in lines if line["event"] == "websocket sent"]
    assert {"chat", "reliable_chat", "room_chat", "job"} <= {line["action"] for line in received}
    assert {"chat_notification", "job_status"} <= {line["action"] for line in sent}
    # Pings are too many to be worth a line each.
    assert not {"ping", "pong"} & {line["action"] for line in [*received, *sent]}
    for line in received:
        assert line["level"] == "info"
        assert line["message_id"].startswith(line["connection"])
    assert len({line["connection"] for line in received}) == len(SAYS) + 2
    assert len({line["message_id"] for line in received}) == len(received)


async def test_a_logged_frame_names_the_connection_that_it_was_sent_to(talkative: Server) -> None:
    async with (
        Client(talkative.url, "/ws/chat") as speaker,
        Client(talkative.url, "/ws/chat") as listener,
        Client(talkative.url, "/ws/background_jobs") as jobs,
    ):
        before = len(talkative.log)
        await speaker.send("chat", {"message": "who hears this?"})
        await jobs.send("job", {"type": "default", "content": "quickly"})
        await jobs.receive("job_status", status="running")
        for client in (speaker, listener, jobs):
            await client.until_pong()
        lines = await lines_since(talkative, before)
    sent = [line for line in lines if line["event"] == "websocket sent"]
    chat = [line.get("connection") for line in sent if line["action"] == "chat_notification"]
    status = [line.get("connection") for line in sent if line["action"] == "job_status"]
    assert len(chat) == len(set(chat)) == 2
    assert len(status) >= 3
    assert len(set(status)) == 1
    assert set(status).isdisjoint(chat)
