"""What strangers send forges no line of the log, and no secret is in it, whatever goes wrong."""

import re

import pytest

from tests.integration.attacks.attacker import (
    API_KEY,
    SECRET,
    SETTINGS,
    Attacker,
    Target,
    offered,
)
from tests.integration.processes import Command

FORGED = "2026-01-01T00:00:00Z [error    ] all is lost"
HOSTILE = [f"\n{FORGED}", f"\r{FORGED}", f"\u2028{FORGED}", f"\x1b[2J{FORGED}", f"%0a{FORGED}"]


@pytest.mark.parametrize("text", HOSTILE, ids=["LF", "CR", "line separator", "escape", "percent"])
async def test_no_text_of_a_stranger_is_a_line_of_the_log(
    attacker: Attacker, open_door: Target, text: str
) -> None:
    token = attacker.token(open_door, sub="ada")
    async with attacker.client(open_door, "/ws/chat", token=token) as client:
        for frame in (
            {"token": text},
            {"name": text},
            {"token": open_door.token(sub=f"ada{text}")},
            {"token": open_door.issuer.token({}, header={"kid": text})},
        ):
            await client.send("authenticate", frame)
            await client.receive("error")
        await client.send(text, {"message": text})
        await client.receive("error")
    await attacker.ask(open_door, "GET", "/api/rooms/x/history", token="x.y.z")
    body = {"targets": [f"sub:{text}"]}
    await attacker.ask(open_door, "POST", "/api/revocations", body, token=API_KEY)
    lines = re.split(r"[\n\r\u2028\x85]", open_door.log)
    assert [line for line in lines if line.startswith(FORGED[:20])] == []
    assert "\x1b[2J" not in open_door.log


@pytest.mark.parametrize("form", ["plain", "json"])
async def test_no_secret_is_in_a_log_that_tells_all_it_can(
    attacker: Attacker, tmp_path_factory: pytest.TempPathFactory, open_door: Target, form: str
) -> None:
    folder = tmp_path_factory.mktemp("talkative")
    settings = {"SWITCHBOARD_LOG_FORMAT": form} if form == "json" else {}
    with Target(folder, open_door.issuer, **settings) as target:
        token = attacker.token(target)
        ticket = await attacker.ticket(target, token)
        await attacker.knock(target, f"/ws/chat?ticket={ticket}")
        await attacker.knock(target, "/ws/chat", subprotocols=offered(token))
        attacker.knows(offered(token)[1])
        async with attacker.client(target, "/ws/chat", token=token) as client:
            await client.send("authenticate", {"token": attacker.token(target)})
            await client.receive("authenticated")
        await attacker.ask(target, "GET", "/metrics", headers={"X-API-Key": API_KEY})
        await attacker.ask(target, "GET", f"/api/rooms?token={token}")
        minted = await attacker.ask(
            target, "POST", "/api/tokens", {"sub": "ada", "expires_in": 60}, token=API_KEY
        )
        attacker.knows(minted.json()["token"])
        await attacker.revoke(target, "sub:ada")
        target.stop()
        assert "connection opened" in target.log
        assert [secret for secret in attacker.secrets if secret in target.log] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SWITCHBOARD_AUTH_SECRET", "too short"),
        ("SWITCHBOARD_API_KEYS", "with a space,and-another"),
        ("SWITCHBOARD_AUTH", "jwt,nonsense"),
        ("SWITCHBOARD_AUTH_JWKS", "http://127.0.0.1/keys.json"),
    ],
)
def test_a_wrong_setting_stops_the_start_without_showing_a_secret(
    tmp_path_factory: pytest.TempPathFactory, name: str, value: str
) -> None:
    command = Command(tmp_path_factory.mktemp("wrong"), "serve", **{**SETTINGS, name: value})
    assert command.run() != 0
    assert command.log.count("\n") == 1
    secrets = {SECRET, API_KEY, "too short", "with a space", "and-another"}
    assert [secret for secret in secrets if secret in command.log] == []
