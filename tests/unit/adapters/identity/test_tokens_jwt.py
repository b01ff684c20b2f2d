"""Tokens that are believed, signed with the secret or with a published key."""

from pathlib import Path

import pytest

from adapters.identity.claims import ClaimRules
from adapters.identity.jwks import FileSource, PublishedKeys
from adapters.identity.keys import SecretKey
from adapters.identity.tokens_jwt import JwtVerifier
from tests.contracts.token_verifier import LEEWAY, MAX_LIFETIME, Sign, TokenVerifierContract
from tests.doubles import ManualClock
from tests.unit.adapters.identity.signing import (
    ABSENT,
    SECRET,
    Issuer,
    claims,
    published,
    with_ec,
    with_ed,
    with_rsa,
    with_secret,
)

CLAIMS = claims()

RULES = ClaimRules(leeway=LEEWAY, max_lifetime=MAX_LIFETIME)


class TestTokensWithTheSecret(TokenVerifierContract):
    @pytest.fixture
    def verifier(self, clock: ManualClock) -> JwtVerifier:
        return JwtVerifier(SecretKey(SECRET), RULES, clock)

    @pytest.fixture
    def sign(self) -> Sign:
        return with_secret().token


class TestTokensWithPublishedKeys(TokenVerifierContract):
    @pytest.fixture(params=[with_rsa, with_ec, with_ed], ids=["RS256", "ES256", "EdDSA"])
    def issuer(self, request: pytest.FixtureRequest) -> Issuer:
        made: Issuer = request.param("key-1")
        return made

    @pytest.fixture
    def verifier(self, issuer: Issuer, clock: ManualClock, tmp_path: Path) -> JwtVerifier:
        file = tmp_path / "keys.json"
        others = [with_ec("key-2").jwk(), with_ed("key-3").jwk()]
        file.write_bytes(published(*others, issuer.jwk()))
        return JwtVerifier(PublishedKeys(FileSource(file), clock), RULES, clock)

    @pytest.fixture
    def sign(self, issuer: Issuer) -> Sign:
        return issuer.token


@pytest.fixture
def verifier(clock: ManualClock) -> JwtVerifier:
    return JwtVerifier(SecretKey(SECRET), RULES, clock)


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", "application/at+JWT", ABSENT])
async def test_a_token_may_say_that_it_is_one(verifier: JwtVerifier, kind: str) -> None:
    await verifier.verify(with_secret().token(header={"typ": kind}))


@pytest.mark.parametrize("key_id", ["", "any", "../../dev/null", "x' OR 1=1 --"])
async def test_where_there_is_one_secret_the_id_of_a_key_means_nothing(
    verifier: JwtVerifier, key_id: str
) -> None:
    await verifier.verify(with_secret().token(header={"kid": key_id}))


async def test_the_longest_token_is_read(verifier: JwtVerifier) -> None:
    token = with_secret().token({**CLAIMS, "pad": ""})
    pad = (8192 - len(token)) * 3 // 4
    token = with_secret().token({**CLAIMS, "pad": "x" * pad})
    assert 8190 <= len(token) <= 8192
    await verifier.verify(token)
