"""How long revocations promise to be known: see `application.identity_ports.Revocations`."""

import pytest

from adapters.environment import load_settings
from adapters.identity.claims import ClaimRules, identity_of
from application.identity_ports import Revocations
from domain.errors import TokenIsExpired
from tests.contracts.revocations import LIFE, LONG_OVER, revoked, somebody
from tests.doubles import ManualClock


class RevocationTimesContract:
    """Takes the fixtures that `RevocationsContract` takes."""

    async def test_it_is_known_as_long_as_a_token_could_live(
        self, revocations: Revocations, clock: ManualClock
    ) -> None:
        await revocations.revoke([revoked("sub:ada")])

        await clock.advance(LIFE - 1)
        assert revocations.is_revoked(somebody())
        await clock.advance(2)
        assert not revocations.is_revoked(somebody())

    @pytest.mark.parametrize("says_iat", [True, False], ids=["iat", "no iat"])
    @pytest.mark.parametrize(
        ("lifetime", "leeway", "grace"), [(60, 20, 0), (65, 10, 25)], ids=["leeway", "grace"]
    )
    async def test_no_token_that_was_believed_when_it_was_revoked_is_believed_again(
        self,
        revocations: Revocations,
        clock: ManualClock,
        says_iat: bool,
        lifetime: float,
        leeway: float,
        grace: float,
    ) -> None:
        """The longest token there can be, to its last moment."""
        auth = load_settings(
            _env_file=None,
            auth_max_lifetime=lifetime,
            auth_leeway=leeway,
            auth_grace=grace,
        ).auth
        assert auth.token_life == LIFE  # what `revocations` is made with
        rules = ClaimRules(leeway=leeway, max_lifetime=lifetime)
        claims = {"sub": "ada", "exp": clock.now() + lifetime + leeway}
        token = identity_of(claims | ({"iat": clock.now()} if says_iat else {}), rules, clock.now())
        await revocations.revoke([revoked("sub:ada", clock.now() + 1)])

        await clock.advance(lifetime + 2 * leeway - 0.5)
        assert identity_of(claims, rules, clock.now()).member == token.member
        assert revocations.is_revoked(token)

        await clock.advance(0.5)
        with pytest.raises(TokenIsExpired):
            identity_of(claims, rules, clock.now())

    async def test_revoking_again_prolongs_it(
        self, revocations: Revocations, clock: ManualClock
    ) -> None:
        await revocations.revoke([revoked("sub:ada")])
        await clock.advance(LIFE - 1)
        await revocations.revoke([revoked("sub:ada")])
        await clock.advance(LIFE - 1)

        assert revocations.is_revoked(somebody())

    async def test_a_clock_that_is_set_ahead_and_back_has_nothing_forgotten(
        self, revocations: Revocations, clock: ManualClock
    ) -> None:
        await revocations.revoke([revoked("sub:ada")])

        clock.set(LIFE + LONG_OVER)
        await revocations.revoke([revoked("sub:bob")])
        clock.set(-LIFE - LONG_OVER)

        assert revocations.is_revoked(somebody())

    async def test_a_clock_that_is_set_back_prolongs_it_as_it_does_the_token(
        self, revocations: Revocations, clock: ManualClock
    ) -> None:
        await revocations.revoke([revoked("sub:ada")])

        clock.set(-50)
        await clock.advance(LIFE + 1)

        assert revocations.is_revoked(somebody())
