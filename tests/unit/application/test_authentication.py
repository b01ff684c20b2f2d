"""Who somebody is, by tokens and tickets, and who is no longer believed."""

from dataclasses import replace

import pytest

from domain.capabilities import EVERYTHING
from domain.errors import (
    MemberChanged,
    MintingIsOff,
    RevocationIsImpossible,
    TokenIsInvalid,
    TokenIsRevoked,
)
from domain.identity import NOBODY
from tests.doubles import ManualClock
from tests.identities import KnownTokens, ListedRevocations, authentication, identity

ADA = identity("ada", issued_at=100.0, login="s1", token_id="t1")
NEWER = identity("ada", issued_at=200.0, login="s1", token_id="t2")
BOB = identity("bob", issued_at=100.0)


@pytest.fixture
def tokens() -> KnownTokens:
    return KnownTokens(ada=ADA, newer=NEWER, bob=BOB)


async def test_a_token_says_who_it_is(tokens: KnownTokens) -> None:
    assert await authentication(tokens).verify("ada") == ADA


async def test_what_the_verifier_refuses_is_refused(tokens: KnownTokens) -> None:
    with pytest.raises(TokenIsInvalid):
        await authentication(tokens).verify("eve")


async def test_where_no_tokens_are_taken_none_is_believed() -> None:
    with pytest.raises(TokenIsInvalid):
        await authentication(None).verify("ada")


async def test_a_token_is_renewed_by_a_newer_one_of_the_same_member(tokens: KnownTokens) -> None:
    service = authentication(tokens)

    assert await service.renew(ADA, "newer") == NEWER
    assert await service.renew(NOBODY, "ada") == ADA
    with pytest.raises(MemberChanged):
        await service.renew(NEWER, "ada")
    with pytest.raises(MemberChanged):
        await service.renew(ADA, "bob")


async def test_a_ticket_is_good_once_and_for_whom_it_was_issued(tokens: KnownTokens) -> None:
    service = authentication(tokens)
    ticket = await service.issue_ticket(ADA)

    assert await service.redeem(ticket) == ADA
    with pytest.raises(TokenIsInvalid):
        await service.redeem(ticket)
    with pytest.raises(TokenIsInvalid):
        await service.redeem("no ticket")


@pytest.mark.parametrize("target", ["sub:ada", "sid:s1", "jti:t1"])
async def test_what_is_revoked_is_refused_however_it_comes_back(
    tokens: KnownTokens, target: str
) -> None:
    revocations = ListedRevocations()
    service = authentication(tokens, revocations, clock=ManualClock(150.0))
    ticket = await service.issue_ticket(ADA)

    await service.revoke([target], None)

    for comes_back in (
        service.verify("ada"),
        service.renew(NOBODY, "ada"),
        service.renew(ADA, "ada"),
        service.redeem(ticket),
    ):
        with pytest.raises(TokenIsRevoked):
            await comes_back
    assert await service.verify("newer") == NEWER
    assert await service.verify("bob") == BOB


async def test_a_token_without_iat_is_told_why_a_revocation_covers_it(tokens: KnownTokens) -> None:
    tokens.known["ageless"] = replace(ADA, issued_at=0.0)
    service = authentication(tokens, clock=ManualClock(150.0))
    await service.revoke(["sub:ada"], None)

    with pytest.raises(TokenIsRevoked, match="has no iat"):
        await service.verify("ageless")
    with pytest.raises(TokenIsRevoked, match=r"^This token was revoked\.$"):
        await service.verify("ada")


async def test_a_revocation_may_reach_back_or_ahead(tokens: KnownTokens) -> None:
    service = authentication(tokens, clock=ManualClock(1_000.0))

    await service.revoke(["sub:ada"], 100.0)
    assert await service.verify("ada") == ADA

    await service.revoke(["sub:ada"], 201.0)
    with pytest.raises(TokenIsRevoked):
        await service.verify("newer")


async def test_one_impossible_target_revokes_nothing(tokens: KnownTokens) -> None:
    service = authentication(tokens, clock=ManualClock(1_000.0))

    with pytest.raises(RevocationIsImpossible):
        await service.revoke(["sub:ada", "ada"], None)

    assert await service.verify("ada") == ADA


def test_without_a_secret_no_token_is_made() -> None:
    with pytest.raises(MintingIsOff):
        authentication(None).mint("ada", name=None, capabilities=EVERYTHING, expires_in=60)
