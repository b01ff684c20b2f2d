"""Tokens that somebody made up: none is believed, and none does more than be refused."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.identity.claims import ClaimRules
from adapters.identity.keys import Keys, KeySet, SecretKey, parse_keys
from adapters.identity.tokens_jwt import TOKEN_LENGTH, JwtVerifier
from domain.errors import TokenIsExpired, TokenIsInvalid
from tests.doubles import ManualClock
from tests.unit.adapters.identity.signing import (
    ABSENT,
    SECRET,
    Issuer,
    base64url,
    claims,
    encoded,
    published,
    rsa_key,
    with_ec,
    with_rsa,
    with_secret,
)


class FixedKeys(Keys):
    """A set that never changes."""

    def __init__(self, *issuers: Issuer) -> None:
        self.set: KeySet = parse_keys(published(*(issuer.jwk() for issuer in issuers)))

    async def find(self, key_id: str | None, algorithm: str) -> Any:
        return self.set.find(key_id, algorithm)


def verifier_of(keys: Keys) -> JwtVerifier:
    return JwtVerifier(keys, ClaimRules(), ManualClock())


WITH_SECRET = verifier_of(SecretKey(SECRET))
OURS = with_secret()
NOT_OURS = with_secret("another secret of at least thirty-two bytes")


async def test_the_token_that_the_others_are_made_of_is_believed() -> None:
    await WITH_SECRET.verify(OURS.token())


def joined(*parts: Any) -> str:
    return ".".join(part if isinstance(part, str) else base64url(encoded(part)) for part in parts)


HEADER = {"alg": "HS256", "typ": "JWT"}
SIGNATURE = OURS.token().rpartition(".")[2]
DEEP = b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}"

HOSTILE: dict[str, str] = {
    # The algorithm.
    "alg none": joined({"alg": "none"}, claims(), ""),
    "alg none, with a signature": joined({"alg": "none"}, claims(), SIGNATURE),
    "alg None": joined({"alg": "None"}, claims(), ""),
    "alg nOnE": joined({"alg": "nOnE"}, claims(), ""),
    "no alg": joined({"typ": "JWT"}, claims(), SIGNATURE),
    "alg null": OURS.token(header={"alg": None}),
    "alg a number": OURS.token(header={"alg": 256}),
    "alg a list": OURS.token(header={"alg": ["HS256"]}),
    "alg empty": OURS.token(header={"alg": ""}),
    "alg HS512 over our signature": OURS.token(header={"alg": "HS512"}),
    "really HS384": Issuer("HS384", SECRET.encode(), None).token(),
    "really HS512": Issuer("HS512", SECRET.encode(), None).token(),
    "RS256 where there is a secret": with_rsa().token(),
    "ES256 where there is a secret": with_ec().token(),
    # The signature.
    "another secret": NOT_OURS.token(),
    "an empty secret": joined(HEADER, claims(), base64url(b"")),
    "no signature": joined(HEADER, claims(), ""),
    "another token's signature": joined(HEADER, claims(sub="mallory"), SIGNATURE),
    "a signature cut short": OURS.token()[:-4],
    "a signature with more behind it": OURS.token() + "AAAA",
    "the last bits changed": OURS.token()[:-1] + chr(ord(OURS.token()[-1]) ^ 1),
    # Keys that the token brings.
    "its own jwk": NOT_OURS.token(header={"jwk": {"kty": "oct", "k": "AAAA"}}),
    "a jku": NOT_OURS.token(header={"jku": "https://evil.example/keys"}),
    "an x5u": NOT_OURS.token(header={"x5u": "https://evil.example/cert"}),
    "an x5c": NOT_OURS.token(header={"x5c": ["MIIB"]}),
    "kid a file": NOT_OURS.token(header={"kid": "../../../../dev/null"}),
    "kid SQL": NOT_OURS.token(header={"kid": "x' UNION SELECT 'secret' --"}),
    "kid an address": NOT_OURS.token(header={"kid": "https://evil.example/"}),
    "kid very long": OURS.token(header={"kid": "k" * 201}),
    "kid a number": OURS.token(header={"kid": 1}),
    "kid null": OURS.token(header={"kid": None}),
    "kid a list": OURS.token(header={"kid": ["key-1"]}),
    "kid an object": OURS.token(header={"kid": {"$ne": ""}}),
    # The rest of the header.
    "crit unknown": OURS.token(header={"crit": ["exp"], "exp": 1}),
    "crit empty": OURS.token(header={"crit": []}),
    "crit no list": OURS.token(header={"crit": "b64"}),
    "b64 known to PyJWT": OURS.token(header={"crit": ["b64"], "b64": True}),
    "a payload outside the token": OURS.token(header={"crit": ["b64"], "b64": False}),
    "typ of another token": OURS.token(header={"typ": "logout+jwt"}),
    "typ a number": OURS.token(header={"typ": 1}),
    "typ null": OURS.token(header={"typ": None}),
    "header a list": OURS.token(header=b'["HS256"]'),
    "header a text": OURS.token(header=b'"HS256"'),
    "header no JSON": OURS.token(header=b"HS256"),
    "header empty": OURS.token(header=b""),
    "header deep": OURS.token(header=DEEP),
    "header not UTF-8": OURS.token(header=b'{"alg":"HS256","x":"\xff"}'),
    "header in UTF-16": OURS.token(header=json.dumps(HEADER).encode("utf-16")),
    "header says alg twice": OURS.token(header=b'{"alg":"none","alg":"HS256"}'),
    "header has a huge number": OURS.token(header=b'{"alg":"HS256","x":' + b"9" * 5000 + b"}"),
    # The payload.
    "payload a list": OURS.token([claims()]),
    "payload null": OURS.token(b"null"),
    "payload a token": OURS.token(OURS.token().encode()),
    "payload empty": OURS.token(b""),
    "payload deep": OURS.token(DEEP),
    "payload not UTF-8": OURS.token(encoded(claims()).replace(b"ada", b"\xff\xfe")),
    "payload in UTF-32": OURS.token(json.dumps(claims()).encode("utf-32")),
    "payload after a byte order mark": OURS.token(b"\xef\xbb\xbf" + encoded(claims())),
    "payload says sub twice": OURS.token(b'{"sub":"mallory",' + encoded(claims())[1:]),
    "payload says a name twice": OURS.token(
        encoded(claims())[:-1] + b',"info":{"name":"A","name":"B"}}'
    ),
    "payload has NaN": OURS.token({**claims(), "x": float("nan")}),
    "payload has Infinity": OURS.token({**claims(), "x": float("inf")}),
    "payload has a huge number": OURS.token(encoded(claims())[:-1] + b',"x":' + b"9" * 5000 + b"}"),
    "payload has more behind it": OURS.token(encoded(claims()) + b"{}"),
    # The form.
    "two parts": joined(HEADER, claims()),
    "four parts": f"{OURS.token()}.AAAA",
    "five parts, as encrypted tokens have": joined({"alg": "dir", "enc": "A256GCM"}, *"abcd"),
    "a space before": f" {OURS.token()}",
    "a line break behind": f"{OURS.token()}\n",
    "a space inside": OURS.token().replace(".", ". ", 1),
    "Bearer before it": f"Bearer {OURS.token()}",
    "padding": "=.".join(OURS.token().rsplit(".", 1)),
    "base64 of the other alphabet": OURS.token({**claims(), "x": "~~~???"}).replace("_", "/", 1)
    + "+",
    "a header of one character": f"e.{OURS.token().partition('.')[2]}",
    "JSON in place of the compact form": json.dumps({"payload": "", "signatures": []}),
    "a NUL": f"{OURS.token()}\0",
    "other letters": OURS.token().replace("e", "е"),
    "half a character": "\ud800" + OURS.token(),
    "longer than is read": OURS.token({**claims(), "x": "x" * TOKEN_LENGTH}),
    "a million dots": "." * 1_000_000,
}


@pytest.mark.parametrize("token", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_token_is_refused(token: str) -> None:
    with pytest.raises(TokenIsInvalid) as refused:
        await WITH_SECRET.verify(token)
    # Nothing of the token is told: details are logged, and shown to whoever sent it.
    for told in ("evil.example", "UNION", "logout", "mallory"):
        assert told not in refused.value.detail


async def test_what_is_too_long_is_not_decoded() -> None:
    with pytest.raises(TokenIsInvalid, match=f"at most {TOKEN_LENGTH} characters"):
        await WITH_SECRET.verify(HOSTILE["longer than is read"])


# Published keys.

RSA, OTHER_RSA, EC = with_rsa("rsa"), with_rsa("rsa", number=1), with_ec("ec")
WITH_KEYS = verifier_of(FixedKeys(RSA, EC))


def pem() -> bytes:
    return rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def der() -> bytes:
    return rsa_key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def confused(secret: bytes, **header: Any) -> str:
    """Signed with HMAC, with something that everybody can know as its secret."""
    return Confuser("HS256", secret, None).token(header=header)


class Confuser(Issuer):
    """PyJWT itself refuses to sign with such secrets."""

    def sign(self, raw: bytes) -> bytes:
        return hmac.new(self._key, raw, hashlib.sha256).digest()


WITH_PUBLIC_KEY: dict[str, Callable[[], str]] = {
    "PEM as secret": lambda: confused(pem(), kid="rsa"),
    "PEM as secret, called RS256": lambda: confused(pem(), kid="rsa", alg="RS256"),
    "DER as secret": lambda: confused(der(), kid="rsa"),
    "JWK as secret": lambda: confused(json.dumps(RSA.jwk()).encode(), kid="rsa"),
    "modulus as secret": lambda: confused(RSA.jwk()["n"].encode(), kid="rsa"),
    "nothing as secret": lambda: confused(b"", kid="rsa"),
    "alg none": lambda: joined({"alg": "none", "kid": "rsa"}, claims(), ""),
    "alg none over a signature": lambda: RSA.token(header={"alg": "none"}),
    "alg of another key": lambda: RSA.token(header={"alg": "ES256"}),
    "kid of another key": lambda: RSA.token(header={"kid": "ec"}),
    "kid and alg of another key": lambda: RSA.token(header={"kid": "ec", "alg": "ES256"}),
    "PS256 of the same key": lambda: Issuer("PS256", rsa_key(), "rsa").token(),
    "RS512 of the same key": lambda: Issuer("RS512", rsa_key(), "rsa").token(),
    "another key under its id": OTHER_RSA.token,
    "an unknown id": lambda: RSA.token(header={"kid": "rsa "}),
    "an empty id": lambda: RSA.token(header={"kid": ""}),
    "an id in other letters": lambda: RSA.token(header={"kid": "RSA"}),
    "its own jwk": lambda: OTHER_RSA.token(header={"jwk": OTHER_RSA.jwk()}),
    "a signature of zeros": lambda: f"{EC.token().rpartition('.')[0]}.{base64url(bytes(64))}",
    "a signature of DER": lambda: f"{EC.token().rpartition('.')[0]}.{base64url(b'0' * 70)}",
    "an empty signature": lambda: f"{EC.token().rpartition('.')[0]}.",
}


@pytest.mark.parametrize("make", WITH_PUBLIC_KEY.values(), ids=WITH_PUBLIC_KEY)
async def test_a_public_key_is_no_secret_and_no_key_is_used_otherwise_than_is_published(
    make: Callable[[], str],
) -> None:
    await WITH_KEYS.verify(RSA.token())
    await WITH_KEYS.verify(EC.token())
    with pytest.raises(TokenIsInvalid):
        await WITH_KEYS.verify(make())


async def test_a_token_without_kid_needs_the_only_key_of_its_algorithm() -> None:
    without = {"kid": ABSENT}
    await WITH_KEYS.verify(RSA.token(header=without))
    several = verifier_of(FixedKeys(RSA, with_rsa("other", number=1)))
    with pytest.raises(TokenIsInvalid, match="kid"):
        await several.verify(RSA.token(header=without))


async def test_of_several_keys_with_one_id_any_may_have_signed() -> None:
    verifier = verifier_of(FixedKeys(OTHER_RSA, RSA, with_ec("rsa")))
    for issuer in (RSA, OTHER_RSA):
        await verifier.verify(issuer.token())


# Whatever comes.

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=9,
)
CLAIM_NAMES = st.sampled_from(
    ["sub", "exp", "iat", "nbf", "iss", "aud", "jti", "sid", "info", "caps"]
)
PARTS = st.sampled_from([*OURS.token().split("."), "", "e30", "bnVsbA", base64url(DEEP)])


async def judge(token: str) -> None:
    try:
        await WITH_SECRET.verify(token)
    except (TokenIsInvalid, TokenIsExpired):
        return
    # Only what was signed is believed.
    signed, _, signature = token.rpartition(".")
    assert signature == base64url(OURS.sign(signed.encode("ascii")))


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
@example("\ud800.\ud800.\ud800")
async def test_no_text_does_more_than_be_refused(text: str) -> None:
    await judge(text)


@given(st.lists(PARTS | st.text("AZaz09-_=+/ ", max_size=9), max_size=6))
async def test_no_parts_do_more_than_be_refused(parts: list[str]) -> None:
    await judge(".".join(parts))


@given(st.binary(max_size=99) | JSON, st.binary(max_size=99) | JSON)
async def test_no_header_and_payload_do_more_than_be_refused(header: Any, payload: Any) -> None:
    await judge(OURS.token(encoded(payload), encoded(header)))


@given(st.dictionaries(CLAIM_NAMES, JSON), st.dictionaries(CLAIM_NAMES, JSON))
async def test_no_claims_do_more_than_be_refused(wrong: Any, in_header: Any) -> None:
    await judge(OURS.token({**claims(), **wrong}, in_header))
