"""Every limit, tried from one address with many names, and by one member from many addresses."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.integration.attacks.attacker import LET_IN, Attacker, Target
from tests.integration.client import everybody
from tests.unit.adapters.identity.signing import with_secret

SLOW = "0.001"
"""A second: what is over a burst stays so for as long as a test looks."""

STRANGER = with_secret("another secret, which the service doesn't know")

SETTINGS = {
    # So that every address of this machine is a client's.
    "SWITCHBOARD_TRUSTED_PROXIES": "192.0.2.1",
    "SWITCHBOARD_ADDRESS_CONNECTIONS": "10",
    "SWITCHBOARD_ADDRESS_HANDSHAKE_BURST": "30",
    "SWITCHBOARD_ADDRESS_HANDSHAKES_PER_SECOND": SLOW,
    "SWITCHBOARD_ADDRESS_REQUEST_BURST": "40",
    "SWITCHBOARD_ADDRESS_REQUESTS_PER_SECOND": SLOW,
    "SWITCHBOARD_ADDRESS_FAILURE_BURST": "5",
    "SWITCHBOARD_ADDRESS_FAILURES_PER_SECOND": SLOW,
    "SWITCHBOARD_ADDRESS_ROOM_BURST": "6",
    "SWITCHBOARD_ADDRESS_ROOMS_PER_SECOND": SLOW,
    "SWITCHBOARD_MEMBER_ROOM_BURST": "3",
    "SWITCHBOARD_MEMBER_ROOMS_PER_SECOND": SLOW,
    "SWITCHBOARD_ADDRESS_JOBS_WAITING": "6",
    "SWITCHBOARD_MEMBER_JOBS_WAITING": "3",
    "SWITCHBOARD_MEMBER_FRAME_BURST": "60",
    "SWITCHBOARD_MEMBER_FRAMES_PER_SECOND": "1",
    "SWITCHBOARD_MEMBER_NAME_BURST": "3",
    "SWITCHBOARD_MEMBER_NAMES_PER_SECOND": SLOW,
    "SWITCHBOARD_JOB_SLOTS": "1",
}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, members_only: Target) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("strict")
    with Target(folder, members_only.issuer, **SETTINGS) as target:
        yield target


@pytest.mark.parametrize("spoofed", [False, True], ids=["plain", "with X-Forwarded-For"])
async def test_requests_from_one_address(attacker: Attacker, strict: Target, spoofed: bool) -> None:
    source = "127.0.1.2" if spoofed else "127.0.1.1"
    answers = [
        await attacker.ask(
            strict,
            "GET",
            "/api/rooms",
            token=attacker.token(strict, sub=f"name-{number}"),
            headers={"X-Forwarded-For": f"198.51.100.{number}"} if spoofed else {},
            source=source,
        )
        for number in range(60)
    ]
    assert [answer.status_code for answer in answers] == [200] * 40 + [429] * 20
    assert answers[-1].json()["error"]["scope"] == "address"
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_handshakes_from_one_address(attacker: Attacker, strict: Target) -> None:
    statuses = [
        await attacker.knock(
            strict, "/ws/chat", token=attacker.token(strict, sub=f"name-{n}"), source="127.0.1.3"
        )
        for n in range(40)
    ]
    assert statuses == [LET_IN] * 30 + [429] * 10


async def test_sockets_that_one_address_holds_open(attacker: Attacker, strict: Target) -> None:
    held = [
        attacker.client(strict, "/ws/chat", token=attacker.token(strict), source="127.0.1.4")
        for _ in range(10)
    ]
    async with everybody(held):
        status = await attacker.knock(strict, "/ws/chat", source="127.0.1.4")
    assert status in {400, 429}  # the connection ends after its answer


@pytest.mark.parametrize("way", ["header", "socket", "frame", "ticket", "key"])
async def test_guesses_from_one_address_end_and_others_come_in(
    attacker: Attacker, strict: Target, way: str
) -> None:
    number = ["header", "socket", "frame", "ticket", "key"].index(way)
    source = f"127.0.2.{number + 1}"
    wrong = STRANGER.token({"sub": "root"})

    async def guess() -> int:
        if way == "header":
            answer = await attacker.ask(strict, "GET", "/api/rooms", token=wrong, source=source)
            return answer.status_code
        if way == "key":
            answer = await attacker.ask(
                strict, "GET", "/metrics", headers={"X-API-Key": "guess-guess"}, source=source
            )
            return answer.status_code
        if way == "ticket":
            return await attacker.knock(strict, "/ws/chat?ticket=guess", source=source)
        if way == "socket":
            return await attacker.knock(strict, "/ws/chat", token=wrong, source=source)
        async with attacker.client(strict, "/ws/chat", source=source) as client:
            await client.send("authenticate", {"token": wrong})
            refused = await client.receive("error")
        return {"token_invalid": 401, "rate_limited": 429}[refused["payload"]["code"]]

    assert [await guess() for _ in range(8)] == [401] * 5 + [429] * 3
    right = attacker.token(strict)
    other = await attacker.ask(strict, "GET", "/api/rooms", token=right, source="127.0.2.9")
    assert other.status_code == 200


async def announce(
    attacker: Attacker, strict: Target, room: str, source: str, sub: str
) -> tuple[int, str]:
    body = {"channel": f"room:{room}", "message": "hello"}
    token = attacker.token(strict, sub=sub)
    answer = await attacker.ask(
        strict, "POST", "/api/announcements", body, token=token, source=source
    )
    return answer.status_code, answer.json().get("error", {}).get("scope", "")


async def test_rooms_made_from_one_address_by_many(
    attacker: Attacker, strict: Target, room: str
) -> None:
    outcomes = [
        await announce(attacker, strict, f"{room}-{n}", "127.0.1.5", f"maker-{n}") for n in range(9)
    ]
    assert outcomes == [(202, "")] * 6 + [(429, "address")] * 3


async def test_rooms_made_from_many_addresses_by_one(
    attacker: Attacker, strict: Target, room: str
) -> None:
    outcomes = [
        await announce(attacker, strict, f"{room}-{n}", f"127.0.3.{n + 1}", "one-maker")
        for n in range(6)
    ]
    assert outcomes == [(202, "")] * 3 + [(429, "member")] * 3


@pytest.mark.parametrize("scope", ["address", "member"])
async def test_jobs_that_wait(attacker: Attacker, strict: Target, scope: str) -> None:
    by_one = scope == "member"
    outcomes = []
    for number in range(12):
        token = attacker.token(strict, sub="one-asker" if by_one else f"asker-{number}")
        source = f"127.0.4.{number + 1}" if by_one else "127.0.1.6"
        body = {"type": "default", "content": "x"}
        answer = await attacker.ask(strict, "POST", "/api/jobs", body, token=token, source=source)
        outcomes.append(answer.json().get("error", {}).get("scope", "taken"))
    # One of them may run already.
    most = 3 if by_one else 6
    taken = outcomes.count("taken")
    assert most <= taken <= most + 1
    assert outcomes[taken:] == [scope] * (12 - taken)


async def test_frames_of_one_member_on_many_sockets_from_many_addresses(
    attacker: Attacker, strict: Target
) -> None:
    sockets = [
        attacker.client(
            strict, "/ws/system", token=attacker.token(strict, sub="flooder"), source=f"127.0.5.{n}"
        )
        for n in range(1, 6)
    ]
    async with everybody(sockets):
        for _ in range(30):
            for each in sockets:
                await each.send("ping")
        told = await sockets[-1].receive("error", code="rate_limited")
    assert told["payload"]["scope"] == "member"
    assert told["payload"]["retry_after_ms"] > 0


async def test_names_that_one_member_has_counted(
    attacker: Attacker, strict: Target, room: str
) -> None:
    token = attacker.token(strict, sub="namer")
    async with attacker.client(strict, "/ws/analytics", token=token, source="127.0.1.7") as client:
        for number in range(5):
            await client.send("analytics", {"event": f"{room}-{number}"})
        told = await client.receive("error", code="rate_limited")
    assert told["payload"]["scope"] == "member"


async def test_a_crowd_of_addresses_within_its_limits_is_served(
    attacker: Attacker, strict: Target
) -> None:
    async def one(number: int) -> list[int]:
        token = attacker.token(strict, sub=f"crowd-{number}")
        source = f"127.0.6.{number}"
        asked = [
            (
                await attacker.ask(strict, "GET", "/api/rooms", token=token, source=source)
            ).status_code
            for _ in range(5)
        ]
        return [*asked, await attacker.knock(strict, "/ws/chat", token=token, source=source)]

    async with asyncio.TaskGroup() as group:
        crowd = [group.create_task(one(number)) for number in range(1, 31)]
    assert [each.result() for each in crowd] == [[200] * 5 + [LET_IN]] * 30
