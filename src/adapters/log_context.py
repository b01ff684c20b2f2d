"""The connection and the frame that log lines belong to.

Nothing is formatted or copied per frame: this is read when a line is written.
"""

from contextvars import ContextVar
from dataclasses import dataclass

from domain.identity import ConnectionId


@dataclass(slots=True)
class LogContext:
    """`frames` counts what the connection sent: id and count name one frame."""

    connection_id: ConnectionId
    frames: int = 0

    @property
    def message_id(self) -> str:
        return f"{self.connection_id}-{self.frames}"


log_context: ContextVar[LogContext | None] = ContextVar("log_context", default=None)
