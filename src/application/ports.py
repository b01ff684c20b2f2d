"""What the services need from the outside. Each docstring is the contract that every
implementation keeps, and that its suite in `tests/contracts` checks.

Every asynchronous method raises `Unavailable` when its backend can't answer in time.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NewType, Protocol, TypeVar

from domain.analytics import Counts
from domain.audiences import Audience
from domain.identity import ConnectionId, IdempotencyKey, JobId, Member, MemberId, RoomName
from domain.jobs import Job, JobEnded
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

    `missed` frames follow. Without a `reason` they are all there were; with one, they are
    what is left.
    """

    missed: int
    reason: LossReason | None = None


class Subscriber(Protocol):
    """One open connection, as the audiences it listens to see it.

    All methods return at once and never raise: a subscriber that can't keep up
    deals with it itself and delays nobody.
    """

    @property
    def connection_id(self) -> ConnectionId: ...

    def deliver(self, frame: str) -> None:
        """Take one encoded event."""

    def recover(self, recovery: Recovery, frames: Sequence[str]) -> None:
        """Take what was missed, before anything newer is delivered."""


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
    def audience_of(self, cursor: Cursor) -> Audience[Any] | None:
        """Whose history a cursor belongs to; None for what is no cursor at all."""

    @abstractmethod
    async def drop(self, subscriber: Subscriber, audience: Audience[Any] | None = None) -> None:
        """End its subscription to `audience`, or all it has; unknown ones change nothing."""


class History(Protocol):
    """What durable audiences heard, within their lane's capacity and age."""

    @abstractmethod
    async def recent(self, audience: Audience[Any], limit: int) -> list[str]:
        """The newest `limit` frames, oldest first; empty for an audience never told anything."""


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
    """How often each analytics event was recorded."""

    @abstractmethod
    async def add(self, name: str) -> tuple[int, int]:
        """Count one; return how many of this name, and how many in all."""

    @abstractmethod
    async def counts(self, limit: int) -> Counts:
        """All in all, and the `limit` most frequent names, most frequent first."""


class AskedJobs(Protocol):
    """The records of jobs, for those who ask for them."""

    @abstractmethod
    async def add(self, job: Job) -> bool:
        """Keep a new job; False, and no change, if its id is known already."""

    @abstractmethod
    async def get(self, job_id: JobId) -> Job | None: ...

    @abstractmethod
    async def of_owner(self, owner: MemberId, limit: int) -> list[Job]:
        """The newest `limit` jobs of one member, newest first."""

    @abstractmethod
    async def cancel(self, job_id: JobId) -> Job | None:
        """Cancel a queued job, or request it of a running one.

        Returns the job as it is afterwards; None, and no change, if it is over or unknown.
        """


class RunningJobs(Protocol):
    """The records of jobs, for those who run them.

    `attempt` fences: a worker that lost its job to another holds an old attempt, and nothing
    it does changes the record.
    """

    @abstractmethod
    async def claim(self, job_id: JobId, lease: float) -> Job | None:
        """Start a queued job for `lease` seconds; None unless it is there and queued."""

    @abstractmethod
    async def report(
        self, job_id: JobId, attempt: int, lease: float, progress: float | None = None
    ) -> Job | None:
        """Keep a running job for `lease` more seconds, and note its progress.

        None if this attempt does not hold the job (any more).
        """

    @abstractmethod
    async def end(self, job_id: JobId, attempt: int, ending: JobEnded) -> bool:
        """End a running job; False, and no change, if this attempt does not hold it."""

    @abstractmethod
    async def hand_back(self, job_id: JobId, attempt: int, *, lost: bool = False) -> bool:
        """Queue a running job again; False if this attempt does not hold it.

        `lost` says that its worker vanished, which the job remembers.
        """


class StalledJobs(Protocol):
    """The records of jobs that nobody carries on."""

    @abstractmethod
    async def lapsed(self, limit: int) -> list[Job]:
        """Running jobs whose lease is over, longest over first."""

    @abstractmethod
    async def unclaimed(self, waited: float, limit: int) -> list[Job]:
        """Queued jobs that nobody claimed for `waited` seconds, longest waiting first.

        Giving one out counts as a new beginning of its wait.
        """


class EndedJobs(Protocol):
    """The records of endings, each until its audience was told of it."""

    @abstractmethod
    async def untold(self, settled: float, limit: int) -> list[Job]:
        """Jobs that ended at least `settled` seconds ago and of which nobody said `told`,
        in the order of their end."""

    @abstractmethod
    async def told(self, job_id: JobId) -> None:
        """The job's audience knows how it ended; unknown ids are ignored."""


class JobRecords(AskedJobs, RunningJobs, StalledJobs, EndedJobs, Protocol):
    """The truth about jobs, which each service sees only its part of.

    Each method is atomic. A record expires a while after its job's end.
    """


class JobQueue(Protocol):
    """Starts work somewhere. A job put twice may be started twice: the records fence it."""

    @abstractmethod
    async def put(self, job_id: JobId) -> None:
        """Have some worker run this job soon."""

    @abstractmethod
    async def depth(self) -> int:
        """How many jobs wait for a worker."""

    @abstractmethod
    async def interrupt(self, job_id: JobId) -> None:
        """Tell whichever worker runs this job to look at its record; unknown ids are ignored."""


class Clock(Protocol):
    @abstractmethod
    def now(self) -> float:
        """Seconds since 1970."""


class Ids(Protocol):
    @abstractmethod
    def job_id(self) -> JobId:
        """A new id that nobody can guess."""
