"""What the services need from the outside. Each docstring is the contract that every
implementation keeps, and that its suite in `tests/contracts` checks.

Every asynchronous method raises `Unavailable` when its backend can't answer in time.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NewType, Protocol, TypeVar

from domain.analytics import Counts
from domain.audiences import Audience
from domain.identity import ConnectionId, IdempotencyKey, JobId, Member, RoomName
from domain.rooms import RoomSize, Roster

Event = TypeVar("Event")

Cursor = NewType("Cursor", str)
"""A place in a durable audience's order. Opaque: only the lane that made it reads it."""


class LossReason(StrEnum):
    """Why frames after a cursor can't all be given again."""

    EXPIRED = "expired"
    TRIMMED = "trimmed"
    UNKNOWN_POSITION = "unknown_position"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Recovery:
    """How a return with a cursor went.

    `missed` frames follow, which stand after the place `before`, if they stand in a history.
    Without a `reason` they are all there were; with one, they are what is left.
    """

    missed: int
    reason: LossReason | None = None
    before: Cursor | None = field(default=None, compare=False)


BEGINNING = Cursor("0")
"""The beginning of whatever is kept, in each audience."""


class SlowReaders(StrEnum):
    """What becomes of a subscriber that can't keep up with an audience."""

    DISCONNECT = "disconnect"
    """It goes, and may come back with a cursor."""
    DROP_OLDEST = "drop_oldest"
    """It stays, and misses what has waited for longest."""
    LATEST = "latest"
    """It stays, and misses all but the newest: one frame waits for it at most."""


class Subscriber(Protocol):
    """One open connection, or one topic of one, as the audiences it listens to see it.

    All methods return at once and never raise: a subscriber that can't keep up
    deals with it itself and delays nobody.
    """

    @property
    def connection_id(self) -> ConnectionId: ...

    def deliver(self, frame: str) -> None:
        """Take one encoded event."""

    def recover(self, recovery: Recovery, frames: Sequence[str]) -> None:
        """Take what was missed, before anything newer is delivered."""

    def begin_at(self, cursor: Cursor) -> None:
        """Take note of the place in a durable audience after which everything is delivered from
        now on; it follows `recover`."""

    def lossy(self, slow_readers: SlowReaders) -> "Subscriber":
        """Who listens to one audience in its place, and may drop frames of that audience which are
        delivered while others wait, but tells how many at their place; nothing recovered."""


class Broadcaster(Protocol):
    """Tells an audience what happened, on every server process.

    Order: what one caller publishes to one audience, awaiting each call, arrives in that
    order everywhere. A durable audience has one order for all.
    Guarantee: on a durable audience the call returns only when history holds the event;
    on the others every subscriber hears it at most once. A call that raised `Unavailable`
    may have published nevertheless: with the same `key` it can be repeated.
    """

    @abstractmethod
    async def publish(
        self,
        audience: Audience[Event],
        event: Event,
        *,
        exclude: ConnectionId | None = None,
        key: IdempotencyKey | None = None,
    ) -> Cursor | None:
        """Tell everybody in `audience`, `exclude` one connection. No subscriber is no error.

        With a `key` on a durable audience, returns the event's cursor. What was published
        there under the same key is not published again as long as the key is remembered
        (by time and by number, both settings): the first cursor is returned.
        """

    @abstractmethod
    async def published(self, audience: Audience[Any], key: IdempotencyKey) -> Cursor | None:
        """The cursor of what was published under this key, as long as it is remembered."""


class GrowingTexts(Protocol):
    """The one text that a durable audience may have beside its history, kept for as long."""

    @abstractmethod
    async def grow(self, audience: Audience[Event], event: Event) -> bool:
        """Publish a `GrowingEvent`, and keep what the text is now, in one step.

        False, and nothing is told or kept, if a later attempt has told something, if the audience
        has heard its last event, or if the text that is kept ends elsewhere than at `at`: because
        a call that raised `Unavailable` grew it nevertheless, or because it was lost. At 0 the
        text begins anew, whatever was kept.
        """

    @abstractmethod
    async def text(self, audience: Audience[Any]) -> str:
        """The text, with all that was published before the call; empty if there is none."""


