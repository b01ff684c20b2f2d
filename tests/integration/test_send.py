"""`switchboard send`: announcements from outside, over Redis."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from tests.integration.client import Client
from tests.integration.conftest import redis_settings
from tests.integration.processes import Command, Redis, Server

pytestmark = pytest.mark.redis


@pytest.fixture(scope="module")
def sending(redis_server: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose settings the commands share."""
    folder = tmp_path_factory.mktemp("send")
    with Server(folder, **redis_settings(redis_server, "send")) as server:
        yield server
    server.check_log()


async def run(server: Server, *arguments: str) -> Command:
    """`switchboard send` to its end."""
    command = Command(server.folder, "send", *arguments, **_shared(server))
    await asyncio.to_thread(command.run)
    return command


def _shared(server: Server) -> dict[str, str]:
    return {name: value for name, value in server.settings.items() if name != "PORT"}


async def test_an_announcement_reaches_everybody_on_its_channel_and_nobody_else(
    sending: Server,
) -> None:
    rows = [
        ("chat", "/ws/chat", "chat_notification", "message"),
        ("analytics", "/ws/analytics", "analytics_notification", "event"),
        ("room:bücher ☂", "/ws/room/b%C3%BCcher%20%E2%98%82", "room_notification", "message"),
    ]
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(Client(sending.url, path)) for _, path, _, _ in rows
        ]
        commands = await asyncio.gather(
            *(run(sending, channel, f"to {channel} 📣") for channel, *_ in rows)
        )
        for client, (channel, _, action, field) in zip(clients, rows, strict=True):
            await client.receive(action, **{field: f"to {channel} 📣"})
            await client.until_pong()
            heard = [payload[field] for payload in client.payloads(action)]
            assert [text for text in heard if text.endswith("📣")] == [f"to {channel} 📣"]
    for command, (channel, *_) in zip(commands, rows, strict=True):
        assert command.wait() == 0
        assert command.output == [f"sent 1 of 1 to {channel}\n"]
        assert command.log == ""


async def test_periodic_announcements_come_one_after_the_other(sending: Server) -> None:
    async with Client(sending.url, "/ws/chat") as client:
        arguments = ("chat", "tick", "--every", "0.05", "--count", "3")
        command = await run(sending, *arguments)
        await client.until_heard(3, "chat_notification", message="tick")
        await client.until_pong()
    ticks = [p for p in client.payloads("chat_notification") if p["message"] == "tick"]
    assert len(ticks) == 3
    assert command.output == [f"sent {number} of 3 to chat\n" for number in (1, 2, 3)]


async def test_an_announcement_on_a_durable_channel_waits_for_who_comes_back(
    sending: Server,
) -> None:
    path, action = "/ws/reliable", "reliable_chat_notification"
    async with Client(sending.url, path) as leaves:
        cursor = (await leaves.receive(action))["cursor"]
    await run(sending, "reliable", "while you were away")
    async with Client(sending.url, path, since=cursor) as returns:
        await returns.receive("recovered", recovered=True)
        await returns.receive(action, message="while you were away")


async def test_what_can_not_be_announced_is_said_in_one_line(sending: Server) -> None:
    rows = {
        ("nowhere", "hello"): "There is no such channel",
        ("chat", "  "): "There is no text",
        ("chat", "hello", "--every", "1"): "--every needs --count",
    }
    commands = await asyncio.gather(*(run(sending, *arguments) for arguments in rows))
    for command, says in zip(commands, rows.values(), strict=True):
        assert command.wait() == 2
        assert command.output == []
        assert command.log.startswith("switchboard: ")
        assert command.log.count("\n") == 1
        assert says in command.log
