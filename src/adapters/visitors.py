"""Who is behind a request: the one place where a member's id and name come from.

Until there is authentication, a browser is known by a cookie that we set: a random key,
of which the member's id is a digest, so that showing an id gives nothing away.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from domain.identity import Member, MemberId

COOKIE = "switchboard_visitor"
COOKIE_SECONDS = 30 * 24 * 3600
"""A month: long enough to come back to one's jobs, whose records live an hour."""

_KEY = re.compile(rb"(?:^|;)\s*" + COOKIE.encode() + rb'="?([0-9a-f]{32})"?\s*(?:;|$)')


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
    # Other services on the same host set cookies of any shape: ours is looked for among them.
    for name, value in headers:
        if name == b"cookie" and (match := _KEY.search(value)):
            return match[1].decode()
    return None


def _id_of(key: str) -> MemberId:
    return MemberId(hashlib.sha256(key.encode()).hexdigest()[:32])