class Subscriptions(Protocol):
    """Who listens to what, in this process."""

    @abstractmethod
    async def subscribe(
        self,
        audience: Audience[Any],
        subscriber: Subscriber,
        *,
        since: Cursor | None = None,
        replay_last: bool = False,
    ) -> Recovery | None:
        """Deliver what is published to `audience` from now on; twice is once.

        With `since` on a durable audience, `subscriber.recover` first gets what came
        after that cursor, without gap or repeat against what follows; the outcome is
        returned too. With `replay_last` the newest event of history is delivered first,
        to one that listens already, too.
        Raises `TooManySubscriptions`.
        """

    @abstractmethod
    def tell(self, audience: Audience[Event], subscriber: Subscriber, event: Event) -> None:
        """Deliver an event to this one alone; it is no part of history and has no cursor."""

    @abstractmethod
    def audience_of(self, cursor: Cursor) -> Audience[Any] | None:
        """Whose history a cursor belongs to; None for what is no cursor at all."""

    @abstractmethod
    async def drop(self, subscriber: Subscriber, audience: Audience[Any] | None = None) -> None:
        """End its subscription to `audience`, or all it has; unknown ones change nothing."""


class History(Protocol):
    """What durable audiences heard, within their lane's capacity, bytes and age."""

    @abstractmethod
    async def recent(self, audience: Audience[Any], limit: int) -> list[str]:
        """The newest `limit` frames, oldest first; empty for an audience never told anything."""

    @abstractmethod
    async def is_known(self, audience: Audience[Any]) -> bool:
        """Whether somebody listens to it in this process, which asks nobody, or anything of its
        history is kept, on whichever."""


class Presence(Protocol):
    """Who is in which room, over all server processes.

    Whoever was in a server process that died is gone again within the lease, without
    anybody's doing.
    """

    @abstractmethod
    async def enter(
        self, room: RoomName, connection: ConnectionId, member: Member, *, limit: int
    ) -> int:
        """Add a connection and return how many are in now. Entering twice counts once.

        Raises `RoomIsFull` at `limit`, also when many enter at once.
        """

    @abstractmethod
    async def leave(self, room: RoomName, connection: ConnectionId) -> int | None:
        """Remove a connection and return how many are left; None if it wasn't there."""

    @abstractmethod
    async def roster(self, room: RoomName, limit: int) -> Roster:
        """Who is here, at most `limit` of them by name; an unknown room is empty."""

    @abstractmethod
    async def rooms(self, limit: int) -> list[RoomSize]:
        """Rooms with somebody in them, fullest first, at most `limit`."""


class Tally(Protocol):
    """How often each analytics event was recorded.

    A name that was not counted for a while, a setting, is forgotten; when all are, so is the sum.
    """

    @abstractmethod
    async def add(self, name: str) -> tuple[int | None, int]:
        """Count one; return how many of this name, and how many in all.

        A name too many is counted among the others, and has no count of its own: None.
        """

    @abstractmethod
    async def add_known(self, name: str) -> tuple[int | None, int] | None:
        """The same, but for a name that would be new: then nothing is counted, and it is None."""

    @abstractmethod
    async def counts(self, limit: int) -> Counts:
        """All in all, and the `limit` most frequent names, most frequent first."""


class Clock(Protocol):
    @abstractmethod
    def now(self) -> float:
        """Seconds since 1970, for people. Somebody may set it, back or ahead, at any moment."""

    @abstractmethod
    def monotonic(self) -> float:
        """Seconds that only go forward, for whatever is waited for; of no meaning elsewhere."""


class Ids(Protocol):
    @abstractmethod
    def job_id(self) -> JobId:
        """A new id that nobody can guess."""
