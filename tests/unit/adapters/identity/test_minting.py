"""Tokens that the service makes itself: its own verifier believes them, and so do others."""

import math
from typing import Any

import jwt
import pytest

from adapters.identity.claims import ClaimRules
from adapters.identity.keys import SecretKey
from adapters.identity.tokens_jwt import JwtMinter, JwtVerifier
from domain.capabilities import EVERYTHING, NOTHING, Capabilities
from domain.errors import TokenIsExpired, TokenIsImpossible
from domain.identity import Identity, Member, MemberId
from domain.revocations import Revocation
from tests.doubles import ManualClock
from tests.unit.adapters.identity.signing import SECRET

RULES = ClaimRules(issuer="https://us.example", audience="us", leeway=0, max_lifetime=600)


@pytest.fixture
def minter(clock: ManualClock) -> JwtMinter:
    return JwtMinter(SECRET, RULES, clock)


@pytest.fixture
def verifier(clock: ManualClock) -> JwtVerifier:
    return JwtVerifier(SecretKey(SECRET), RULES, clock)


def mint(minter: JwtMinter, subject: str = "ada", **others: Any) -> str:
    asked = {"name": None, "capabilities": EVERYTHING, "expires_in": 60.0, **others}
    return minter.mint(subject, **asked)


async def test_a_minted_token_says_what_was_asked_for(
    minter: JwtMinter, verifier: JwtVerifier, clock: ManualClock
) -> None:
    caps = Capabilities.parse([{"channels": ["room:*"], "allow": ["sub", "pub"]}])

    identity = await verifier.verify(mint(minter, name="Ada", capabilities=caps, login="s1"))

    assert identity.token_id
    assert identity == Identity(
        Member(MemberId("ada"), "Ada", recognised=True),
        caps,
        has_token=True,
        issued_at=clock.now(),
        expires_at=clock.now() + 60,
        token_id=identity.token_id,
        login="s1",
    )


@pytest.mark.parametrize("capabilities", [EVERYTHING, NOTHING])
async def test_everything_and_nothing_stay_what_they_are(
    minter: JwtMinter, verifier: JwtVerifier, capabilities: Capabilities
) -> None:
    identity = await verifier.verify(mint(minter, capabilities=capabilities))
    assert identity.capabilities == capabilities
    assert (identity.member.name, identity.login) == ("Someone", None)


async def test_a_minted_token_is_believed_for_the_time_that_was_asked_for(
    minter: JwtMinter, verifier: JwtVerifier, clock: ManualClock
) -> None:
    clock.shift(0.123456)
    token = mint(minter, expires_in=600)
    await verifier.verify(token)
    clock.shift(599.5)
    await verifier.verify(token)
    clock.shift(0.5)
    with pytest.raises(TokenIsExpired):
        await verifier.verify(token)


async def test_a_revocation_of_a_moment_before_leaves_a_new_token_alone(
    minter: JwtMinter, verifier: JwtVerifier, clock: ManualClock
) -> None:
    before = await verifier.verify(mint(minter))
    clock.shift(0.001)
    revocation = Revocation.parse("sub:ada", clock.now())
    after = await verifier.verify(mint(minter))

    assert revocation.covers(before)
    assert not revocation.covers(after)


def test_no_two_tokens_have_the_same_id(minter: JwtMinter) -> None:
    ids = {jwt.decode(mint(minter), options={"verify_signature": False})["jti"] for _ in range(9)}
    assert len(ids) == 9


def test_another_program_with_the_secret_reads_it(minter: JwtMinter) -> None:
    read = jwt.decode(
        mint(minter, name="Ada"),
        SECRET,
        algorithms=["HS256"],
        audience="us",
        issuer="https://us.example",
        options={"verify_exp": False},
    )
    assert (read["sub"], read["info"]) == ("ada", {"name": "Ada"})
    assert "caps" not in read


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"subject": ""}, "sub"),
        ({"subject": "x" * 201}, "sub"),
        ({"subject": "~ada"}, "visitors"),
        ({"subject": "a\nda"}, "sub"),
        ({"subject": "\ud800"}, "sub"),
        ({"login": ""}, "sid"),
        ({"name": ""}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"expires_in": 0}, "at most 600 seconds"),
        ({"expires_in": -1}, "at most 600 seconds"),
        ({"expires_in": 600.1}, "at most 600 seconds"),
        ({"expires_in": math.nan}, "at most 600 seconds"),
        ({"expires_in": math.inf}, "at most 600 seconds"),
        (
            {
                "capabilities": Capabilities.parse(
                    [{"channels": [f"room:{n}{'x' * 180}" for n in range(64)], "allow": ["sub"]}]
                )
            },
            "at most 8192 characters",
        ),
    ],
)
def test_what_no_token_may_say_is_refused(
    minter: JwtMinter, wrong: dict[str, Any], says: str
) -> None:
    with pytest.raises(TokenIsImpossible, match=says):
        mint(minter, **wrong)
