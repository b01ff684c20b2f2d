"""What the claims of a token say, once its signature is believed: who it names, what it allows.

RFC 7519, 4.1, and stricter where the protocol is. A claim that is there has a value of its type:
`null` is none, but for the name, which gives no right. No detail repeats what the token says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.capabilities import Capabilities
from domain.characters import WHITE_SPACE, can_be_name
from domain.errors import (
    CapabilitiesAreImpossible,
    MemberNameIsImpossible,
    TokenIsExpired,
    TokenIsInvalid,
)
from domain.identity import ANONYMOUS, VISITOR_MARK, Identity, Member, MemberId, member_name

Claims = Mapping[str, Any]

ID_LENGTH = 200
"""Characters of `sub`, `jti` and `sid`: longer than any issuer's ids, and what a revocation can
name."""

LATEST = 10.0**11
"""Seconds since 1970, in the year 5138: a number of milliseconds is no time."""


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """What the settings `AUTH_…` ask of claims; times in seconds, "" for not asked."""

    issuer: str = ""
    audience: str = ""
    leeway: float = 10.0
    max_lifetime: float = 3600.0
    require_iat: bool = False


def identity_of(claims: Claims, rules: ClaimRules, now: float) -> Identity:
    """Raises `TokenIsExpired` if nothing else is wrong, otherwise `TokenIsInvalid`."""
    _check_issuer(claims, rules.issuer)
    _check_audience(claims, rules.audience)
    subject = _id(claims, "sub")
    if subject is None:
        raise TokenIsInvalid("The token has no sub: whose is it?")
    if subject.startswith(VISITOR_MARK):
        raise TokenIsInvalid(f"sub begins with {VISITOR_MARK}, as only visitors' ids do.")
    issued_at, expires_at = _times(claims, rules, now)
    identity = Identity(
        Member(MemberId(subject), _name(claims), recognised=True),
        _capabilities(claims),
        has_token=True,
        issued_at=issued_at,
        expires_at=expires_at,
        token_id=_id(claims, "jti"),
        login=_id(claims, "sid"),
    )
    if expires_at <= now - rules.leeway:
        raise TokenIsExpired("The token's time is over.")
    return identity


def _check_issuer(claims: Claims, issuer: str) -> None:
    if issuer and claims.get("iss") != issuer:
        raise TokenIsInvalid("iss is not the issuer whose tokens are taken here.")


def _check_audience(claims: Claims, audience: str) -> None:
    """A token that names an audience is for nobody else (RFC 7519, 4.1.3)."""
    if "aud" not in claims:
        if audience:
            raise TokenIsInvalid("The token has no aud, and this service expects its own.")
        return
    named = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if not all(isinstance(each, str) for each in named):
        raise TokenIsInvalid("aud is a text, or a list of texts.")
    if not audience:
        raise TokenIsInvalid("The token has an aud, and this service has none set (AUTH_AUDIENCE).")
    if audience not in named:
        raise TokenIsInvalid("aud does not name this service.")


def _times(claims: Claims, rules: ClaimRules, now: float) -> tuple[float, float]:
    """When the token was issued, 0 if it doesn't say, and when it expires."""
    issued_at, not_before = _time(claims, "iat"), _time(claims, "nbf")
    expires_at = _time(claims, "exp")
    if expires_at is None:
        raise TokenIsInvalid("The token has no exp: until when is it believed?")
    if issued_at is None and rules.require_iat:
        raise TokenIsInvalid("The token has no iat: when was it issued?")
    if not_before is not None and not_before > now + rules.leeway:
        raise TokenIsInvalid("The token is not valid yet, by its nbf.")
    if issued_at is not None and issued_at > now + rules.leeway:
        raise TokenIsInvalid("iat lies in the future: one of the clocks is wrong.")
    for start in (now, issued_at):
        if start is not None and expires_at > start + rules.max_lifetime + rules.leeway:
            raise TokenIsInvalid(
                f"The token lives for longer than is allowed, {rules.max_lifetime:g} s."
            )
    return issued_at or 0.0, expires_at


def _time(claims: Claims, name: str) -> float | None:
    if name not in claims:
        return None
    value = claims[name]
    # True is an int to Python. What can be compared need not fit into a float.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenIsInvalid(f"{name} is a number of seconds since 1970.")
    if not 0 <= value <= LATEST:
        raise TokenIsInvalid(f"{name} is a number of seconds since 1970, and no such time exists.")
    return float(value)


def _id(claims: Claims, name: str) -> str | None:
    if name not in claims:
        return None
    value = claims[name]
    if not isinstance(value, str) or not 0 < len(value) <= ID_LENGTH:
        raise TokenIsInvalid(f"{name} is a text of 1 to {ID_LENGTH} characters.")
    if value != value.strip(WHITE_SPACE) or not can_be_name(value):
        raise TokenIsInvalid(f"{name} has no invisible characters, and no spaces at either end.")
    return value


def _name(claims: Claims) -> str:
    """What others see. The issuer's users have names of every kind: one that can't be shown here
    keeps nobody out, and spaces around it are no part of it."""
    info = claims.get("info")
    if info is None:
        return ANONYMOUS
    if not isinstance(info, Mapping):
        raise TokenIsInvalid('info is an object, such as {"name": "Ada"}.')
    name = info.get("name")
    if name is None:
        return ANONYMOUS
    if not isinstance(name, str):
        raise TokenIsInvalid("The name in info is a text.")
    try:
        return member_name(name.strip(WHITE_SPACE))
    except MemberNameIsImpossible:
        return ANONYMOUS


def _capabilities(claims: Claims) -> Capabilities:
    # Without caps everything is allowed, so null, which may have been meant as nothing, is refused.
    if "caps" in claims and claims["caps"] is None:
        raise TokenIsInvalid("caps is a list; without caps everything is allowed.")
    try:
        return Capabilities.parse(claims.get("caps"))
    except CapabilitiesAreImpossible as error:
        raise TokenIsInvalid(error.detail) from None
