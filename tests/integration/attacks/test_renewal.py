"""Renewal in place: for the same member, by a newer token, with its rights and no others."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.attacks.attacker import (
    API_KEY,
    ISSUER,
    SECRET,
    Attacker,
    Target,
    caps,
    claims,
)
from tests.unit.adapters.identity.signing import ABSENT, with_secret

STRANGER = with_secret("another secret, which the service doesn't know")

WRONG: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "another member's": (lambda: {"sub": "bob"}, "member_changed"),
    "another case": (lambda: {"sub": "Ada"}, "member_changed"),
    "a name that looks the same": (lambda: {"sub": "аda"}, "member_changed"),
    "an older one": (lambda: {"iat": time.time() - 100}, "member_changed"),
    "one without iat": (lambda: {"iat": ABSENT}, "member_changed"),
    "a visitor's": (lambda: {"sub": "~" + "0" * 32}, "token_invalid"),
    "an expired one": (
        lambda: {"iat": time.time() - 400, "exp": time.time() - 60},
        "token_expired",
    ),
    "another issuer's": (lambda: {"iss": ISSUER + "/"}, "token_invalid"),
    "one with null for caps": (lambda: {"caps": None}, "token_invalid"),
}


@pytest.mark.parametrize(("change", "code"), WRONG.values(), ids=WRONG.keys())
async def test_a_wrong_token_changes_nothing_of_a_connection(
    attacker: Attacker, open_door: Target, room: str, change: Callable[[], Any], code: str
) -> None:
    mine = attacker.token(open_door, sub="ada", caps=caps(f"room:{room}", allow=["sub", "prs"]))
    async with attacker.client(open_door, f"/ws/room/{room}", token=mine) as client:
        await client.send("authenticate", {"token": attacker.token(open_door, **change())})
        await client.receive("error", code=code)
        await client.send("room_chat", {"message": "with more rights"})
        await client.receive("error", code="not_allowed")
        await client.send("room_members")
        await client.receive("room_members", count=1)


async def test_a_forged_token_or_a_key_renews_nothing(
    attacker: Attacker, open_door: Target
) -> None:
    async with attacker.client(open_door, "/ws/chat", token=attacker.token(open_door)) as client:
        for token in (STRANGER.token(claims()), SECRET, API_KEY):
            await client.send("authenticate", {"token": token})
            refused = await client.receive("error")
            assert refused["payload"]["code"] == "token_invalid"
    assert client.payloads("authenticated") == []


async def test_whoever_may_no_longer_listen_hears_nothing_more(
    attacker: Attacker, open_door: Target, room: str
) -> None:
    path = f"/ws/room/{room}"
    async with (
        attacker.client(open_door, path, token=attacker.token(open_door, sub="bob")) as bob,
        attacker.client(open_door, path, token=attacker.token(open_door)) as ada,
    ):
        fewer = attacker.token(open_door, caps=caps(f"room:{room}", allow=["pub"]))
        await ada.send("authenticate", {"token": fewer})
        answer = await ada.receive("authenticated")
        await bob.send("room_chat", {"message": "for us alone"})
        assert await ada.ended() == 4403
        await bob.receive("room_notification", message="💬 for us alone")
    assert answer["payload"]["revoked"] == [f"room:{room}"]
    assert "for us alone" not in str(ada.frames)


async def test_whoever_may_no_longer_speak_is_refused_from_the_next_frame_on(
    attacker: Attacker, open_door: Target, room: str
) -> None:
    token = attacker.token(open_door)
    async with attacker.client(open_door, f"/ws/room/{room}", token=token) as ada:
        fewer = attacker.token(open_door, caps=caps(f"room:{room}", allow=["sub"]))
        await ada.send("authenticate", {"token": fewer})
        await ada.send("room_chat", {"message": "once more"})
        await ada.receive("error", code="not_allowed")
    assert ada.payloads("room_notification") == []


async def test_the_rights_before_don_t_come_back_by_the_token_before(
    attacker: Attacker, open_door: Target, room: str
) -> None:
    before = attacker.token(open_door, iat=time.time() - 1)
    async with attacker.client(open_door, f"/ws/room/{room}", token=before) as ada:
        fewer = attacker.token(open_door, caps=caps(f"room:{room}", allow=["sub"]))
        for token in (fewer, before):
            await ada.send("authenticate", {"token": token})
        await ada.receive("error", code="member_changed")
        await ada.send("room_chat", {"message": "once more"})
        await ada.receive("error", code="not_allowed")


async def test_a_revoked_token_renews_nothing(attacker: Attacker, open_door: Target) -> None:
    one, other = attacker.token(open_door, jti="one"), attacker.token(open_door, jti="other")
    await attacker.revoke(open_door, "jti:other")
    async with attacker.client(open_door, "/ws/chat", token=one) as ada:
        await ada.send("authenticate", {"token": other})
        await ada.receive("error", code="token_revoked")
        await ada.until_pong()
