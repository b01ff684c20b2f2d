"""One topic of a session: what it hears, with the topic's name on each frame."""

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.sessions.droppable import Backlog
from adapters.sessions.frames import gap_frame, recovered_frame
from adapters.sessions.host import Host
from adapters.sessions.lossy import LossySubscription
from adapters.sessions.session import Session
from adapters.websocket.topic_frames import (
    CaughtUp,
    OutcomePayload,
    PlacePayload,
    Subscribed,
    SubscribedPayload,
    cursor_in,
    on_topic,
    told,
)
from application.ports import Cursor, Recovery, SlowReaders, Subscriber
from domain.identity import Caller, ConnectionId


class TopicHost(Host):
    """Hosts one feature of a session that has many; `number` tells its topics apart.

    Until the first `answer`, what the topic hears waits: that it is subscribed is told first. After
    `end` nothing of it is written any more.
    """

    __slots__ = (
        "_begun_at",
        "_connection_id",
        "_has_ended",
        "_last",
        "_missed",
        "_recovery",
        "_session",
        "_waiting",
        "topic",
    )

    def __init__(self, session: Session, topic: str, number: int) -> None:
        self.topic = topic
        self._session = session
        self._connection_id = ConnectionId(f"{session.connection_id}{number:x}")
        self._waiting: list[str] | None = []
        self._recovery = Recovery(0)
        self._missed: Sequence[str] = ()
        self._begun_at: Cursor | None = None
        self._last = ""
        self._has_ended = False

    @property
    def connection_id(self) -> ConnectionId:
        return self._connection_id

    @property
    def caller(self) -> Caller:
        return self._session.caller

    @property
    def outcome(self) -> OutcomePayload:
        """How coming back went; that of whoever didn't is that nothing was missed."""
        recovery = self._recovery
        return OutcomePayload(
            recovered=recovery.reason is None, missed=recovery.missed, reason=recovery.reason
        )

    def answer(self, ref: str | None) -> None:
        """Answer who subscribes: for the first time, or once more."""
        if self._waiting is None:
            cursor = None if self._begun_at is None else cursor_in(self._last) or self._begun_at
            self._session.send(self._subscribed(cursor, ref))
        else:
            self._begin(self._waiting, ref)

    def _begin(self, waiting: Sequence[str], ref: str | None) -> None:
        """Tell that it is subscribed, then what was missed, then what came meanwhile."""
        before = self._recovery.before if self._missed else self._begun_at
        frames = [self._subscribed(before, ref)]
        frames += [on_topic(self.topic, frame) for frame in self._missed]
        if self._begun_at is not None:
            place = PlacePayload(cursor=self._begun_at)
            frames.append(told(CaughtUp(payload=place), self.topic))
        self._session.send_beyond(frames)
        self._waiting, self._missed, self._recovery = None, (), Recovery(0)
        for frame in waiting:
            self._session.send(frame)

    def end(self) -> None:
        self._has_ended = True

    def _subscribed(self, cursor: str | None, ref: str | None) -> str:
        payload = SubscribedPayload(**self.outcome.model_dump(), cursor=cursor)
        return told(Subscribed(payload=payload), self.topic, ref)

    # What its audiences and its feature have for it.

    def send(self, frame: str) -> None:
        if self._has_ended:
            return
        if self._waiting is None:
            self._session.send(frame)
        else:
            self._waiting.append(frame)

    def deliver(self, frame: str) -> None:
        if self._has_ended:
            return
        self._last = frame
        if self._waiting is None:
            self._session.deliver(on_topic(self.topic, frame))
        else:
            self._waiting.append(on_topic(self.topic, frame))

    def recover(self, recovery: Recovery, frames: Sequence[str]) -> None:
        if self._has_ended:
            return
        self._last = frames[-1] if frames else self._last
        if self._waiting is not None:
            self._recovery, self._missed = recovery, frames
            return
        told_of = [recovered_frame(recovery), *frames]
        self._session.send_beyond([on_topic(self.topic, frame) for frame in told_of])

    def begin_at(self, cursor: Cursor) -> None:
        self._begun_at = cursor

    # Where its lane lets slow readers stay: see `LossySubscription`.

    def lossy(self, slow_readers: SlowReaders) -> Subscriber:
        if not self._session.may_miss:
            return self
        return LossySubscription(self, slow_readers, self._gap)

    def write_at_once(self, frame: str) -> bool:
        if self._waiting is None and not self._has_ended:
            self._last = frame
            return self._session.write_at_once(on_topic(self.topic, frame))
        self.deliver(frame)
        return True

    def keep_droppable(self, backlog: Backlog, frame: str) -> None:
        if not self._has_ended:
            self._session.keep_droppable(backlog, on_topic(self.topic, frame))

    def notify(self, message: Mapping[str, Any]) -> None:
        """What other code sends is for sockets of one thing."""

    def _gap(self, missed: int) -> str:
        return on_topic(self.topic, gap_frame(missed))
