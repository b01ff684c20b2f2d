"""Which published keys are used, and what is said of the others."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.identity.keys import MAX_KEYS, KeySetIsUnusable, parse_keys
from tests.unit.adapters.identity.signing import (
    ABSENT,
    Issuer,
    base64url,
    published,
    rsa_key,
    with_ec,
    with_ed,
    with_rsa,
)

GOOD = with_ed("good").jwk()


def short_rsa() -> dict[str, Any]:
    return Issuer("RS256", rsa_key(1024)).jwk()


def private() -> dict[str, Any]:
    return with_ec().jwk(d=base64url(b"1" * 32))


UNUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "a shared secret": (lambda: {"kty": "oct", "k": base64url(b"x" * 32)}, "shared secret"),
    "a private key": (private, "private key"),
    "a short RSA key": (short_rsa, "has 1024 bits"),
    "a curve that is not used": (
        lambda: {**with_ec().jwk(alg=ABSENT), "crv": "P-384"},
        "no kind that is used",
    ),
    "Ed448": (lambda: {**with_ed().jwk(), "crv": "Ed448"}, "no kind that is used"),
    "an unknown kind": (lambda: {"kty": "AKP", "pub": "x"}, "no kind that is used"),
    "no kind": (lambda: {"kid": "x"}, "malformed"),
    "a kind that is no text": (lambda: {"kty": ["RSA"]}, "malformed"),
    "a curve that is no text": (lambda: {**with_ec().jwk(), "crv": 1}, "malformed"),
    "another algorithm": (lambda: with_rsa().jwk(alg="RS512"), "another algorithm"),
    "an algorithm of another kind": (lambda: with_rsa().jwk(alg="HS256"), "another algorithm"),
    "alg none": (lambda: with_rsa().jwk(alg="none"), "another algorithm"),
    "for encryption": (lambda: with_rsa().jwk(use="enc"), "not for signatures"),
    "for signing only": (lambda: with_rsa().jwk(key_ops=["sign"]), "not for verifying"),
    "an id that is no text": (lambda: with_ec().jwk(kid=1), "kid"),
    "an id that is too long": (lambda: with_ec().jwk(kid="k" * 201), "kid"),
    "RSA with exponent 1": (lambda: with_rsa().jwk(e="AQ"), "malformed"),
    "RSA without modulus": (lambda: with_rsa().jwk(n=ABSENT), "malformed"),
    "RSA with a number": (lambda: with_rsa().jwk(n=5), "malformed"),
    "a point that is on no curve": (lambda: with_ec().jwk(x=base64url(b"1" * 32)), "malformed"),
    "an empty point": (lambda: with_ec().jwk(x=""), "malformed"),
    "Ed25519 of too few bytes": (lambda: with_ed().jwk(x="AAAA"), "malformed"),
    "a text": (lambda: "key", "is no object"),
    "null": (lambda: None, "is no object"),
}


@pytest.mark.parametrize(("make", "reason"), UNUSED.values(), ids=UNUSED)
def test_a_key_that_can_not_be_used_is_left_out_with_the_reason(
    make: Callable[[], Any], reason: str
) -> None:
    found = parse_keys(published(make(), GOOD))
    assert [key.key_id for key in found.keys] == ["good"]
    assert len(found.skipped) == 1
    assert found.skipped[0].startswith("key 1 ")
    assert reason in found.skipped[0]


@pytest.mark.parametrize(
    ("issuer", "algorithm"),
    [(with_rsa(), "RS256"), (with_ec(), "ES256"), (with_ed(), "EdDSA")],
    ids=["RSA", "EC", "OKP"],
)
def test_the_kind_of_a_key_says_its_algorithm(issuer: Issuer, algorithm: str) -> None:
    bare = issuer.jwk(alg=ABSENT, use=ABSENT)
    assert [key.algorithm_name for key in parse_keys(published(bare)).keys] == [algorithm]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b"{}",
        b'{"keys": null}',
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": [1]}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"keys": [' + b"9" * 5000 + b"]}",
        published({"kty": "oct", "k": "AAAA"}),
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_what_is_no_set_with_a_usable_key_is_refused(raw: bytes) -> None:
    with pytest.raises(KeySetIsUnusable):
        parse_keys(raw)


def test_a_set_of_too_many_keys_is_read_to_its_bound() -> None:
    found = parse_keys(json.dumps({"keys": [GOOD] * (MAX_KEYS + 1)}).encode())
    assert len(found.keys) == MAX_KEYS
    assert found.skipped == (f"those after the first {MAX_KEYS} are too many",)


MEMBERS = st.sampled_from(["kty", "crv", "alg", "use", "key_ops", "kid", "n", "e", "x", "y"])
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=9)
    | st.binary(max_size=64).map(base64url)
    | st.lists(st.text(max_size=3), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.none(), max_size=1)
)


@given(
    st.sampled_from([with_rsa().jwk(), with_ec().jwk(), with_ed().jwk()]),
    st.dictionaries(MEMBERS, VALUES, max_size=3),
)
def test_whatever_an_issuer_publishes_costs_that_key_alone(
    jwk: dict[str, Any], wrong: dict[str, Any]
) -> None:
    found = parse_keys(published({**jwk, **wrong}, GOOD))
    assert len(found.keys) + len(found.skipped) == 2
    assert found.keys[-1].key_id == "good"
