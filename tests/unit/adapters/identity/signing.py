"""Issuers of tests: keys of each kind, what they publish, and tokens of any content."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

from tests.doubles import BEGINNING

SECRET = "a secret of the tests, with more than 32 bytes"

ABSENT: Any = object()
"""In place of a claim's value: the claim isn't there."""


def base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def encoded(part: Any) -> bytes:
    return part if isinstance(part, bytes) else json.dumps(part).encode()


def claims(**others: Any) -> dict[str, Any]:
    """Of a token that is good for a minute at `BEGINNING`, but for what `others` say."""
    whole = {"sub": "ada", "iat": BEGINNING, "exp": BEGINNING + 60, **others}
    return {name: value for name, value in whole.items() if value is not ABSENT}


class Issuer:
    """Signs with `key` whatever it is given; its published key has the id `key_id`."""

    def __init__(self, algorithm: str, key: Any, key_id: str | None = "key-1") -> None:
        self.algorithm = algorithm
        self.key_id = key_id
        self._key = key

    def token(self, content: Any = None, header: Any = None) -> str:
        """Bytes are taken as they are; a header in members is added to the usual ones."""
        if not isinstance(header, bytes):
            usual = {"typ": "JWT", "alg": self.algorithm}
            if self.key_id is not None:
                usual["kid"] = self.key_id
            whole = {**usual, **(header or {})}
            header = {name: value for name, value in whole.items() if value is not ABSENT}
        body = claims() if content is None else content
        signed = f"{base64url(encoded(header))}.{base64url(encoded(body))}"
        return f"{signed}.{base64url(self.sign(signed.encode()))}"

    def sign(self, raw: bytes) -> bytes:
        return get_default_algorithms()[self.algorithm].sign(raw, self._key)

    def jwk(self, **others: Any) -> dict[str, Any]:
        """What it publishes."""
        algorithm: Any = get_default_algorithms()[self.algorithm]
        public: dict[str, Any] = algorithm.to_jwk(self._key.public_key(), as_dict=True)
        public.pop("key_ops", None)
        whole = {**public, "kid": self.key_id, "use": "sig", "alg": self.algorithm, **others}
        return {name: value for name, value in whole.items() if value not in (ABSENT, None)}


def with_secret(secret: str = SECRET) -> Issuer:
    return Issuer("HS256", secret.encode(), key_id=None)


@cache
def rsa_key(bits: int = 2048, number: int = 0) -> rsa.RSAPrivateKey:
    """One for each `number`; making one takes a while."""
    del number
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def with_rsa(key_id: str | None = "key-1", number: int = 0) -> Issuer:
    return Issuer("RS256", rsa_key(number=number), key_id)


def with_ec(key_id: str | None = "key-1") -> Issuer:
    return Issuer("ES256", ec.generate_private_key(ec.SECP256R1()), key_id)


def with_ed(key_id: str | None = "key-1") -> Issuer:
    return Issuer("EdDSA", ed25519.Ed25519PrivateKey.generate(), key_id)


def published(*keys: Mapping[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()
