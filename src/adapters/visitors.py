"""Who is behind a request: the one place where a member's id and name come from.

Until there is authentication, a browser is known by a cookie that we set: a random key, of which
the member's id is a digest, so that showing an id gives nothing away; and our signature, without
which a key is not believed.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from domain.identity import VISITOR_MARK, Member, MemberId

COOKIE = "switchboard_visitor"
SECURE_COOKIE = f"__Host-{COOKIE}"
"""Over TLS. A browser takes it only from this very host, with Secure and for the whole of it, so
that neither a sibling host nor a service without TLS on another port can plant one."""

COOKIE_SECONDS = 30 * 24 * 3600
"""A month: long enough to come back to one's jobs, whose records live an hour."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """`new_cookie` is the Set-Cookie value to answer with, if the client brought no key."""

    member: Member
    new_cookie: str | None


Recognise: TypeAlias = Callable[[Mapping[str, Any]], Visitor]
"""`Visitors.recognise`."""


class Visitors:
    """`secret` signs the keys. Servers that share it know each other's visitors."""

    def __init__(self, secret: str) -> None:
        self.secret = secret or secrets.token_hex(32)

    def recognise(self, scope: Mapping[str, Any]) -> Visitor:
        """Read the visitor's key from an ASGI scope; without one that we signed, one is drawn."""
        secure = scope.get("scheme") in ("https", "wss")
        name = SECURE_COOKIE if secure else COOKIE
        keys = self._keys_in(scope, name)
        if len(keys) == 1:
            return Visitor(Member(_id_of(keys.pop()), recognised=True), None)
        key = secrets.token_hex(16)
        cookie = f"{name}={self.signed(key)}; Path=/; Max-Age={COOKIE_SECONDS}"
        cookie += "; HttpOnly; SameSite=Strict"
        return Visitor(Member(_id_of(key)), f"{cookie}; Secure" if secure else cookie)

    def signed(self, key: str) -> str:
        """The cookie's value for a key."""
        signature = hmac.new(self.secret.encode(), key.encode(), hashlib.sha256)
        return f"{key}.{signature.hexdigest()[:32]}"

    def _keys_in(self, scope: Mapping[str, Any], name: str) -> set[str]:
        """The keys that we signed. Of several, somebody has planted one, and none counts.

        Other services on the same host set cookies of any shape: ours is looked for among them.
        """
        value_of = rb'(?:^|;)\s*%s="?([0-9a-f]{32}\.[0-9a-f]{32})"?\s*(?=;|$)'
        pattern = re.compile(value_of % name.encode())
        brought = {
            value.decode()
            for header, cookies in scope["headers"]
            if header == b"cookie"
            for value in pattern.findall(cookies)
        }
        keys = {value: value.partition(".")[0] for value in brought}
        return {key for value, key in keys.items() if hmac.compare_digest(value, self.signed(key))}


def _id_of(key: str) -> MemberId:
    return MemberId(VISITOR_MARK + hashlib.sha256(key.encode()).hexdigest()[:32])
