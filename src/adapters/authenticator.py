"""Who sends a request: the one place where that is found out, for sockets, the API and the page.

A token is looked for in the order of the protocol: `Authorization: Bearer`, the subprotocols of a
WebSocket, `?ticket=`. Who brings none is a visitor, where those are taken.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from adapters.auth_settings import AuthSettings
from adapters.limits.address_limits import AddressLimits
from adapters.visitors import Visitors
from application.authentication import AuthenticationService
from application.errors import RateLimited
from application.ports import Clock
from domain.errors import NotAuthenticated, TokenIsInvalid
from domain.identity import NOBODY, OPERATOR, Caller, Identity

TOKEN_PROTOCOL = "base64url.bearer.switchboard."  # noqa: S105 - a name, followed by the token

_TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*")
"""A JWT: its first part is a JSON object, and these are the first letters of one."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """`is_awaited`: it has said nothing of who it is, and has to, before anything else.
    `new_cookie` is the Set-Cookie value to answer with, if there is one."""

    caller: Caller
    is_awaited: bool = False
    new_cookie: str | None = None


class Authenticator:
    def __init__(
        self,
        service: AuthenticationService,
        visitors: Visitors,
        settings: AuthSettings,
        clock: Clock,
        limits: AddressLimits,
    ) -> None:
        self._limits = limits
        self._service = service
        self._visitors = visitors
        self._clock = clock
        self._keys = {_digest(key) for key in settings.api_keys}
        self.settings = settings

    async def authenticate(self, scope: Mapping[str, Any]) -> Arrival:
        """Raises `NotAuthenticated`, also for a token that isn't believed, `Unavailable`, and
        `RateLimited` after too many of an address that weren't."""
        address = (scope.get("client") or ("",))[0]
        with self._counting_failures(address):
            identity = await self._shown(scope, address)
        if identity is not None:
            return Arrival(Caller(identity, address))
        if self.settings.takes_anonymous:
            visitor = self._visitors.recognise(scope)
            came = Identity(visitor.member, issued_at=self._clock.now())
            return Arrival(Caller(came, address), new_cookie=visitor.new_cookie)
        if scope["type"] == "websocket":
            return Arrival(Caller(NOBODY, address), is_awaited=True)
        raise NotAuthenticated("This needs a token or an API key, as `Authorization: Bearer …`.")

    async def renew(self, current: Caller, token: str) -> Identity:
        """What a connection's identity becomes by a newer token; see `AuthenticationService`.
        Raises `RateLimited`, too."""
        with self._counting_failures(current.address):
            self._check_failures(current.address)
            return await self._service.renew(current.identity, token)

    def left(self, identity: Identity) -> float | None:
        """For how many seconds this identity is still believed; None if it doesn't expire."""
        return None if identity.expires_at is None else identity.expires_at - self._clock.now()

    def page_cookie(self, scope: Mapping[str, Any]) -> str | None:
        """The cookie to give to whoever opens the page, so that it is the same visitor on its
        sockets and in the API."""
        if not self.settings.takes_anonymous:
            return None
        return self._visitors.recognise(scope).new_cookie

    @contextmanager
    def _counting_failures(self, address: str) -> Iterator[None]:
        try:
            yield
        except NotAuthenticated:
            self._limits.fail(address)
            raise

    def _check_failures(self, address: str) -> None:
        if wait := self._limits.authenticate(address):
            raise RateLimited("Too many wrong tokens from this address.", "address", wait)

    async def _shown(self, scope: Mapping[str, Any], address: str) -> Identity | None:
        text = scope["query_string"].decode("latin-1")
        # In any name and any value, also one that another of the same name stands behind.
        if _TOKEN.search(unquote_plus(text)):
            raise TokenIsInvalid("Addresses are logged: a token doesn't belong into one.")
        query = dict(parse_qsl(text, keep_blank_values=True))
        token = _bearer(scope)
        if token is None:
            token = _offered(scope)
        key = _header(scope, b"x-api-key")
        has_ticket = scope["type"] == "websocket" and "ticket" in query
        if has_ticket or token is not None or key is not None:
            self._check_failures(address)
        if token is not None:
            return OPERATOR if self._is_key(token) else await self._service.verify(token)
        if key is not None:
            if not self._is_key(key):
                raise TokenIsInvalid("This is no key of the API.")
            return OPERATOR
        if has_ticket:
            return await self._service.redeem(query["ticket"])
        return None

    def _is_key(self, text: str) -> bool:
        # By digest: how long that is looked up says nothing of the key.
        return _digest(text) in self._keys


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _header(scope: Mapping[str, Any], name: bytes) -> str | None:
    values = [value for header, value in scope["headers"] if header == name]
    if len(values) > 1:
        raise TokenIsInvalid(f"There is more than one header {name.decode()}.")
    return values[0].decode("latin-1") if values else None


def _bearer(scope: Mapping[str, Any]) -> str | None:
    scheme, _, token = (_header(scope, b"authorization") or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _offered(scope: Mapping[str, Any]) -> str | None:
    """The token among the subprotocols that a WebSocket's client offers: a browser can send it
    nowhere else."""
    offered: Iterable[str] = scope.get("subprotocols") or ()
    tokens = [it.removeprefix(TOKEN_PROTOCOL) for it in offered if it.startswith(TOKEN_PROTOCOL)]
    if not tokens:
        return None
    if len(tokens) > 1:
        raise TokenIsInvalid("More than one token is offered as a subprotocol.")
    text = tokens[0]
    try:
        padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise TokenIsInvalid("The token among the subprotocols is not in base64url.") from None
