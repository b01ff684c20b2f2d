"""Whoever is revoked: out at once, and back by no carrier, on no server, at no time."""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.attacks.attacker import API_KEY, LET_IN, Attacker, Target, offered
from tests.integration.client import get, until
from tests.integration.conftest import redis_settings
from tests.integration.processes import Redis, all_running
from tests.unit.adapters.identity.signing import ABSENT

CHAT = "/ws/chat"
TARGETS = ["sub", "sid", "jti"]


@pytest.fixture
def names() -> dict[str, str]:
    """Of somebody whom no other test revokes."""
    mark = uuid.uuid4().hex[:8]
    return {"sub": f"ada-{mark}", "sid": f"login-{mark}", "jti": f"token-{mark}"}


async def is_out_everywhere(attacker: Attacker, target: Target, token: str) -> bool:
    """By no carrier that has no part in how often it is asked."""
    answers = [
        (await attacker.ask(target, "GET", "/api/rooms", token=token)).status_code,
        (await attacker.ask(target, "POST", "/api/tickets", token=token)).status_code,
        await attacker.knock(target, CHAT, token=token),
        await attacker.knock(target, CHAT, subprotocols=offered(token)),
    ]
    return answers == [401] * 4


@pytest.mark.parametrize("kind", TARGETS)
async def test_whoever_is_revoked_is_out_and_comes_back_by_no_carrier(
    attacker: Attacker, members_only: Target, names: dict[str, str], kind: str
) -> None:
    token = attacker.token(members_only, **names)
    ticket = await attacker.ticket(members_only, token)
    async with (
        attacker.client(members_only, CHAT, token=token) as client,
        attacker.client(members_only, CHAT) as late,
        attacker.client(members_only, CHAT, token=attacker.token(members_only)) as other,
    ):
        await attacker.revoke(members_only, f"{kind}:{names[kind]}")
        assert await client.ended() == 4401
        await late.send("authenticate", {"token": token})
        await late.receive("error", code="token_revoked")
        await other.until_pong()
    assert client.payloads("disconnect")[0]["reason"] == "token_revoked"
    assert client.payloads("disconnect")[0]["reconnect"] is False
    assert await is_out_everywhere(attacker, members_only, token)
    assert await attacker.knock(members_only, f"{CHAT}?ticket={ticket}") == 401


async def test_a_token_from_after_the_revocation_is_good_and_one_without_iat_never(
    attacker: Attacker, members_only: Target, names: dict[str, str]
) -> None:
    await attacker.revoke(members_only, f"sub:{names['sub']}")
    new = attacker.token(members_only, **names, iat=time.time())
    without = attacker.token(members_only, **names, iat=ABSENT)
    assert await attacker.knock(members_only, CHAT, token=new) == LET_IN
    assert await attacker.knock(members_only, CHAT, token=without) == 401


@pytest.mark.parametrize(
    "target",
    ["sub:*", "*", "sub:", "sub", "sub:ada\n", "iss:x", "SUB:ada", "sub:" + "x" * 400, "~:x", ""],
)
async def test_a_revocation_of_nobody_in_particular_is_refused_and_ends_nobody(
    attacker: Attacker, members_only: Target, target: str
) -> None:
    """Else whoever holds a key by mistake could end all there are."""
    token = attacker.token(members_only)
    async with attacker.client(members_only, CHAT, token=token) as client:
        answer = await attacker.ask(
            members_only,
            "POST",
            "/api/revocations",
            {"targets": [target]},
            headers={"X-API-Key": API_KEY},
        )
        assert answer.status_code in {202, 400, 422}
        assert (answer.status_code == 202) is (target == "sub:*")
        await client.until_pong()


# On two servers.


@pytest.fixture
def redis(redis_binary: Path, tmp_path: Path) -> Iterator[Redis]:
    with Redis(redis_binary, tmp_path) as redis:
        yield redis


def two(folder: Path, redis: Redis, target: Target) -> tuple[Target, Target, Target]:
    settings = redis_settings(redis) | {"SWITCHBOARD_AUTH": "jwt"}
    one, other, later = (Target(folder, target.issuer, **settings) for _ in range(3))
    return one, other, later


@pytest.mark.redis
@pytest.mark.parametrize("kind", TARGETS)
async def test_revoked_on_one_server_is_out_on_all_and_on_one_started_later(
    attacker: Attacker,
    members_only: Target,
    redis: Redis,
    tmp_path: Path,
    names: dict[str, str],
    kind: str,
) -> None:
    one, other, later = two(tmp_path, redis, members_only)
    with all_running(one, other):
        token = attacker.token(one, **names)
        ticket = await attacker.ticket(one, token)
        async with attacker.client(other, CHAT, token=token) as client:
            await attacker.revoke(one, f"{kind}:{names[kind]}")
            assert await client.ended() == 4401
        with later:
            for server in (one, other, later):
                assert await is_out_everywhere(attacker, server, token)
            assert await attacker.knock(later, f"{CHAT}?ticket={ticket}") == 401


@pytest.mark.redis
async def test_a_redis_that_is_away_lets_nobody_back_in(
    attacker: Attacker, members_only: Target, redis: Redis, tmp_path: Path, names: dict[str, str]
) -> None:
    """Neither while it is away, nor when it is back with nothing."""
    one, other, _ = two(tmp_path, redis, members_only)
    with all_running(one, other):
        token = attacker.token(one, **names)
        await attacker.revoke(one, f"sub:{names['sub']}")

        async def is_out() -> bool:
            return await is_out_everywhere(attacker, other, token)

        await until(is_out, "the other server knows")
        redis.kill()
        for server in (one, other):
            assert await attacker.knock(server, CHAT, token=token) == 401
        redis.start()

        async def is_ready() -> bool:
            asked = [await get(f"{each.url}/readyz") for each in (one, other)]
            return [answer.status_code for answer in asked] == [200, 200]

        await until(is_ready, "both are ready again", deadline=30)
        for server in (one, other):
            assert await is_out_everywhere(attacker, server, token)
        for server in (one, other):
            assert "Traceback" not in server.log
        # That Redis is away is an error in their logs, as it should be.
        attacker.targets -= {one, other}
        assert [secret for secret in attacker.secrets if secret in one.log + other.log] == []
