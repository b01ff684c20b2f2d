"""Why the server closes a connection, and what the client should do then.

One table: refusals and closes pass through here and nowhere else.
"""

from dataclasses import dataclass
from enum import IntEnum


class CloseCode(IntEnum):
    GOING_AWAY = 1012
    TRY_LATER = 1013
    BAD_PATH = 4400
    NOT_AUTHENTICATED = 4401
    NOT_ALLOWED = 4403
    TOO_SLOW = 4408
    TOO_FAST = 4429


@dataclass(frozen=True, slots=True)
class Farewell:
    """What a `disconnect` frame says; `after` is in seconds."""

    code: CloseCode
    reason: str
    reconnect: bool
    after: float | None = None


TOO_SLOW = Farewell(CloseCode.TOO_SLOW, "You read too slowly; come back with since.", True, 0.0)
TOO_FAST = Farewell(CloseCode.TOO_FAST, "You sent too many frames for too long.", True, 10.0)
UNAVAILABLE = Farewell(CloseCode.TRY_LATER, "The service can't reach its backend.", True, 2.0)


def bad_path(reason: str) -> Farewell:
    return Farewell(CloseCode.BAD_PATH, reason, reconnect=False)


def full(reason: str) -> Farewell:
    return Farewell(CloseCode.TRY_LATER, reason, reconnect=True, after=5.0)


def restarting(after: float) -> Farewell:
    return Farewell(CloseCode.GOING_AWAY, "The server restarts.", reconnect=True, after=after)
