"""Tokens as JSON Web Tokens: read with all distrust (RFC 8725), and minted."""

import json
import math
import re
import secrets
from typing import Any

from jwt import PyJWS, PyJWTError
from jwt.utils import base64url_decode

from adapters.identity.claims import ClaimRules, Claims, identity_of
from adapters.identity.keys import ALGORITHMS, KEY_ID_LENGTH, SECRET_ALGORITHM, Keys, SecretKey
from application.identity_ports import TokenMinter, TokenVerifier
from application.ports import Clock
from domain.capabilities import Capabilities
from domain.errors import MemberNameIsImpossible, TokenIsImpossible, TokenIsInvalid
from domain.identity import Identity, member_name

TOKEN_LENGTH = 8 * 1024
"""Characters of a token. It comes in a header of at most so many bytes, and what a stranger sends
is decoded before its signature can be looked at."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")

_TYPES = {"jwt", "at+jwt"}
"""`typ` of tokens that may be meant for us, RFC 9068 among them: others, such as logout+jwt, are
signed by the same key and no permission (RFC 8725, 3.11)."""


class JwtVerifier(TokenVerifier):
    def __init__(self, keys: Keys, rules: ClaimRules, clock: Clock) -> None:
        self._keys = keys
        self._rules = rules
        self._clock = clock
        self._jws = PyJWS(algorithms=[SECRET_ALGORITHM, *ALGORITHMS.values()])

    async def verify(self, token: str) -> Identity:
        header = _header_of(token)
        algorithm, key_id = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str):
            raise TokenIsInvalid("The token's header has no alg.")
        if "kid" in header and not (isinstance(key_id, str) and len(key_id) <= KEY_ID_LENGTH):
            raise TokenIsInvalid(f"kid is a text of at most {KEY_ID_LENGTH} characters.")
        keys = await self._keys.find(key_id, algorithm)
        if not keys:
            raise TokenIsInvalid(
                "No key is believed here that fits the token's alg and kid. The algorithm is the"
                " key's own, and a token without kid needs a set with one such key."
            )
        for key in keys:
            try:
                signed = self._jws.decode_complete(token, key, algorithms=[key.algorithm_name])
            except PyJWTError:
                continue
            claims = _object(signed["payload"], "payload")
            return identity_of(claims, self._rules, self._clock.now())
        raise TokenIsInvalid("The token's signature is wrong, or made with another key.")


class JwtMinter(TokenMinter):
    """Signs with `AUTH_SECRET`."""

    def __init__(self, secret: str, rules: ClaimRules, clock: Clock) -> None:
        self._key = SecretKey(secret).key
        self._rules = rules
        self._clock = clock
        self._jws = PyJWS(algorithms=[SECRET_ALGORITHM])

    def mint(
        self,
        subject: str,
        *,
        name: str | None,
        capabilities: Capabilities,
        expires_in: float,
        login: str | None = None,
    ) -> str:
        if not (math.isfinite(expires_in) and 0 < expires_in <= self._rules.max_lifetime):
            raise TokenIsImpossible(
                f"A token lives for more than 0 and at most {self._rules.max_lifetime:g} seconds."
            )
        # Not in whole seconds: a revocation of a moment before would cover the new token, too.
        now = self._clock.now()
        optional = {
            "iss": self._rules.issuer or None,
            "aud": self._rules.audience or None,
            "sid": login,
            "info": None if name is None else {"name": _possible(name)},
            "caps": capabilities.claim(),
        }
        claims: dict[str, Any] = {
            "sub": subject,
            "iat": now,
            "exp": now + expires_in,
            "jti": secrets.token_urlsafe(16),
            **{claim: value for claim, value in optional.items() if value is not None},
        }
        try:
            identity_of(claims, self._rules, now)
        except TokenIsInvalid as error:
            raise TokenIsImpossible(error.detail) from None
        token = self._jws.encode(_compact(claims), self._key, SECRET_ALGORITHM)
        if len(token) > TOKEN_LENGTH:
            raise TokenIsImpossible(
                f"A token has at most {TOKEN_LENGTH} characters; give fewer caps."
            )
        return token


def _compact(claims: Claims) -> bytes:
    return json.dumps(claims, separators=(",", ":")).encode()


def _possible(name: str) -> str:
    try:
        return member_name(name)
    except MemberNameIsImpossible as error:
        raise TokenIsImpossible(error.detail) from None


def _header_of(token: str) -> Claims:
    """Checks the token's form, and what its header must not say."""
    if len(token) > TOKEN_LENGTH:
        raise TokenIsInvalid(f"A token has at most {TOKEN_LENGTH} characters.")
    if not _TOKEN.fullmatch(token):
        raise TokenIsInvalid(
            "A token is three parts in base64url without padding, joined by dots; encrypted tokens"
            " are not taken."
        )
    first, _, _ = token.partition(".")
    try:
        raw = base64url_decode(first)
    except ValueError:
        raise TokenIsInvalid("The token's header is not base64url.") from None
    header = _object(raw, "header")
    if "crit" in header or "b64" in header:
        raise TokenIsInvalid("The token needs an extension that is unknown here (crit).")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in _TYPES:
        raise TokenIsInvalid("typ is JWT or at+jwt: this token is meant for something else.")
    return header


def _object(raw: bytes, part: str) -> Claims:
    """The JSON object in `raw`, every name in it once (RFC 7519, 4)."""
    try:
        value = json.loads(
            raw.decode(), object_pairs_hook=_unambiguous, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        raise TokenIsInvalid(
            f"The token's {part} is not JSON in UTF-8, or has a name twice."
        ) from None
    if not isinstance(value, dict):
        raise TokenIsInvalid(f"The token's {part} is no JSON object.")
    return value


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name twice")
    return members


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
