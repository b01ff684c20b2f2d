"""The server as a process: how it starts, what it logs, and how it ends."""

import asyncio
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from tests.integration.client import Client, RawSocket, get, post
from tests.integration.processes import Command, Server
from tests.sockets import PATHS as SOCKETS
from tests.sockets import SAYS

FLOOD_TEXT = "x" * 4_000


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all tests that leave it running."""
    with Server(tmp_path_factory.mktemp("steady")) as server:
        yield server
    server.check_log()


@pytest.fixture(scope="module")
def talkative(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that logs every frame and says when it has handled one."""
    settings = {"LOG_WEBSOCKET": "1", "SEND_COMPLETION": "1", "SWITCHBOARD_LOG_FORMAT": "json"}
    with Server(tmp_path_factory.mktemp("talkative"), **settings) as server:
        yield server
    server.check_log()


async def flood(speaker: Client, amount: int) -> None:
    """Say `amount` bytes in the chat, no faster than the speaker itself hears them."""
    before = len(speaker.payloads("chat_notification"))
    count = amount // len(FLOOD_TEXT)
    for number in range(count):
        await speaker.send("chat", {"message": FLOOD_TEXT})
        if number % 50 == 49:
            await speaker.until_pong()
    await speaker.until_pong()
    assert len(speaker.payloads("chat_notification")) >= before + count


async def test_sigterm_tells_every_client_to_come_back_and_ends_in_order(tmp_path: Path) -> None:
    with Server(tmp_path, JOB_PACE="60") as server:
        clients = [Client(server.url, path) for path in [*SOCKETS, *["/ws/chat"] * 20]]
        async with asyncio.TaskGroup() as group:
            for client in clients:
                group.create_task(client.__aenter__())
        jobs = clients[SOCKETS.index("/ws/background_jobs")]
        await jobs.send("job", {"type": "generate", "content": "a novel"})
        await jobs.receive("job_status", status="running")
        server.signal(signal.SIGTERM)
        codes = [await client.ended() for client in clients]
        exit_code = await asyncio.to_thread(server.wait)
    disconnects = [client.frames[-1] for client in clients]
    assert codes == [1012] * len(clients)
    assert {disconnect["action"] for disconnect in disconnects} == {"disconnect"}
    for disconnect in disconnects:
        assert disconnect["payload"]["code"] == 1012
        assert disconnect["payload"]["reconnect"] is True
        assert disconnect["payload"]["after_ms"] >= 0
    # Spread out, so that the next server does not get them all at once.
    assert len({disconnect["payload"]["after_ms"] for disconnect in disconnects}) > 10
    assert exit_code == 0
    server.check_log()


async def test_ctrl_c_delivers_what_was_said_before_and_leaves_no_traceback(
    server: Server,
) -> None:
    texts = [f"before the end {number}" for number in range(200)]
    async with Client(server.url, "/ws/chat") as speaker, Client(server.url, "/ws/chat") as other:
        for text in texts:
            await speaker.send("chat", {"message": text})
        await speaker.receive("chat_notification", message=f"💬 {texts[-1]}")
        server.signal(signal.SIGINT)
        for client in (speaker, other):
            assert await client.ended() == 1012
    assert other.messages("chat_notification")[-200:] == [f"💬 {text}" for text in texts]
    await asyncio.to_thread(server.wait)
    server.check_log()


async def test_a_server_that_is_about_to_end_takes_nobody_new(tmp_path: Path) -> None:
    patience = {
        "SWITCHBOARD_DRAIN_SECONDS": "30",
        "SWITCHBOARD_SEND_TIMEOUT": "30",
        "SWITCHBOARD_MAILBOX_BYTES": str(32 * 1024 * 1024),
        "SWITCHBOARD_MAILBOX_FRAMES": "100000",
    }
    with Server(tmp_path, **patience) as server:
        async with Client(server.url, "/ws/chat") as speaker:
            # Somebody who doesn't read keeps the drain from being over.
            stuck = RawSocket(server.url, "/ws/chat", receive_buffer=4_096)
            stuck.open()
            await flood(speaker, 12_000_000)
            ready = await get(f"{server.url}/readyz")
            server.signal(signal.SIGTERM)
            assert await speaker.ended() == 1012
            draining = await get(f"{server.url}/readyz")
            alive = await get(f"{server.url}/healthz")
            with pytest.raises(InvalidStatus) as refused:
                async with Client(server.url, "/ws/chat"):
                    pass
            stuck.reset()
        assert await asyncio.to_thread(server.wait) == 0
    assert (ready.status_code, draining.status_code, alive.status_code) == (200, 503, 200)
    assert refused.value.response.status_code == 503
    server.check_log()


async def test_a_client_that_never_reads_does_not_keep_the_server_from_ending(
    tmp_path: Path,
) -> None:
    patience = {
        "SWITCHBOARD_DRAIN_SECONDS": "1",
        "SWITCHBOARD_SEND_TIMEOUT": "0.5",
        "SWITCHBOARD_SHUTDOWN_SECONDS": "1",
        "SWITCHBOARD_MAILBOX_BYTES": str(32 * 1024 * 1024),
        "SWITCHBOARD_MAILBOX_FRAMES": "100000",
    }
    with (
        Server(tmp_path, **patience) as server,
        RawSocket(server.url, "/ws/chat", receive_buffer=4_096) as stuck,
    ):
        stuck.open()
        async with Client(server.url, "/ws/chat") as speaker:
            await flood(speaker, 12_000_000)
            server.signal(signal.SIGTERM)
            assert await speaker.ended() == 1012
        assert await asyncio.to_thread(server.wait) == 0
    server.check_log()


