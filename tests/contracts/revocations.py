"""What revocations promise: see `application.identity_ports.Revocations`."""

import asyncio
import math
from collections.abc import Sequence

import pytest

from application.errors import TooManyRevocations
from application.identity_ports import Revocations
from domain.errors import RevocationIsImpossible
from domain.identity import Identity, Member, MemberId
from domain.revocations import Revocation
from tests.doubles import BEGINNING, ManualClock

LIFE = 100.0
"""For how many seconds after its issue a token could be in use, for the fixture `revocations`."""

LIMIT = 5
"""How many targets it keeps."""

LONG_OVER = 300.0
"""Seconds on top of `LIFE` after which nothing of a revocation takes any room."""


def somebody(name: str = "ada", issued_at: float = BEGINNING - 10) -> Identity:
    return Identity(
        Member(MemberId(name)),
        has_token=True,
        issued_at=issued_at,
        token_id=f"token of {name}",
        login=f"login of {name}",
    )


def revoked(target: str, before: float = BEGINNING) -> Revocation:
    return Revocation.parse(target, before)


class Ears:
    """Listens, and remembers what it was told."""

    def __init__(self, revocations: Revocations) -> None:
        self.heard: list[Revocation] = []
        revocations.listen(self._hear)

    def _hear(self, news: Sequence[Revocation]) -> None:
        self.heard.extend(news)


class RevocationsContract:
    """Takes the fixtures `revocations` (`Revocations`), empty, bound to `LIMIT` and `LIFE`, and its
    `clock` (`ManualClock`)."""

    def test_nobody_is_revoked_at_first(self, revocations: Revocations) -> None:
        assert not revocations.is_revoked(somebody())

    @pytest.mark.parametrize("target", ["sub:ada", "sid:login of ada", "jti:token of ada"])
    async def test_a_member_a_login_and_a_token_can_be_revoked(
        self, revocations: Revocations, target: str
    ) -> None:
        await revocations.revoke([revoked(target)])

        assert revocations.is_revoked(somebody())
        assert not revocations.is_revoked(somebody("bob"))

    async def test_what_was_issued_at_that_moment_or_later_stays_good(
        self, revocations: Revocations
    ) -> None:
        await revocations.revoke([revoked("sub:ada", BEGINNING - 5)])

        assert revocations.is_revoked(somebody(issued_at=BEGINNING - 5.5))
        assert not revocations.is_revoked(somebody(issued_at=BEGINNING - 5))

    async def test_several_are_revoked_together(self, revocations: Revocations) -> None:
        await revocations.revoke([revoked("sub:ada"), revoked("sub:bob")])

        assert revocations.is_revoked(somebody("ada"))
        assert revocations.is_revoked(somebody("bob"))

    async def test_any_id_can_be_revoked(self, revocations: Revocations) -> None:
        names = ["Grüße 👋", 'a:b *?"\\', "__proto__", "~visitor"]

        for name in names:
            await revocations.revoke([revoked(f"sub:{name}")])

        assert all(revocations.is_revoked(somebody(name)) for name in names)

    @pytest.mark.parametrize("moments", [(-10.0, -5.0), (-5.0, -10.0)], ids=["later", "earlier"])
    async def test_of_one_target_the_latest_moment_counts(
        self, revocations: Revocations, moments: tuple[float, float]
    ) -> None:
        for moment in moments:
            await revocations.revoke([revoked("sub:ada", BEGINNING + moment)])

        assert revocations.is_revoked(somebody(issued_at=BEGINNING - 6))

    async def test_of_one_target_twice_at_once_the_latest_moment_counts(
        self, revocations: Revocations
    ) -> None:
        await revocations.revoke(
            [revoked("sub:ada", BEGINNING - 5), revoked("sub:ada", BEGINNING - 10)]
        )

        assert revocations.is_revoked(somebody(issued_at=BEGINNING - 6))

    async def test_revoking_nothing_changes_nothing(self, revocations: Revocations) -> None:
        ears = Ears(revocations)

        await revocations.revoke([])

        assert ears.heard == []

    @pytest.mark.parametrize("before", [BEGINNING + 61, math.inf, math.nan])
    async def test_what_will_be_issued_cannot_be_revoked(
        self, revocations: Revocations, before: float
    ) -> None:
        with pytest.raises(RevocationIsImpossible):
            await revocations.revoke([revoked("sub:bob"), revoked("sub:ada", before)])

        assert not revocations.is_revoked(somebody("ada"))
        assert not revocations.is_revoked(somebody("bob"))

    async def test_one_too_many_is_refused_with_all_that_came_with_it(
        self, revocations: Revocations
    ) -> None:
        await revocations.revoke([revoked(f"sub:{number}") for number in range(LIMIT - 1)])

        with pytest.raises(TooManyRevocations):
            await revocations.revoke([revoked("sub:ada"), revoked("sub:bob")])

        assert not revocations.is_revoked(somebody("ada"))
        assert revocations.is_revoked(somebody("0"))
        await revocations.revoke([revoked("sub:ada")])
        assert revocations.is_revoked(somebody("ada"))

    async def test_what_is_revoked_again_takes_no_more_room(
        self, revocations: Revocations, clock: ManualClock
    ) -> None:
        for name in "abbbbbbbbcabca":
            await clock.advance(1)
            await revocations.revoke([revoked(f"sub:{name}", clock.now())])

        await revocations.revoke([revoked("sub:d", clock.now())])
        assert all(revocations.is_revoked(somebody(name, BEGINNING)) for name in "abcd")

    async def test_what_is_over_makes_room(
        self, revocations: Revocations, clock: ManualClock
    ) -> None:
        await revocations.revoke([revoked(f"sub:{number}") for number in range(LIMIT)])
        await clock.advance(LIFE + LONG_OVER)

        await revocations.revoke([revoked("sub:ada")])

        assert revocations.is_revoked(somebody())

    async def test_many_at_once_are_no_more_than_that(self, revocations: Revocations) -> None:
        outcomes = await asyncio.gather(
            *(revocations.revoke([revoked(f"sub:{number}")]) for number in range(20)),
            return_exceptions=True,
        )

        assert [outcome for outcome in outcomes if outcome is None] == [None] * LIMIT
        refused = [outcome for outcome in outcomes if outcome is not None]
        assert [type(error) for error in refused] == [TooManyRevocations] * (20 - LIMIT)
        assert sum(revocations.is_revoked(somebody(f"{number}")) for number in range(20)) == LIMIT

    async def test_all_who_listen_are_told_of_each(self, revocations: Revocations) -> None:
        ada, bob = Ears(revocations), Ears(revocations)

        await revocations.revoke([revoked("sub:ada"), revoked("sub:bob")])

        assert ada.heard == bob.heard == [revoked("sub:ada"), revoked("sub:bob")]

    async def test_what_is_known_is_told_again_only_where_it_reaches_further(
        self, revocations: Revocations, clock: ManualClock
    ) -> None:
        ears = Ears(revocations)
        await revocations.revoke([revoked("sub:ada")])
        await clock.advance(10)

        await revocations.revoke([revoked("sub:ada")])
        await revocations.revoke([revoked("sub:ada", BEGINNING - 5)])
        await revocations.revoke([revoked("sub:ada", BEGINNING + 5)])

        assert ears.heard == [revoked("sub:ada"), revoked("sub:ada", BEGINNING + 5)]

    async def test_what_is_refused_is_not_told(self, revocations: Revocations) -> None:
        ears = Ears(revocations)

        with pytest.raises(TooManyRevocations):
            await revocations.revoke([revoked(f"sub:{number}") for number in range(LIMIT + 1)])

        assert ears.heard == []
