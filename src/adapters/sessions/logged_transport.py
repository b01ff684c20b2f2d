"""A transport that logs what is written to it: for development, as it costs more than writing."""

import logging
from collections.abc import Callable, Collection

from adapters.sessions.transport import Overhead, Transport
from domain.identity import ConnectionId

log = logging.getLogger(__name__)

_ACTION_STARTS = len('{"action":"')


class LoggedTransport(Transport):
    """Over another one. Frames of `ignored` actions are written and not logged."""

    def __init__(
        self, transport: Transport, connection_id: ConnectionId, ignored: Collection[str]
    ) -> None:
        self._transport = transport
        self._connection_id = connection_id
        self._ignored = ignored
        self.write_now = self._write_now

    def _write_now(self, frame: str) -> bool:
        is_written = self._transport.write_now(frame)
        if is_written:
            self._log(frame)
        return is_written

    def count_unhandled(self, changed: Callable[[int], None]) -> None:
        self._transport.count_unhandled(changed)

    def drop_unhandled(self) -> None:
        self._transport.drop_unhandled()

    async def receive(self) -> str | bytes | Overhead | None:
        return await self._transport.receive()

    async def send(self, frame: str) -> None:
        await self._transport.send(frame)
        self._log(frame)

    async def close(self, code: int, reason: str) -> None:
        await self._transport.close(code, reason)

    def abort(self) -> None:
        self._transport.abort()

    def _log(self, frame: str) -> None:
        action = frame[_ACTION_STARTS : frame.find('"', _ACTION_STARTS)]
        if action not in self._ignored:
            # Frames are written in the task of whoever publishes: the line names the receiver.
            log.info("websocket sent", extra={"action": action, "connection": self._connection_id})
