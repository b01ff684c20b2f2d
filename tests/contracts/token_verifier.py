"""What a verifier promises: see `application.identity_ports.TokenVerifier`."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import pytest

from application.identity_ports import TokenVerifier
from domain.capabilities import Capabilities
from domain.errors import TokenIsExpired, TokenIsInvalid
from domain.identity import Identity, Member, MemberId
from tests.doubles import ManualClock

Sign: TypeAlias = Callable[[Mapping[str, Any]], str]
"""A token with these claims, signed as the verifier expects."""

LEEWAY = 10.0
MAX_LIFETIME = 3600.0


class TokenVerifierContract:
    """Takes the fixtures `verifier` (`TokenVerifier`) with `LEEWAY` and `MAX_LIFETIME`, `sign`
    (`Sign`), and the verifier's `clock` (`ManualClock`)."""

    async def test_a_token_says_who_comes_and_until_when(
        self, verifier: TokenVerifier, sign: Sign, clock: ManualClock
    ) -> None:
        now = clock.now()
        token = sign({"sub": "ada", "iat": now - 1, "exp": now + 60, "info": {"name": "Ada"}})

        assert await verifier.verify(token) == Identity(
            Member(MemberId("ada"), "Ada", recognised=True),
            has_token=True,
            issued_at=now - 1,
            expires_at=now + 60,
        )

    async def test_a_token_says_what_is_allowed_and_what_revokes_it(
        self, verifier: TokenVerifier, sign: Sign, clock: ManualClock
    ) -> None:
        caps = [{"channels": ["room:team:*"], "allow": ["sub"]}]
        exp = clock.now() + 60
        token = sign({"sub": "ada", "exp": exp, "jti": "t1", "sid": "s1", "caps": caps})

        identity = await verifier.verify(token)

        assert identity.capabilities == Capabilities.parse(caps)
        assert (identity.token_id, identity.login, identity.issued_at) == ("t1", "s1", 0)

    async def test_a_token_is_believed_until_it_expires_and_a_little_longer(
        self, verifier: TokenVerifier, sign: Sign, clock: ManualClock
    ) -> None:
        token = sign({"sub": "ada", "exp": clock.now() + 60})

        clock.shift(60 + LEEWAY - 1)
        await verifier.verify(token)
        clock.shift(1)
        with pytest.raises(TokenIsExpired):
            await verifier.verify(token)

    async def test_a_token_is_not_believed_before_its_time(
        self, verifier: TokenVerifier, sign: Sign, clock: ManualClock
    ) -> None:
        now = clock.now()
        for claim in ("nbf", "iat"):
            token = sign({"sub": "ada", "exp": now + 60, claim: clock.now() + LEEWAY + 1})
            with pytest.raises(TokenIsInvalid):
                await verifier.verify(token)
            clock.shift(1)
            await verifier.verify(token)

    async def test_a_token_that_lives_for_too_long_is_not_believed(
        self, verifier: TokenVerifier, sign: Sign, clock: ManualClock
    ) -> None:
        now = clock.now()
        longest = now + MAX_LIFETIME + LEEWAY
        await verifier.verify(sign({"sub": "ada", "exp": longest}))
        for wrong in ({"exp": longest + 1}, {"exp": longest, "iat": now - 1}):
            with pytest.raises(TokenIsInvalid):
                await verifier.verify(sign({"sub": "ada", **wrong}))

    async def test_a_token_that_was_changed_is_not_believed(
        self, verifier: TokenVerifier, sign: Sign, clock: ManualClock
    ) -> None:
        exp = clock.now() + 60
        first, _, signature = sign({"sub": "ada", "exp": exp}).split(".")
        _, other, _ = sign({"sub": "bob", "exp": exp}).split(".")

        with pytest.raises(TokenIsInvalid):
            await verifier.verify(f"{first}.{other}.{signature}")
        with pytest.raises(TokenIsInvalid):
            await verifier.verify(f"{first}.{other}.")

    @pytest.mark.parametrize("nonsense", ["", ".", "..", "a.b.c", "é.é.é", "\ud800", "x" * 100_000])
    async def test_nonsense_is_no_token(self, verifier: TokenVerifier, nonsense: str) -> None:
        with pytest.raises(TokenIsInvalid):
            await verifier.verify(nonsense)
