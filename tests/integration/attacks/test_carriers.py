"""Addresses and headers: a token comes by a carrier of the protocol, once, or not at all."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from tests.integration.attacks.attacker import (
    API_KEY,
    LET_IN,
    Attacker,
    Target,
    basic,
    bearer,
    offered,
)
from tests.unit.adapters.identity.signing import with_secret

ROOM = "/ws/room/lobby"


# Addresses.


@pytest.mark.parametrize(
    "query",
    [
        "token={token}",
        "access_token={token}",
        "ticket={token}",
        "since={token}",
        "authorization=Bearer%20{token}",
        "token={encoded}",
        "token={token}&token=none",
        "{token}",
        "{token}=1",
        "a=1&b=2&jwt={token}",
    ],
)
async def test_a_token_in_an_address_is_refused_however_good_it_is(
    attacker: Attacker, open_door: Target, query: str
) -> None:
    token = attacker.token(open_door)
    encoded = "".join(f"%{ord(letter):02x}" for letter in token)
    asked = query.format(token=token, encoded=encoded)
    assert await attacker.knock(open_door, f"{ROOM}?{asked}") == 401
    assert await attacker.knock(open_door, f"{ROOM}?{asked}", token=token) == 401
    answer = await attacker.ask(open_door, "GET", f"/api/rooms?{asked}")
    assert answer.status_code == 401
    assert token not in answer.text


# Headers.


async def test_the_first_carrier_counts_and_a_bad_one_is_not_passed_over(
    attacker: Attacker, open_door: Target
) -> None:
    good, bad = attacker.token(open_door), with_secret("x" * 40).token({"sub": "ada"})
    assert await attacker.knock(open_door, ROOM, token=bad, subprotocols=offered(good)) == 401
    ticket = await attacker.ticket(open_door, good)
    assert await attacker.knock(open_door, f"{ROOM}?ticket={ticket}", token=bad) == 401
    by_protocol = await attacker.knock(
        open_door, f"{ROOM}?ticket={ticket}", subprotocols=offered(bad)
    )
    assert by_protocol == 401
    # It was no carrier that counted, so it is not used up.
    assert await attacker.knock(open_door, f"{ROOM}?ticket={ticket}") == LET_IN


async def test_two_tokens_among_the_subprotocols_are_refused(
    attacker: Attacker, open_door: Target
) -> None:
    token = attacker.token(open_door)
    both = [*offered(token), *offered(attacker.token(open_door, sub="bob"))[1:]]
    assert await attacker.knock(open_door, ROOM, subprotocols=both) == 401


HEADERS: Mapping[str, Sequence[tuple[str, str]]] = {
    "two of them, both good": [("Authorization", "Bearer {good}")] * 2,
    "the second good": [("Authorization", "Bearer x"), ("Authorization", "Bearer {good}")],
    "two keys": [("X-API-Key", "{key}"), ("X-API-Key", "{key}")],
    "a list": [("Authorization", "Bearer {good}, Bearer {good}")],
    "a tab for a space": [("Authorization", "Bearer\t{good}")],
    "another scheme": [("Authorization", "Basic {good}")],
    "basic": [("Authorization", basic("ada", API_KEY))],
    "no scheme": [("Authorization", "{good}")],
    "a scheme with more to it": [("Authorization", "BearerX {good}")],
    "more behind it": [("Authorization", "Bearer {good} {good}")],
    "quoted": [("Authorization", 'Bearer "{good}"')],
    "a key cut short": [("X-API-Key", API_KEY[:-1])],
    "a key with more": [("X-API-Key", API_KEY + "x")],
    "a key in capitals": [("X-API-Key", API_KEY.upper())],
    "no key": [("X-API-Key", "")],
    "a token for a key": [("X-API-Key", "{good}")],
    "a forwarded one": [("X-Forwarded-Authorization", "Bearer {good}")],
    "a cookie": [("Cookie", "authorization=Bearer {good}; token={good}")],
    "an override": [("X-Original-URL", "/healthz"), ("X-HTTP-Method-Override", "OPTIONS")],
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS.keys())
async def test_a_header_that_is_not_as_it_should_be_opens_nothing(
    attacker: Attacker, members_only: Target, headers: Sequence[tuple[str, str]]
) -> None:
    good = attacker.token(members_only)
    sent = [(name, value.format(good=good, key=API_KEY)) for name, value in headers]
    for method, path in (("GET", "/metrics"), ("GET", "/api/rooms"), ("POST", "/api/tickets")):
        answer = await attacker.ask(members_only, method, path, headers=sent)
        assert answer.status_code == 401, (path, answer.text)


RAW: Mapping[str, str] = {
    "folded": "Authorization: Bearer\r\n {good}\r\n",
    "a space before the colon": "Authorization : Bearer {good}\r\n",
    "bytes that are no ASCII": "Authorization: Bearer ü{good}\r\n",
    "a NUL": "Authorization: Bearer \0{good}\r\n",
    "a lone CR": "X: y\rAuthorization: Bearer {good}\r\n",
    "an underscore": "X_API_Key: {key}\r\n",
    "two lengths": "Content-Length: 0\r\nContent-Length: 5\r\n",
    "a length and chunks": "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
    "chunks twice": "Transfer-Encoding: chunked, identity\r\n",
    "a negative length": "Content-Length: -1\r\n",
}


@pytest.mark.parametrize("headers", RAW.values(), ids=RAW.keys())
async def test_what_smuggles_a_header_or_a_second_request_gets_nothing(
    attacker: Attacker, members_only: Target, headers: str
) -> None:
    sent = headers.format(good=attacker.token(members_only), key=API_KEY)
    answer = await attacker.send_bytes(
        members_only,
        f"POST /api/tickets HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{sent}\r\n"
        f"0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n{bearer_line()}\r\n\r\n",
    )
    assert b"ticket" not in answer
    assert b"switchboard_connections" not in answer
    assert b"HTTP/1.1 2" not in answer


def bearer_line() -> str:
    [(name, value)] = bearer(API_KEY).items()
    return f"{name}: {value}"


# Guesses.


async def test_a_thousand_guesses_at_a_key_find_none(
    attacker: Attacker, members_only: Target
) -> None:
    async def guess(number: int) -> None:
        answer = await attacker.ask(
            members_only, "GET", "/metrics", headers={"X-API-Key": f"{API_KEY[:-4]}{number:04}"}
        )
        assert answer.status_code == 401

    for start in range(0, 1_000, 50):
        async with asyncio.TaskGroup() as group:
            for number in range(start, start + 50):
                group.create_task(guess(number))
