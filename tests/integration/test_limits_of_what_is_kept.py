"""One address, and one member on all servers, may have so much kept, and send so much; others go on
as ever. All of it on one service."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator

import httpx2
import pytest

from tests.integration.client import Client, everybody, get
from tests.integration.conftest import Service, Start
from tests.waiting import DEADLINE

SLOW = "0.001"
"""A second: what is over a burst stays so for as long as a test looks."""

MEMBER_FRAMES = 100
MEMBER_BYTES = 300_000
CONNECTION_BYTES = 220_000

FEW = {
    # So that every other address of this machine is a client's.
    "SWITCHBOARD_TRUSTED_PROXIES": "127.0.0.9",
    "SWITCHBOARD_ADDRESS_ROOM_BURST": "3",
    "SWITCHBOARD_ADDRESS_ROOMS_PER_SECOND": SLOW,
    "SWITCHBOARD_MEMBER_ROOM_BURST": "2",
    "SWITCHBOARD_MEMBER_ROOMS_PER_SECOND": SLOW,
    "SWITCHBOARD_ADDRESS_JOBS_WAITING": "5",
    "SWITCHBOARD_JOB_QUEUE_LIMIT": "20",
    "SWITCHBOARD_JOB_SLOTS": "1",
    "JOB_PACE": "100",
    "SWITCHBOARD_ADDRESS_RECOVERIES": "2",
    "SWITCHBOARD_RECOVERY_WAIT": "10",
    "SWITCHBOARD_MEMBER_FRAME_BURST": str(MEMBER_FRAMES),
    "SWITCHBOARD_MEMBER_FRAMES_PER_SECOND": SLOW,
    "SWITCHBOARD_MEMBER_BYTE_BURST": str(MEMBER_BYTES),
    "SWITCHBOARD_MEMBER_BYTES_PER_SECOND": "1",
    "SWITCHBOARD_BYTE_BURST": str(CONNECTION_BYTES),
    "SWITCHBOARD_BYTES_PER_SECOND": "1",
    # Nobody is held back for longer.
    "SWITCHBOARD_FLOOD_SECONDS": "1",
}


@pytest.fixture(scope="module")
def service(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Each test uses addresses of its own."""
    with start(tmp_path_factory.mktemp("few"), FEW) as service:
        yield service


async def a_visitor(service: Service) -> dict[str, str]:
    """The headers by which one is known again on every server."""
    cookie = (await get(f"{service.url}/")).headers["set-cookie"].partition(";")[0]
    return {"cookie": cookie}


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


async def test_one_address_makes_so_many_rooms_and_uses_all_that_exist(service: Service) -> None:
    outcomes = [await announce(service.url, f"mine {n}", "127.0.0.2") for n in range(8)]
    assert outcomes == ["made"] * 3 + ["address"] * 5
    assert await announce(service.url, "theirs", "127.0.0.3") == "made"
    # What exists costs nothing, wherever and by whomever it was made.
    for room in ("mine 0", "theirs"):
        assert await announce(service.url, room, "127.0.0.2") == "made"
        assert await announce(service.url2, room, "127.0.0.2") == "made"
    async with Client(service.url, "/ws/room/of-a-client", source="127.0.0.4") as client:
        assert client.payloads("disconnect") == []
        assert await announce(service.url, "of-a-client", "127.0.0.2") == "made"
        assert await announce(service.url2, "of-a-client", "127.0.0.2") == "made"


async def test_a_member_makes_so_many_rooms_on_all_servers_and_from_all_addresses(
    service: Service,
) -> None:
    visitor = await a_visitor(service)
    assert await announce(service.url, "a", "127.0.1.2", **visitor) == "made"
    assert await announce(service.url2, "b", "127.0.1.3", **visitor) == "made"
    for url in (service.url, service.url2):
        assert await announce(url, "c", "127.0.1.4", **visitor) == "member"
    async with Client(service.url2, "/ws/room/d", headers=visitor) as client:
        assert await client.ended() == 4429
        (told,) = client.payloads("disconnect")
        assert told["reconnect"]
        assert told["after_ms"] > 0
    assert await announce(service.url, "c", "127.0.1.4") == "made"


async def test_one_address_does_not_fill_the_queue_from_however_many_connections(
    service: Service,
) -> None:
    async def ask(source: str, url: str) -> str:
        body = {"type": "generate", "content": "hello"}
        return _outcome(await post(url, "/api/jobs", body, source))

    urls = (service.url, service.url2) * 18
    asked = Counter(await asyncio.gather(*(ask("127.0.0.2", url) for url in urls)))
    # Beside those that wait, one may run.
    assert 5 <= asked["made"] <= 6
    assert asked["address"] == len(urls) - asked["made"]
    assert await ask("127.0.0.3", service.url) == "made"


async def test_a_crowd_that_comes_back_at_once_is_let_in_turn_by_turn(service: Service) -> None:
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


async def answered(client: Client, ref: str, frame: str) -> bool:
    """Whether a ping with this `ref` was answered, or refused to its member."""
    await client.send_raw(frame)
    answer = await client.until_frame(ref)
    if answer["action"] == "pong":
        return True
    told = answer["payload"]
    assert (told["code"], told["scope"], told["retryable"]) == ("rate_limited", "member", True)
    assert told["retry_after_ms"] > 0
    return False


def ping(ref: str, size: int = 0) -> str:
    return json.dumps({"action": "ping", "ref": ref}).ljust(size)


@pytest.mark.parametrize(
    ("size", "at_one", "at_both"),
    [(0, 75, MEMBER_FRAMES), (8_000, 26, MEMBER_BYTES // 8_000)],
    ids=["frames", "bytes"],
)
async def test_a_member_sends_no_more_over_two_servers_than_over_one(
    service: Service, size: int, at_one: int, at_both: int
) -> None:
    """At each of them it sends less than it may, and together more."""
    visitor = await a_visitor(service)
    async with (
        Client(service.url, "/ws/system", headers=visitor) as one,
        Client(service.url2, "/ws/system", headers=visitor) as other,
        Client(service.url2, "/ws/system") as somebody,
    ):
        for number in range(at_one):
            assert await answered(one, f"one {number}", ping(f"one {number}", size))
        passed = 0
        while await answered(other, f"other {passed}", ping(f"other {passed}", size)):
            passed += 1
            assert passed < at_one
        # Each client has begun by a ping.
        assert at_one + passed >= at_both - 2
        assert await answered(somebody, "as ever", ping("as ever", size))


async def test_a_connection_sends_so_many_bytes_ahead_and_is_slowed_then(service: Service) -> None:
    """In characters of three bytes: what counts is what came."""
    async with (
        Client(service.url, "/ws/system") as client,
        Client(service.url, "/ws/system") as somebody,
    ):
        refs = [f"{number}".ljust(CONNECTION_BYTES // 13, "€") for number in range(5)]
        for number, ref in enumerate(refs):
            assert client.payloads("error") == [], number
            await client.send_raw(json.dumps({"action": "ping", "ref": ref}, ensure_ascii=False))
            await client.until_heard(number + 2, "pong")
        (told,) = client.payloads("error")
        assert (told["code"], told["scope"]) == ("rate_limited", "connection")
        assert told["retry_after_ms"] > 0
        assert await answered(somebody, "as ever", ping("as ever", 8_000))
