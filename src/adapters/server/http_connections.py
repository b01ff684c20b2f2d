"""The HTTP connections of a server: so many, and those that are waited for make room first."""

from typing import Protocol


class HttpConnection(Protocol):
    def turn_away(self) -> None:
        """Answer that there is no room, and end."""


class HttpConnections:
    """At most `limit` of them: a connection too many ends the one that has been waited for longest.

    A connection is waited for until its client has sent a whole request. If there is none like
    that, the newcomer is turned away. Each one that becomes a WebSocket is discarded here, as it
    counts as a session from then on.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._all: set[HttpConnection] = set()
        self._waited_for: dict[HttpConnection, None] = {}  # in the order in which that began

    def add(self, newcomer: HttpConnection) -> None:
        self._all.add(newcomer)
        if len(self._all) > self._limit:
            oldest = next(iter(self._waited_for), newcomer)
            self.discard(oldest)
            oldest.turn_away()
        if newcomer in self._all:
            self._waited_for[newcomer] = None

    def discard(self, connection: HttpConnection) -> None:
        self._all.discard(connection)
        self._waited_for.pop(connection, None)

    def wait_for(self, connection: HttpConnection) -> None:
        """All its requests are answered: it is the client's turn."""
        if connection in self._all:
            self._waited_for[connection] = None

    def serve(self, connection: HttpConnection) -> None:
        """A whole request is there."""
        self._waited_for.pop(connection, None)
