"""Why the server ends a session, and what the client should do then: one table.

Closes by a session and refusals of a handshake take their codes from here. `docs/protocol.md`
lists the codes for clients.
"""

import logging
from dataclasses import dataclass, replace
from enum import IntEnum
from http import HTTPStatus

from application.errors import Refusal, Unavailable
from domain.errors import BrokenRule, RoomIsFull

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


class PathIsUnknown(Exception):
    """There is no feature behind a socket's path."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def bad_path(reason: str) -> Disconnect:
    return Disconnect(CloseCode.BAD_PATH, reason, reconnect=False)


def full(reason: str) -> Disconnect:
    return try_later(reason, 5.0)


def try_later(reason: str, after: float | None) -> Disconnect:
    return Disconnect(CloseCode.TRY_LATER, reason, reconnect=True, after=after or 1.0)


def restarting(after: float) -> Disconnect:
    return Disconnect(CloseCode.RESTARTING, "The server restarts.", reconnect=True, after=after)


def for_error(error: Exception) -> Disconnect:
    """The disconnect for whatever opening a session raised."""
    match error:
        case PathIsUnknown():
            return bad_path(error.detail)
        case RoomIsFull():
            return full(error.detail)
        case BrokenRule():
            return bad_path(error.detail)
        case Unavailable():
            return UNAVAILABLE
        case Refusal():
            return try_later(error.detail, error.retry_after)
        case _:
            log.error("opening a session failed", exc_info=error)
            return FAILED


def for_refused_handshake(status: HTTPStatus) -> CloseCode:
    """The close code for a refusal where a server can't answer a handshake over HTTP."""
    return (
        CloseCode.TRY_LATER if status >= HTTPStatus.INTERNAL_SERVER_ERROR else CloseCode.NOT_ALLOWED
    )
