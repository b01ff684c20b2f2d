"""One address may do so much; what others do, and what is asked for by trusted proxies, goes on."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.integration.client import Client, get, until
from tests.integration.processes import Server
from tests.waiting import DEADLINE

STRICT = {
    "SWITCHBOARD_TRUSTED_PROXIES": "127.0.0.9",
    "SWITCHBOARD_DRAIN_NOTICE": "0",
}


async def ask(server: Server, path: str, source: str, **headers: str) -> httpx2.Response:
    transport = httpx2.AsyncHTTPTransport(local_address=source)
    async with httpx2.AsyncClient(transport=transport, trust_env=False) as http:
        return await http.get(f"{server.url}{path}", headers=headers, timeout=DEADLINE)


def is_limited(answer: httpx2.Response) -> bool:
    if answer.status_code != 429:
        return False
    error: Any = answer.json()["error"]
    assert (error["code"], error["retryable"]) == ("rate_limited", True)
    assert error["scope"] == "address"
    assert error["retry_after_ms"] > 0
    assert int(answer.headers["retry-after"]) >= 1
    return True


async def test_requests_of_one_address_are_refused_and_of_another_answered(tmp_path: Path) -> None:
    few = {"SWITCHBOARD_ADDRESS_REQUESTS_PER_SECOND": "0.001"}
    with Server(tmp_path, **STRICT, **few, SWITCHBOARD_ADDRESS_REQUEST_BURST="3") as server:
        many = [await ask(server, "/api/rooms", "127.0.0.2") for _ in range(5)]
        assert [is_limited(answer) for answer in many] == [False] * 3 + [True] * 2
        assert not is_limited(await ask(server, "/healthz", "127.0.0.2"))
        assert not is_limited(await ask(server, "/readyz", "127.0.0.2"))
        forged = await ask(server, "/api/rooms", "127.0.0.2", **{"x-forwarded-for": "192.0.2.1"})
        assert is_limited(forged)
        assert not is_limited(await ask(server, "/api/rooms", "127.0.0.3"))
        for client in ("192.0.2.1", "192.0.2.2"):
            said = {"x-forwarded-for": f"1.2.3.4, {client}"}
            by_proxy = [await ask(server, "/api/rooms", "127.0.0.9", **said) for _ in range(4)]
            assert [is_limited(answer) for answer in by_proxy] == [False] * 3 + [True]
        metrics = (await ask(server, "/metrics", "127.0.0.4")).text
        assert 'switchboard_limited_total{limit="requests",scope="address"} 5.0' in metrics


async def test_connections_count_from_their_first_moment_to_their_end(tmp_path: Path) -> None:
    with Server(tmp_path, **STRICT, SWITCHBOARD_ADDRESS_CONNECTIONS="2") as server:
        async with Client(server.url, "/ws/chat"):
            host, port = server.url.removeprefix("http://").split(":")
            _, writer = await asyncio.open_connection(host, int(port))
            refused, third = await asyncio.open_connection(host, int(port))
            answer = await asyncio.wait_for(refused.read(), DEADLINE)
            assert answer.startswith(b"HTTP/1.1 429 ")
            assert b'"scope":"address"' in answer
            await _closed(third)
            assert (await ask(server, "/healthz", "127.0.0.2")).status_code == 200
            await _closed(writer)
            await until(lambda: _answers(server), "there is room again")


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _answers(server: Server) -> bool:
    try:
        return (await get(f"{server.url}/healthz")).status_code == 200
    except httpx2.HTTPError:
        return False


async def test_a_dry_run_refuses_nothing_and_counts(tmp_path: Path) -> None:
    few = {
        "SWITCHBOARD_ADDRESS_REQUEST_BURST": "1",
        "SWITCHBOARD_ADDRESS_REQUESTS_PER_SECOND": "0.001",
        "SWITCHBOARD_LIMITS_DRY_RUN": "true",
    }
    with Server(tmp_path, **STRICT, **few) as server:
        for _ in range(3):
            assert (await ask(server, "/api/rooms", "127.0.0.2")).status_code == 200
        metrics = (await ask(server, "/metrics", "127.0.0.2")).text
        assert 'switchboard_limited_total{limit="requests",scope="address"} 3.0' in metrics
        assert "not refused, because of LIMITS_DRY_RUN" in server.log


async def test_a_member_s_connections_share_its_rate(tmp_path: Path) -> None:
    slow = {
        "SWITCHBOARD_MEMBER_FRAMES_PER_SECOND": "5",
        "SWITCHBOARD_MEMBER_FRAME_BURST": "20",
        "SWITCHBOARD_FLOOD_SECONDS": "60",
    }
    with Server(tmp_path, **STRICT, **slow) as server:
        cookie = (await get(f"{server.url}/")).headers["set-cookie"].partition(";")[0]
        same = {"cookie": cookie}
        async with (
            Client(server.url, "/ws/system", headers=same) as one,
            Client(server.url, "/ws/system", headers=same) as other,
            Client(server.url, "/ws/system") as somebody,
        ):
            for _ in range(15):
                await one.send("ping")
                await other.send("ping")
            told = await other.receive("error", code="rate_limited", scope="member")
            assert told["payload"]["retryable"] is True
            await somebody.send("user_message", {"message": "as ever"})
            await somebody.receive("system_echo")
            assert somebody.payloads("error") == []


@pytest.mark.parametrize("name", ["ref", "key", "topic"])
async def test_a_member_s_refused_frame_is_named(tmp_path: Path, name: str) -> None:
    slow = {
        "SWITCHBOARD_MEMBER_FRAMES_PER_SECOND": "0.5",
        "SWITCHBOARD_MEMBER_FRAME_BURST": "2",
    }
    with Server(tmp_path, **STRICT, **slow) as server:
        async with Client(server.url, "/ws/system") as one:
            for _ in range(3):
                await one.send_raw('{"action":"ping","%s":"mine"}' % name)  # noqa: UP031 - braces
            told = await one.receive("error", code="rate_limited")
            assert told[name] == "mine"
