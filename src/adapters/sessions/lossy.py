"""One audience of a session that misses frames, and is told how many, instead of being too slow."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from adapters.sessions.droppable import Backlog
from adapters.sessions.frames import gap_frame
from application.ports import Cursor, Recovery, SlowReaders, Subscriber
from domain.identity import ConnectionId


class Listening(Subscriber, Protocol):
    """The session that the audience is heard by."""

    def write_at_once(self, frame: str) -> bool: ...

    def keep_droppable(self, backlog: Backlog, frame: str) -> None: ...

    def notify(self, message: Mapping[str, Any]) -> None: ...


class LossySubscription(Subscriber):
    """A session as one of its audiences sees it. Each has its own: gaps are told by audience, and
    whoever says much makes room for whoever says little. `tell` makes the frame of a gap."""

    __slots__ = ("_backlog", "_session", "_slow_readers", "_tell")

    def __init__(
        self,
        session: Listening,
        slow_readers: SlowReaders,
        tell: Callable[[int], str] = gap_frame,
    ) -> None:
        self._session = session
        self._slow_readers = slow_readers
        self._tell = tell
        self._backlog = self._new_backlog()

    @property
    def connection_id(self) -> ConnectionId:
        return self._session.connection_id

    def deliver(self, frame: str) -> None:
        if not self._session.write_at_once(frame):
            self._session.keep_droppable(self._backlog, frame)

    def recover(self, recovery: Recovery, frames: Sequence[str]) -> None:
        # Neither what is newer nor its gap may stand before what was recovered.
        self._backlog = self._new_backlog()
        self._session.recover(recovery, frames)

    def begin_at(self, cursor: Cursor) -> None:
        self._session.begin_at(cursor)

    def notify(self, message: Mapping[str, Any]) -> None:
        self._session.notify(message)

    def lossy(self, slow_readers: SlowReaders) -> Subscriber:
        return self._session.lossy(slow_readers)

    def _new_backlog(self) -> Backlog:
        return Backlog(self._slow_readers is SlowReaders.LATEST, self._tell)
