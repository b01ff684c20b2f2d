"""Why the server ends a session, and what the client should do then: one table.

Closes by a session and refusals by the gate are from here. `docs/protocol.md`
lists the codes for clients.
"""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from http import HTTPStatus
from typing import Self

from application.errors import RateLimited, Refusal, Unavailable
from domain.errors import BrokenRule, NotAllowed, NotAuthenticated, RoomIsFull

log = logging.getLogger(__name__)


class CloseCode(IntEnum):
    """Codes of RFC 6455 below 4000, the protocol's own above. `NOT_TEXT` and `TOO_LARGE` are said
    by the WebSocket library below us; they stand here for the list to be whole."""

    NOT_TEXT = 1007
    TOO_LARGE = 1009
    RESTARTING = 1012
    TRY_LATER = 1013
    BAD_PATH = 4400
    NOT_AUTHENTICATED = 4401
    NOT_ALLOWED = 4403
    TOO_SLOW = 4408
    TOO_FAST = 4429


CLOSES: Mapping[CloseCode, tuple[str, str]] = {
    CloseCode.NOT_TEXT: ("a text frame is not UTF-8", "stops"),
    CloseCode.TOO_LARGE: ("a frame is too large", "sends smaller ones"),
    CloseCode.RESTARTING: ("the server restarts", "comes back after after_ms"),
    CloseCode.TRY_LATER: ("the service can't take it now", "comes back after after_ms"),
    CloseCode.BAD_PATH: ("a bad path, such as an impossible room name", "stops"),
    CloseCode.NOT_AUTHENTICATED: ("not authenticated", "gets a new token"),
    CloseCode.NOT_ALLOWED: ("not allowed", "stops"),
    CloseCode.TOO_SLOW: ("too slow to read", "comes back with since"),
    CloseCode.TOO_FAST: ("too much in a short time", "comes back after after_ms"),
}
"""What each means, and what the client does then: for the AsyncAPI document."""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """What a `disconnect` frame says; `after` is in seconds."""

    code: CloseCode
    reason: str
    reconnect: bool
    after: float | None = None

    def in_seconds(self, after: float) -> "Disconnect":
        """The same, with another moment to come back."""
        return replace(self, after=after)


TOO_SLOW = Disconnect(CloseCode.TOO_SLOW, "You read too slowly; come back with since.", True, 0.0)
TOO_FAST = Disconnect(CloseCode.TOO_FAST, "You sent too many frames for too long.", True, 10.0)
UNAVAILABLE = Disconnect(CloseCode.TRY_LATER, "The service can't reach its backend.", True, 2.0)
FAILED = Disconnect(CloseCode.TRY_LATER, "The service failed.", True, 5.0)
EXPIRED = Disconnect(CloseCode.NOT_AUTHENTICATED, "token_expired", True, 0.0)
REVOKED = Disconnect(CloseCode.NOT_AUTHENTICATED, "token_revoked", False)
NOT_AUTHENTICATED = Disconnect(CloseCode.NOT_AUTHENTICATED, "not_authenticated", False)
NOT_ALLOWED = Disconnect(CloseCode.NOT_ALLOWED, "not_allowed", False)


class PathIsUnknown(Exception):
    """There is no feature behind a socket's path."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def bad_path(reason: str) -> Disconnect:
    return Disconnect(CloseCode.BAD_PATH, reason, reconnect=False)


def full(reason: str) -> Disconnect:
    return try_later(reason, 5.0)


def try_later(reason: str, after: float) -> Disconnect:
    return Disconnect(CloseCode.TRY_LATER, reason, reconnect=True, after=after)


def restarting(after: float) -> Disconnect:
    return Disconnect(CloseCode.RESTARTING, "The server restarts.", reconnect=True, after=after)


def for_error(error: Exception) -> Disconnect:
    """The disconnect for whatever opening a session raised."""
    match error:
        case RoomIsFull():
            return full(error.detail)
        case NotAllowed():
            return NOT_ALLOWED
        case PathIsUnknown() | BrokenRule():
            return bad_path(error.detail)
        case Refusal():
            return _refused(error)
        case _:
            log.error("opening a session failed", exc_info=error)
            return FAILED


def _refused(error: Refusal) -> Disconnect:
    match error:
        case Unavailable():
            return UNAVAILABLE
        case RateLimited():
            return replace(TOO_FAST, reason=error.detail, after=error.retry_after)
        case _:
            return try_later(error.detail, error.retry_after)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a request, perhaps for a WebSocket, gets no further than the gate; `retry_after` is in
    seconds. `close_code` is told where a handshake can't be answered over HTTP. `limited` is
    whose limit was reached, if it was one."""

    status: HTTPStatus
    code: str
    detail: str
    close_code: CloseCode
    retry_after: float | None = None
    limited: str | None = None

    @property
    def error(self) -> dict[str, object]:
        """What the answer says of it."""
        told: dict[str, object] = {"code": self.code, "detail": self.detail}
        if self.limited is not None and self.retry_after is not None:
            after_ms = math.ceil(self.retry_after * 1000)
            told |= {"retryable": True, "scope": self.limited, "retry_after_ms": after_ms}
        return told

    @classmethod
    def for_error(cls, error: NotAuthenticated | NotAllowed | Refusal) -> Self:
        """What is answered to a request that nobody is admitted by."""
        if isinstance(error, RateLimited):
            status, close_code = HTTPStatus.TOO_MANY_REQUESTS, CloseCode.TOO_FAST
            after, scope = error.retry_after, error.scope
            return cls(status, error.code, error.detail, close_code, after, scope)
        if isinstance(error, Refusal):
            status, close_code = HTTPStatus.SERVICE_UNAVAILABLE, CloseCode.TRY_LATER
            return cls(status, error.code, error.detail, close_code, round(error.retry_after))
        if isinstance(error, NotAllowed):
            return cls(HTTPStatus.FORBIDDEN, error.code, error.detail, CloseCode.NOT_ALLOWED)
        status, close_code = HTTPStatus.UNAUTHORIZED, CloseCode.NOT_AUTHENTICATED
        return cls(status, error.code, error.detail, close_code)


DRAINING = Refused(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "draining",
    "This server is about to stop; try again.",
    CloseCode.TRY_LATER,
    retry_after=1,
)
ALL_TAKEN = Refused(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "too_many_connections",
    "This server takes no more connections.",
    CloseCode.TRY_LATER,
    retry_after=1,
)
UNKNOWN_HOST = Refused(
    HTTPStatus.BAD_REQUEST,
    "host_not_allowed",
    "The header Host names no host that this service is known by.",
    CloseCode.NOT_ALLOWED,
)
FOREIGN_ORIGIN = Refused(
    HTTPStatus.FORBIDDEN,
    "origin_not_allowed",
    "Pages of this origin may not connect.",
    CloseCode.NOT_ALLOWED,
)


def too_large(limit: int) -> Refused:
    return Refused(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "body_is_too_large",
        f"At most {limit} bytes, please.",
        CloseCode.TOO_LARGE,
    )
