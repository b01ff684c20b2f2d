"""What the settings make of tokens."""

from pathlib import Path
from typing import Any

import pytest

from adapters.environment import load_settings
from adapters.identity.tokens import Tokens
from domain.capabilities import EVERYTHING
from domain.errors import TokenIsInvalid
from tests.doubles import ManualClock
from tests.unit.adapters.identity.signing import (
    ABSENT,
    SECRET,
    claims,
    published,
    with_rsa,
    with_secret,
)


def tokens_of(clock: ManualClock, **settings: Any) -> Tokens:
    return Tokens(load_settings(_env_file=None, **settings).auth, clock)


async def test_without_settings_no_token_is_believed_or_made(clock: ManualClock) -> None:
    tokens = tokens_of(clock)
    assert (tokens.verifier, tokens.minter) == (None, None)
    tokens.start()
    tokens.check()
    await tokens.stop()


async def test_a_secret_alone_makes_tokens_but_believes_none(clock: ManualClock) -> None:
    tokens = tokens_of(clock, auth_secret=SECRET)
    assert tokens.verifier is None
    assert tokens.minter is not None


async def test_what_is_minted_is_believed_under_the_same_settings(clock: ManualClock) -> None:
    tokens = tokens_of(clock, auth="jwt", auth_secret=SECRET, auth_issuer="us", auth_audience="us")
    assert tokens.minter is not None
    assert tokens.verifier is not None
    token = tokens.minter.mint("ada", name="Ada", capabilities=EVERYTHING, expires_in=60)
    assert (await tokens.verifier.verify(token)).member.name == "Ada"


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"auth_issuer": "us"}, {"iss": "them"}),
        ({"auth_audience": "us"}, {"aud": "them"}),
        ({"auth_leeway": 1}, {"nbf": ManualClock().now() + 2}),
        ({"auth_max_lifetime": 30}, {}),
        ({"auth_require_iat": True}, {"iat": ABSENT}),
    ],
    ids=lambda given: next(iter(given), "exp"),
)
async def test_every_setting_of_tokens_is_obeyed(
    clock: ManualClock, settings: dict[str, Any], wrong: dict[str, Any]
) -> None:
    token = with_secret().token(claims(**wrong))
    easy = {"auth": "jwt", "auth_secret": SECRET, "auth_leeway": 10}
    strict = tokens_of(clock, **{**easy, **settings}).verifier
    assert strict is not None
    with pytest.raises(TokenIsInvalid):
        await strict.verify(token)


async def test_published_keys_are_used_from_a_file(clock: ManualClock, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(published(with_rsa().jwk()))
    tokens = tokens_of(clock, auth="jwt", auth_jwks=str(file))
    assert tokens.minter is None
    assert tokens.verifier is not None
    tokens.start()
    try:
        assert (await tokens.verifier.verify(with_rsa().token())).member.id == "ada"
        tokens.check()
    finally:
        await tokens.stop()
