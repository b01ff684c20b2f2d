"""Connections that are over, but for a client that doesn't read what was written to it."""

from collections.abc import Iterable
from typing import Any

from adapters.server.handshake import TimedHttp


class Stuck:
    """Aborts what has been stuck for more than `patience` seconds, however often it is looked for.

    uvicorn (0.54) closes a transport only after all that was written is read: at the end of
    keep-alive, after a client's own close, after an answer over HTTP. Whoever reads nothing
    would keep its descriptor for ever, and as many as it likes, since only open sockets count.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._seen: dict[Any, tuple[int, float]] = {}

    def look(self, connections: Iterable[Any], now: float) -> None:
        seen = {}
        for connection in list(connections):
            unread = _unread(connection)
            if unread is None:
                continue
            before, since = self._seen.get(connection, (unread, now))
            seen[connection] = unread, since if unread == before else now
            if unread == before and now - since > self._patience:
                connection.transport.abort()
        self._seen = seen


def _unread(connection: Any) -> int | None:
    """How much is left, as far as that is known, of what should come to an end; else None.

    A WebSocket that is open has bounds of its own, so only its close should. A slow download
    over HTTP may take its time, as long as it goes on.
    """
    if isinstance(connection, TimedHttp):
        return connection.transport.get_write_buffer_size() or None
    return 0 if connection.transport.is_closing() else None
