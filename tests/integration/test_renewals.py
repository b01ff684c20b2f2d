"""Tokens are renewed in place while people talk: nobody is dropped, and nothing is lost."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.integration.client import Client, everybody
from tests.integration.processes import Server
from tests.unit.adapters.identity.signing import Issuer, with_secret

SECRET = "what only the issuer and the service know, 32 bytes"
SOCKETS = 50
SPEAKERS = 10
ROOM = "/ws/room/lobby"


def token(issuer: Issuer, number: int) -> str:
    now = time.time()
    return issuer.token({"sub": f"member-{number}", "iat": now, "exp": now + 300})


async def renew(client: Client, issuer: Issuer, number: int, times: int) -> None:
    for time_ in range(times):
        await client.send("authenticate", {"token": token(issuer, number)})
        await client.until_heard(time_ + 1, "authenticated")


async def talk(client: Client, speaker: int, times: int) -> None:
    for number in range(times):
        await client.send("room_chat", {"message": f"{speaker}: {number}"})
        await client.until_heard(1, "room_notification", message=f"💬 {speaker}: {number}")


@pytest.mark.parametrize(
    "times",
    [
        20,
        pytest.param(200, marks=[pytest.mark.soak, pytest.mark.timeout(600)]),
    ],
    ids=["1,000 renewals", "10,000 renewals"],
)
async def test_renewals_under_load_drop_nobody_and_lose_nothing(tmp_path: Path, times: int) -> None:
    issuer = with_secret(SECRET)
    settings = {"SWITCHBOARD_AUTH": "jwt", "SWITCHBOARD_AUTH_SECRET": SECRET}
    with Server(tmp_path, **settings) as server:
        clients = [
            Client(server.url, ROOM, headers={"Authorization": f"Bearer {token(issuer, number)}"})
            for number in range(SOCKETS)
        ]
        async with everybody(clients):
            async with asyncio.TaskGroup() as group:
                for number, client in enumerate(clients):
                    group.create_task(renew(client, issuer, number, times))
                for speaker in range(SPEAKERS):
                    group.create_task(talk(clients[speaker], speaker, times))
            for client in clients:
                await client.until_heard(SPEAKERS * times, "room_notification", kind="said")
        server.check_log()
    said = {f"💬 {speaker}: {number}" for speaker in range(SPEAKERS) for number in range(times)}
    for client in clients:
        notices = client.payloads("room_notification")
        heard = [each["message"] for each in notices if each["kind"] == "said"]
        assert len(heard) == len(said)
        assert set(heard) == said
        assert len(client.payloads("authenticated")) == times
        assert client.payloads("error") == client.payloads("disconnect") == []
