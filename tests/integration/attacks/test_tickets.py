"""Tickets: good once, for a moment, for one socket, and for no more than the token behind them."""

import asyncio

import pytest

from tests.integration.attacks.attacker import (
    API_KEY,
    LET_IN,
    Attacker,
    Target,
)

ROOM = "/ws/room/lobby"


async def knock_with(attacker: Attacker, target: Target, ticket: str) -> int:
    return await attacker.knock(target, f"{ROOM}?ticket={ticket}")


async def test_a_ticket_is_good_once(attacker: Attacker, members_only: Target) -> None:
    ticket = await attacker.ticket(members_only, attacker.token(members_only))
    assert await knock_with(attacker, members_only, ticket) == LET_IN
    assert await knock_with(attacker, members_only, ticket) == 401


async def test_of_twenty_who_redeem_a_ticket_at_once_one_comes_in(
    attacker: Attacker, members_only: Target
) -> None:
    ticket = await attacker.ticket(members_only, attacker.token(members_only))
    async with asyncio.TaskGroup() as group:
        tries = [group.create_task(knock_with(attacker, members_only, ticket)) for _ in range(20)]
    assert sorted(each.result() for each in tries) == [LET_IN, *[401] * 19]


@pytest.mark.parametrize(
    "change",
    [
        lambda ticket: ticket[:-1],
        lambda ticket: ticket + "A",
        lambda ticket: ticket.swapcase(),
        lambda ticket: ticket[::-1],
        lambda _: "",
        lambda _: "*",
        lambda _: "%00",
        lambda _: "A" * 5_000,
        lambda _: "%F0%9F%8E%9F",
    ],
    ids=["cut", "longer", "other case", "reversed", "empty", "*", "NUL", "long", "emoji"],
)
async def test_a_made_up_ticket_opens_nothing(
    attacker: Attacker, members_only: Target, change: object
) -> None:
    assert callable(change)
    ticket = await attacker.ticket(members_only, attacker.token(members_only))
    assert await knock_with(attacker, members_only, change(ticket)) == 401
    assert await knock_with(attacker, members_only, ticket) == LET_IN


async def test_a_ticket_of_another_service_opens_nothing(
    attacker: Attacker, members_only: Target, open_door: Target
) -> None:
    ticket = await attacker.ticket(open_door, attacker.token(open_door))
    assert await knock_with(attacker, members_only, ticket) == 401


async def test_a_ticket_is_no_permission_over_http(
    attacker: Attacker, members_only: Target
) -> None:
    ticket = await attacker.ticket(members_only, attacker.token(members_only))
    by_address = await attacker.ask(members_only, "GET", f"/api/rooms?ticket={ticket}")
    as_token = await attacker.ask(members_only, "GET", "/api/rooms", token=ticket)
    as_key = await attacker.ask(members_only, "GET", "/metrics", headers={"X-API-Key": ticket})
    assert [by_address.status_code, as_token.status_code, as_key.status_code] == [401] * 3


async def test_a_ticket_gives_no_ticket_and_a_visitor_gets_none(
    attacker: Attacker, open_door: Target
) -> None:
    ticket = await attacker.ticket(open_door, attacker.token(open_door))
    for path in ("/api/tickets", f"/api/tickets?ticket={ticket}"):
        assert (await attacker.ask(open_door, "POST", path)).status_code == 401
    keyed = await attacker.ask(open_door, "POST", "/api/tickets", token=API_KEY)
    assert keyed.status_code == 401


async def test_a_ticket_that_is_over_opens_nothing(
    attacker: Attacker, tmp_path_factory: pytest.TempPathFactory, members_only: Target
) -> None:
    issuer = members_only.issuer
    folder = tmp_path_factory.mktemp("hasty")
    with Target(folder, issuer, SWITCHBOARD_AUTH_TICKET_EXPIRY="1") as hasty:
        ticket = await attacker.ticket(hasty, attacker.token(hasty))
        await asyncio.sleep(1.2)  # no event tells of it: the time alone is over
        assert await knock_with(attacker, hasty, ticket) == 401


async def test_a_ticket_holds_no_more_than_its_token(
    attacker: Attacker, members_only: Target
) -> None:
    only_hall = [{"channels": ["room:hall"], "allow": ["sub"]}]
    ticket = await attacker.ticket(members_only, attacker.token(members_only, caps=only_hall))
    assert await knock_with(attacker, members_only, ticket) == 403
