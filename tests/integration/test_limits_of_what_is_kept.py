"""One address, and one member on all servers, may have so much kept; others go on as ever."""

import asyncio
from collections import Counter
from pathlib import Path

import httpx2

from tests.integration.client import Client, everybody, get
from tests.integration.conftest import Start
from tests.waiting import DEADLINE

FROM_ALL = {"SWITCHBOARD_TRUSTED_PROXIES": "127.0.0.9"}
"""So that every other address of this machine is a client's."""

SLOW = "0.001"


async def post(url: str, path: str, body: object, source: str, **headers: str) -> httpx2.Response:
    transport = httpx2.AsyncHTTPTransport(local_address=source)
    async with httpx2.AsyncClient(transport=transport, trust_env=False) as http:
        return await http.post(f"{url}{path}", json=body, headers=headers, timeout=DEADLINE)


async def announce(url: str, room: str, source: str, **headers: str) -> str:
    """`made`, or whose limit was reached."""
    body = {"channel": f"room:{room}", "message": "hello"}
    answer = await post(url, "/api/announcements", body, source, **headers)
    return _outcome(answer)


def _outcome(answer: httpx2.Response) -> str:
    if answer.status_code == 202:
        return "made"
    assert answer.status_code == 429, answer.text
    error = answer.json()["error"]
    assert (error["code"], error["retryable"]) == ("rate_limited", True)
    assert error["retry_after_ms"] > 0
    assert int(answer.headers["retry-after"]) >= 1
    return str(error["scope"])


async def test_one_address_makes_so_many_rooms_and_uses_all_that_exist(
    start: Start, tmp_path: Path
) -> None:
    few = {
        "SWITCHBOARD_ADDRESS_ROOM_BURST": "3",
        "SWITCHBOARD_ADDRESS_ROOMS_PER_SECOND": SLOW,
    }
    with start(tmp_path, FROM_ALL | few) as service:
        outcomes = [await announce(service.url, f"mine {n}", "127.0.0.2") for n in range(8)]
        assert outcomes == ["made"] * 3 + ["address"] * 5
        assert await announce(service.url, "theirs", "127.0.0.3") == "made"
        # What exists costs nothing, wherever and by whomever it was made.
        for room in ("mine 0", "theirs"):
            assert await announce(service.url, room, "127.0.0.2") == "made"
            assert await announce(service.url2, room, "127.0.0.2") == "made"
        async with Client(service.url, "/ws/room/of-a-client") as client:
            assert client.payloads("disconnect") == []
            assert await announce(service.url, "of-a-client", "127.0.0.2") == "made"
            assert await announce(service.url2, "of-a-client", "127.0.0.2") == "made"


async def test_a_member_makes_so_many_rooms_on_all_servers_and_from_all_addresses(
    start: Start, tmp_path: Path
) -> None:
    few = {
        "SWITCHBOARD_MEMBER_ROOM_BURST": "2",
        "SWITCHBOARD_MEMBER_ROOMS_PER_SECOND": SLOW,
    }
    with start(tmp_path, FROM_ALL | few) as service:
        cookie = (await get(f"{service.url}/")).headers["set-cookie"].partition(";")[0]
        assert await announce(service.url, "a", "127.0.0.2", cookie=cookie) == "made"
        assert await announce(service.url2, "b", "127.0.0.3", cookie=cookie) == "made"
        for url in (service.url, service.url2):
            assert await announce(url, "c", "127.0.0.4", cookie=cookie) == "member"
        async with Client(service.url2, "/ws/room/d", headers={"cookie": cookie}) as client:
            assert await client.ended() == 4429
            (told,) = client.payloads("disconnect")
            assert told["reconnect"]
            assert told["after_ms"] > 0
        assert await announce(service.url, "c", "127.0.0.4") == "made"


async def test_one_address_does_not_fill_the_queue_from_however_many_connections(
    start: Start, tmp_path: Path
) -> None:
    few = {
        "SWITCHBOARD_ADDRESS_JOBS_WAITING": "5",
        "SWITCHBOARD_JOB_QUEUE_LIMIT": "20",
        "SWITCHBOARD_JOB_SLOTS": "1",
        "JOB_PACE": "100",
    }
    with start(tmp_path, FROM_ALL | few) as service:

        async def ask(source: str, url: str) -> str:
            body = {"type": "generate", "content": "hello"}
            return _outcome(await post(url, "/api/jobs", body, source))

        urls = (service.url, service.url2) * 18
        asked = Counter(await asyncio.gather(*(ask("127.0.0.2", url) for url in urls)))
        # Beside those that wait, one may run.
        assert 5 <= asked["made"] <= 6
        assert asked["address"] == len(urls) - asked["made"]
        assert await ask("127.0.0.3", service.url) == "made"


async def test_a_crowd_that_comes_back_at_once_is_let_in_turn_by_turn(
    start: Start, tmp_path: Path
) -> None:
    few = {"SWITCHBOARD_ADDRESS_RECOVERIES": "2", "SWITCHBOARD_RECOVERY_WAIT": "10"}
    with start(tmp_path, few) as service:
        async with Client(service.url, "/ws/reliable") as speaker:
            for number in range(20):
                await speaker.send("reliable_chat", {"message": f"said {number}"})
            first = await speaker.receive("reliable_chat_notification", message="📨 said 0")
            await speaker.receive("reliable_chat_notification", message="📨 said 19")
            crowd = [Client(service.url, "/ws/reliable", since=first["cursor"]) for _ in range(40)]
            async with everybody(crowd):
                for client in crowd:
                    told = await client.receive("recovered")
                    assert told["payload"] == {"recovered": True, "missed": 19}
