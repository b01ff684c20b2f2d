"""Who may come in at all: checked before a handshake is accepted, or a change is made."""

import logging
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.denials import deny
from adapters.http.hosts import Hosts
from adapters.http.origins import Origins, is_preflight
from adapters.limits.address_limits import AddressLimits
from adapters.sessions.disconnects import (
    ALL_TAKEN,
    DRAINING,
    FOREIGN_ORIGIN,
    UNKNOWN_HOST,
    Refused,
    too_large,
)
from application.errors import RateLimited

log = logging.getLogger(__name__)

UNLIMITED = frozenset({"/healthz", "/readyz"})
"""Asked for by whoever watches over the process, and cheap."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Gate:
    """ASGI middleware round the whole application.

    `hosts` says by which names anything may be asked for, `origins` whose pages may connect,
    and send HTTP requests that change something.
    `limits` bounds requests and handshakes by address; `open_from` says how many sockets are open
    from one. `is_full` and `is_draining` refuse new sockets with 503. A body that says it is over
    `max_body` bytes is refused with 413.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Hosts,
        origins: Origins,
        max_body: int,
        limits: AddressLimits,
        open_from: Callable[[str], int],
        is_full: Callable[[], bool],
        is_draining: Callable[[], bool],
    ) -> None:
        self._app = app
        self._max_body = max_body
        self._hosts = hosts
        self._origins = origins
        self._limits = limits
        self._open_from = open_from
        self._is_full = is_full
        self._is_draining = is_draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._refuse(scope) if scope["type"] in ("http", "websocket") else None
        if refused is None:
            await self._app(scope, receive, send)
        else:
            await deny(scope, send, refused)

    def _refuse(self, scope: Scope) -> Refused | None:
        if not self._hosts.may_be_asked(scope):
            return UNKNOWN_HOST
        # Starlette's routes stop at a line break. A name with one in it is impossible like one
        # with any other invisible character, and shall be told so.
        scope["path"] = scope["path"].replace("\n", "\0")
        if "\ufffd" in scope["path"] and not _is_utf8(scope.get("raw_path") or b""):
            # Servers put U+FFFD for what is not UTF-8: many names would become one that none is.
            scope["path"] = scope["path"].replace("\ufffd", "\0")
        host = (scope.get("client") or ("",))[0]
        if scope["type"] == "websocket":
            return self._refuse_socket(scope, host)
        if scope["path"] not in UNLIMITED and (wait := self._limits.request(host)):
            return _limited("Too many requests from this address.", wait)
        refused = None
        if scope["method"] not in SAFE_METHODS or is_preflight(scope):
            refused = self._refuse_origin(scope)
        return refused or self._refuse_length(scope)

    def _refuse_socket(self, scope: Scope, host: str) -> Refused | None:
        if wait := self._limits.handshake(host, self._open_from(host)):
            return _limited("Too many connections from this address.", wait)
        refused = self._refuse_origin(scope)
        if refused is None and self._is_draining():
            return DRAINING
        if refused is None and self._is_full():
            log.warning("connection refused: there are as many as are allowed")
            return ALL_TAKEN
        return refused

    def _refuse_origin(self, scope: Scope) -> Refused | None:
        return None if self._origins.may_change(scope) else FOREIGN_ORIGIN

    def _refuse_length(self, scope: Scope) -> Refused | None:
        # FastAPI's own limit, which also counts what comes in pieces, answers this in plain text.
        raw = dict(scope["headers"]).get(b"content-length", b"")
        if raw.isdigit() and int(raw) > self._max_body:
            return too_large(self._max_body)
        return None


def _is_utf8(raw_path: bytes) -> bool:
    try:
        unquote_to_bytes(raw_path).decode()
    except UnicodeDecodeError:
        return False
    return True


def _limited(detail: str, wait: float) -> Refused:
    return Refused.for_error(RateLimited(detail, "address", wait))
