"""The keys whose signatures are believed, each with the one algorithm that it may be used with.

What a token says of its algorithm only chooses among keys: it never changes how one is used
(RFC 8725, 3.1). Nothing in a token leads to a key (`jku`, `x5u`, `jwk`, `x5c` are not looked at).
"""

import json
from abc import abstractmethod
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from jwt import PyJWK, PyJWTError

SECRET_ALGORITHM = "HS256"  # noqa: S105 - the name of an algorithm, no secret

ALGORITHMS: Mapping[tuple[str, str | None], str] = {
    ("RSA", None): "RS256",
    ("EC", "P-256"): "ES256",
    ("OKP", "Ed25519"): "EdDSA",
}
"""By a published key's `kty` and `crv`."""

RSA_BITS = range(2048, 8192 + 1)
"""RFC 7518, 3.3, and what a stranger's token may cost: 8,192 bits take a quarter millisecond."""

MAX_KEYS = 64
"""Of one set; issuers publish two or three."""

KEY_ID_LENGTH = 200


class Keys(Protocol):
    @abstractmethod
    async def find(self, key_id: str | None, algorithm: str) -> Sequence[PyJWK]:
        """The keys that may have signed a token, by what it says; none if none is known.

        Raises `Unavailable` where no keys could be had yet.
        """


class SecretKey(Keys):
    """The one key of a service that signs its own tokens; tokens need not name it."""

    def __init__(self, secret: str) -> None:
        value = urlsafe_b64encode(secret.encode()).decode().rstrip("=")
        self.key = PyJWK({"kty": "oct", "k": value}, SECRET_ALGORITHM)

    async def find(self, key_id: str | None, algorithm: str) -> Sequence[PyJWK]:
        return [self.key] if algorithm == SECRET_ALGORITHM else []


class KeySetIsUnusable(Exception):
    """What was published is no set of keys, or has none that can be used."""


class KeySet(NamedTuple):
    keys: tuple[PyJWK, ...]
    skipped: tuple[str, ...]
    """What is wrong with each of the others, in words, without the keys themselves."""

    def find(self, key_id: str | None, algorithm: str) -> Sequence[PyJWK]:
        """Of several with one id, all: each is tried. Without an id, the only one that fits."""
        fitting = [key for key in self.keys if key.algorithm_name == algorithm]
        if key_id is not None:
            return [key for key in fitting if key.key_id == key_id]
        return fitting if len(fitting) == 1 else []


def parse_keys(raw: bytes) -> KeySet:
    """Read a JWK Set (RFC 7517); raises `KeySetIsUnusable`."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise KeySetIsUnusable("it is not JSON") from None
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise KeySetIsUnusable('it is not {"keys": [...]}')
    keys, skipped = [], []
    for number, jwk in enumerate(listed[:MAX_KEYS], start=1):
        if reason := next(_problems(jwk), None):
            skipped.append(f"key {number} {reason}")
            continue
        try:
            key = PyJWK(jwk, ALGORITHMS[jwk["kty"], jwk.get("crv")])
        except PyJWTError:
            skipped.append(f"key {number} is malformed")
            continue
        if jwk["kty"] == "RSA" and key.key.key_size not in RSA_BITS:
            skipped.append(f"key {number} has {key.key.key_size} bits")
            continue
        keys.append(key)
    if len(listed) > MAX_KEYS:
        skipped.append(f"those after the first {MAX_KEYS} are too many")
    if not keys:
        raise KeySetIsUnusable("; ".join(skipped[:5]) or "it holds no keys")
    return KeySet(tuple(keys), tuple(skipped))


def _problems(jwk: Any) -> Iterator[str]:
    if not isinstance(jwk, dict):
        yield "is no object"
        return
    kind, curve = jwk.get("kty"), jwk.get("crv")
    if kind == "oct":
        yield "is a shared secret, which nobody may publish"
    if not isinstance(kind, str) or not isinstance(curve, str | None):
        yield "is malformed"
        return
    algorithm = ALGORITHMS.get((kind, curve))
    if algorithm is None:
        yield f"is of no kind that is used here, which are {', '.join(ALGORITHMS.values())}"
    if "d" in jwk:
        yield "is a private key, which nobody may publish"
    if jwk.get("alg", algorithm) != algorithm:
        yield f"is for another algorithm than {algorithm}"
    if jwk.get("use", "sig") != "sig":
        yield "is not for signatures"
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        yield "is not for verifying"
    key_id = jwk.get("kid", "")
    if not isinstance(key_id, str) or len(key_id) > KEY_ID_LENGTH:
        yield f"has a kid that is no text of at most {KEY_ID_LENGTH} characters"
