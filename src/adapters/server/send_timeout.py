"""Connections that cannot end because the peer reads nothing of what was written to it."""

from collections.abc import Iterable
from typing import Protocol


class Sending(Protocol):
    """A connection, as far as a send timeout goes."""

    def unread_bytes(self) -> int | None:
        """How much the peer has to read before the connection can go on or end.

        None if nothing waits for that. The number only has to change when the peer reads.
        """

    def abort(self) -> None:
        """End the connection, whatever was still to be written."""


class SendTimeout:
    """Aborts connections whose peer has read nothing for more than `seconds`.

    uvicorn (0.54) closes a transport only after the peer read all that was written: when
    keep-alive ends, after a client's own close, after an answer over HTTP. A peer that reads
    nothing would keep its descriptor for ever.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: dict[Sending, tuple[int, float]] = {}

    def check(self, connections: Iterable[Sending], now: float) -> None:
        """To be called regularly; `now` is in seconds, on a clock that never goes back."""
        waiting = {}
        for connection in list(connections):
            unread = connection.unread_bytes()
            if unread is None:
                continue
            before, since = self._waiting.get(connection, (unread, now))
            waiting[connection] = unread, since if unread == before else now
            if unread == before and now - since > self._seconds:
                connection.abort()
        self._waiting = waiting
