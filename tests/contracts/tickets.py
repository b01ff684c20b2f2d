"""What tickets promise: see `application.identity_ports.Tickets`."""

import asyncio
from dataclasses import MISSING, fields, replace

import pytest

from application.identity_ports import Tickets
from domain.capabilities import EVERYTHING, NOTHING, Capabilities, Grant, Right
from domain.identity import Identity, Member, MemberId
from tests.doubles import BEGINNING, ManualClock

EXPIRY = 30.0
"""For how many seconds the fixture `tickets` has them good."""

SOME = Capabilities(
    (
        Grant(("room:lobby", "room:team:*"), frozenset({Right.SUBSCRIBE, Right.PUBLISH})),
        Grant(("*",), frozenset({Right.HISTORY})),
    )
)

ADA = Identity(
    Member(MemberId('ada "👋" \\ é'), "Ada Lovelace", recognised=True),
    SOME,
    has_token=True,
    issued_at=BEGINNING - 10.25,
    expires_at=BEGINNING + 600.5,
    token_id="token 7",
    login="login 3",
    is_operator=True,
)


class TicketsContract:
    """Takes the fixtures `tickets` (`Tickets`), with none issued, bound to `EXPIRY`, and its
    `clock` (`ManualClock`)."""

    @pytest.mark.parametrize("capabilities", [SOME, EVERYTHING, NOTHING])
    async def test_a_ticket_stands_for_the_whole_identity(
        self, tickets: Tickets, capabilities: Capabilities
    ) -> None:
        for field in fields(Identity):
            assert field.default is MISSING or getattr(ADA, field.name) != field.default
        identity = replace(ADA, capabilities=capabilities)

        assert await tickets.redeem(await tickets.issue(identity)) == identity

    async def test_one_without_a_token_has_no_end_but_the_tickets(
        self, tickets: Tickets, clock: ManualClock
    ) -> None:
        visitor = Identity(Member(MemberId("~visitor")), issued_at=BEGINNING)
        ticket = await tickets.issue(visitor)

        await clock.advance(EXPIRY - 2)

        assert await tickets.redeem(ticket) == visitor

    async def test_it_is_good_once(self, tickets: Tickets) -> None:
        ticket = await tickets.issue(ADA)

        assert await tickets.redeem(ticket) == ADA
        assert await tickets.redeem(ticket) is None

    async def test_of_many_who_redeem_it_at_once_one_gets_it(self, tickets: Tickets) -> None:
        ticket = await tickets.issue(ADA)

        found = await asyncio.gather(*(tickets.redeem(ticket) for _ in range(20)))

        assert [identity for identity in found if identity is not None] == [ADA]

    async def test_each_is_new_and_stands_for_its_own(self, tickets: Tickets) -> None:
        bob = replace(ADA, member=Member(MemberId("bob")))
        issued = [await tickets.issue(identity) for identity in (ADA, bob, ADA)]

        assert len(set(issued)) == 3
        assert [await tickets.redeem(ticket) for ticket in issued] == [ADA, bob, ADA]

    async def test_it_can_be_guessed_by_nobody_and_stand_in_a_url(self, tickets: Tickets) -> None:
        ticket = await tickets.issue(ADA)

        assert len(ticket) >= 43  # 256 bits, six in each character
        assert ticket.isascii()
        assert ticket.replace("-", "").replace("_", "").isalnum()

    @pytest.mark.parametrize(
        "text", ["", "x", "A" * 43, "\ud800", "\0", "ü" * 43, "x" * 100_000], ids=ascii
    )
    async def test_what_was_never_issued_stands_for_nobody(
        self, tickets: Tickets, text: str
    ) -> None:
        await tickets.issue(ADA)

        assert await tickets.redeem(text) is None

    async def test_nothing_but_the_ticket_itself_stands_for_somebody(
        self, tickets: Tickets
    ) -> None:
        ticket = await tickets.issue(ADA)

        for text in (f"{ticket} ", f" {ticket}", f"{ticket}\n", ticket[:-1], ticket.swapcase()):
            assert await tickets.redeem(text) is None
        assert await tickets.redeem(ticket) == ADA

    async def test_it_is_over_after_its_time(self, tickets: Tickets, clock: ManualClock) -> None:
        ticket, later = await tickets.issue(ADA), await tickets.issue(ADA)

        await clock.advance(EXPIRY - 2)
        assert await tickets.redeem(ticket) == ADA
        await clock.advance(3)
        assert await tickets.redeem(later) is None

    async def test_it_does_not_outlive_its_token(
        self, tickets: Tickets, clock: ManualClock
    ) -> None:
        brief = replace(ADA, expires_at=BEGINNING + 10)
        ticket, later = await tickets.issue(brief), await tickets.issue(brief)

        await clock.advance(9)
        assert await tickets.redeem(ticket) == brief
        await clock.advance(1)
        assert await tickets.redeem(later) is None

    async def test_one_for_a_token_that_is_over_stands_for_nobody(self, tickets: Tickets) -> None:
        ticket = await tickets.issue(replace(ADA, expires_at=BEGINNING - 1))

        assert await tickets.redeem(ticket) is None