async def test_two_servers_side_by_side_know_nothing_of_each_other(
    steady: Server, talkative: Server
) -> None:
    async with (
        Client(steady.url, "/ws/room/here") as here,
        Client(talkative.url, "/ws/room/here") as there,
    ):
        await here.send("room_chat", {"message": "here"})
        await here.receive("room_notification", message="💬 here")
        await there.send("room_chat", {"message": "there"})
        await there.receive("room_notification", message="💬 there")
        rooms = [(await get(f"{one.url}/api/rooms")).json() for one in (steady, talkative)]
    assert steady.port != talkative.port
    assert rooms == [{"rooms": [{"room_name": "here", "members": 1}]}] * 2
    assert here.messages("room_notification") == ["💬 here"]
    assert there.messages("room_notification") == ["💬 there"]


def test_the_server_says_where_it_is_and_nothing_else(steady: Server) -> None:
    assert steady.output == [f"Switchboard is on {steady.url} (memory backend)\n"]
    assert steady.url.startswith("http://127.0.0.1:")


def test_a_port_that_is_taken_is_said_in_one_line(steady: Server, tmp_path: Path) -> None:
    second = Command(tmp_path, "serve", "--port", str(steady.port))
    assert second.run() not in {0, -signal.SIGTERM}
    said = second.log.splitlines()
    assert len(said) == 1
    assert str(steady.port) in said[0]
    assert "in use" in said[0]
    assert second.output == []


WRONG_SETTINGS = {
    "PORT": "eighty",
    "SWITCHBOARD_BACKEND": "kafka",
    "SWITCHBOARD_LANE_ROOMS__CAPACITY": "-5",
    "SWITCHBOARD_LANE_ROOMS": "durable",
}


def test_a_wrong_setting_stops_the_start_with_one_line(tmp_path: Path) -> None:
    commands = {
        name: Command(tmp_path, "serve", **{"PORT": "0", name: value})
        for name, value in WRONG_SETTINGS.items()
    }
    for command in commands.values():
        command.start()
    codes = {name: command.wait() for name, command in commands.items()}
    for name, command in commands.items():
        command.kill()
        lines = command.log.splitlines()
        assert len(lines) == 1, command.log
        assert name in lines[0]
        assert WRONG_SETTINGS[name] in lines[0]
        assert command.output == []
    assert codes == dict.fromkeys(commands, 2)


def test_settings_are_read_from_a_dotenv_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("JOB_PACE=fast\n", encoding="utf-8")
    command = Command(tmp_path, "serve", PORT="0")
    assert command.run() == 2
    assert "JOB_PACE='fast'" in command.log


def test_every_command_explains_itself(helps: dict[str, str]) -> None:
    assert "serve" in helps
    for name, text in helps.items():
        usage = text.partition("\n")[0]
        assert usage.startswith("Usage: ")
        assert f" {name} " in usage


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
    for channel in ("chat", f"nowhere-{SECRET}"):
        await post(f"{server.url}/api/announcements", {"channel": channel, "message": SECRET})


async def test_no_text_is_logged(steady: Server) -> None:
    await say_the_secret(steady)
    assert SECRET not in steady.log


async def test_logged_frames_are_named_but_their_text_is_not(talkative: Server) -> None:
    before = len(talkative.log)
    await say_the_secret(talkative)
    log = talkative.log[before:]
    assert SECRET not in log
    lines = [json.loads(line) for line in log.splitlines()]
    received = [line for line in lines if line["event"] == "websocket received"]
    sent = [line for line in lines if line["event"] == "websocket sent"]
    assert {"chat", "reliable_chat", "room_chat", "job"} <= {line["action"] for line in received}
    assert {"chat_notification", "job_status"} <= {line["action"] for line in sent}
    # Pings are too many to be worth a line each.
    assert not {"ping", "pong"} & {line["action"] for line in [*received, *sent]}
    for line in received:
        assert line["level"] == "info"
        assert line["message_id"].startswith(line["connection"])
    assert len({line["connection"] for line in received}) == len(SOCKETS)
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
        lines = [json.loads(line) for line in talkative.log[before:].splitlines()]
    sent = [line for line in lines if line["event"] == "websocket sent"]
    chat = [line.get("connection") for line in sent if line["action"] == "chat_notification"]
    status = [line.get("connection") for line in sent if line["action"] == "job_status"]
    assert len(chat) == len(set(chat)) == 2
    assert len(status) >= 3
    assert len(set(status)) == 1
    assert set(status).isdisjoint(chat)


async def test_completion_frames_follow_when_they_are_asked_for(talkative: Server) -> None:
    async with Client(talkative.url, "/ws/system") as alone:
        await alone.send("user_message", {"message": "done?"})
        await alone.receive("system_echo", message="🔧 System Echo: done?")
        await alone.receive("complete")
    async with (
        Client(talkative.url, "/ws/chat") as speaker,
        Client(talkative.url, "/ws/chat") as listener,
    ):
        await speaker.send("chat", {"message": "done?"})
        await listener.receive("chat_notification", message="💬 done?")
        await listener.receive("group_complete")
        await speaker.receive("complete")


async def test_no_completion_frames_follow_otherwise(steady: Server) -> None:
    async with Client(steady.url, "/ws/chat") as client:
        await client.send("chat", {"message": "done?"})
        await client.receive("chat_notification", message="💬 done?")
        await client.until_pong()
    assert {frame["action"] for frame in client.frames} == {"chat_notification", "pong"}
