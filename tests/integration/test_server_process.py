"""The server as a process: how it starts, and what it says."""

import signal
from pathlib import Path

from tests.integration.client import Client, get
from tests.integration.processes import Command, Server


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
