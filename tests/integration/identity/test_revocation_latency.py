"""How soon a revocation on one server ends sockets on the other: measured, not in the suite."""

import asyncio
import sys
import time
from pathlib import Path
from statistics import quantiles

import pytest

from tests.integration.client import Client, everybody, post
from tests.integration.conftest import redis_settings
from tests.integration.processes import Redis, Server, all_well
from tests.unit.adapters.identity.signing import with_secret

SECRET = "what only the issuer and the service know, 32 bytes"
KEY = "the-key-of-the-operator"
MEMBERS = 300
BOUND = 1.0
"""Seconds, as the protocol promises."""


def member(url: str, number: int) -> Client:
    now = time.time()
    token = with_secret(SECRET).token({"sub": f"member-{number}", "iat": now, "exp": now + 600})
    return Client(url, "/ws/reliable", headers={"Authorization": f"Bearer {token}"})


@pytest.mark.soak
@pytest.mark.redis
@pytest.mark.timeout(300)
async def test_a_revocation_reaches_the_other_server_within_a_second(
    tmp_path: Path, redis_binary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {
        "SWITCHBOARD_AUTH": "jwt",
        "SWITCHBOARD_AUTH_SECRET": SECRET,
        "SWITCHBOARD_API_KEYS": KEY,
    }
    delays: list[float] = []
    with Redis(redis_binary, tmp_path) as redis:
        shared = redis_settings(redis) | settings
        one, other = Server(tmp_path, **shared), Server(tmp_path, **shared)
        with all_well(one, other):
            clients = [member(other.url, number) for number in range(MEMBERS)]
            async with everybody(clients):
                for number, client in enumerate(clients):
                    began = time.perf_counter()
                    body = {"targets": [f"sub:member-{number}"]}
                    answer = await post(
                        f"{one.url}/api/revocations", body, Authorization=f"Bearer {KEY}"
                    )
                    assert answer.status_code == 202
                    assert await client.ended() == 4401
                    delays.append(time.perf_counter() - began)
                    # Not in step with the readings of the other server.
                    await asyncio.sleep((number * 37 % 100) / 1000)
    percentiles = quantiles(delays, n=100)
    shown = {f"p{percent}": percentiles[percent - 1] for percent in (50, 90, 99)}
    told = ", ".join(f"{name} {delay * 1000:.0f} ms" for name, delay in shown.items())
    with capsys.disabled():
        sys.stdout.write(f"\n{MEMBERS} revocations: {told}, at most {max(delays) * 1000:.0f} ms\n")
    assert shown["p99"] <= BOUND
