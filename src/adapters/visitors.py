"""Who is behind a request: the one place where a member's id and name come from.

Until there is authentication, a browser is known by a cookie that we set: a random key,
of which the member's id is a digest, so that showing an id gives nothing away.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from domain.identity import Member, MemberId

COOKIE = "switchboard_visitor"
COOKIE_SECONDS = 30 * 24 * 3600
"""A month: long enough to come back to one's jobs, whose records live an hour."""

_KEY = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Visitor:
    """`new_cookie` is the Set-Cookie value to answer with, if the client brought no key."""

    member: Member
    new_cookie: str | None


def recognise(headers: Iterable[tuple[bytes, bytes]], *, secure: bool) -> Visitor:
    """Read the visitor's key from ASGI headers; a missing or malformed one is drawn anew."""
    key = _key_in(headers)
    if key is not None:
        return Visitor(Member(_id_of(key), recognised=True), None)
    key = secrets.token_hex(16)
    cookie = f"{COOKIE}={key}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Strict"
    return Visitor(Member(_id_of(key)), f"{cookie}; Secure" if secure else cookie)


def _key_in(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    for name, value in headers:
        if name == b"cookie" and COOKIE.encode() in value:
            try:
                morsel = SimpleCookie(value.decode("latin-1")).get(COOKIE)
            except CookieError:
                return None
            if morsel is not None and _KEY.fullmatch(morsel.value):
                return morsel.value
    return None


def _id_of(key: str) -> MemberId:
    return MemberId(hashlib.sha256(key.encode()).hexdigest()[:32])
