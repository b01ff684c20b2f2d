"""Doubles for what a test must see or break: a clock that it moves, and ports that record what they
are told or fail on demand. The fakes of this suite are the memory backend."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.jobs.queue_memory import MemoryJobQueue
from adapters.layers.broadcaster import LaneBroadcaster
from adapters.limit_settings import KeptSettings, TrafficSettings
from adapters.limits.address_limits import AddressLimits
from adapters.limits.caller_limits import CallerLimits, member_rates
from adapters.limits.limited import Limited
from adapters.storage.job_records_memory import MemoryJobRecords
from adapters.storage.member_allowances_memory import MemoryMemberAllowances
from application.errors import Unavailable
from application.job_ports import Share
from application.ports import (
    Broadcaster,
    Clock,
    Cursor,
    Event,
    Ids,
    Recovery,
    SlowReaders,
    Subscriber,
)
from domain.audiences import Audience
from domain.identity import ConnectionId, IdempotencyKey, JobId
from domain.jobs import Job, JobEnded
from tests.waiting import Signal

BEGINNING = 1_700_000_000.0
"""When a `ManualClock` starts: a whole second, so that sums with whole seconds are exact."""


class ManualClock(Clock):
    """Stands still until a test moves it."""

    def __init__(self, now: float = BEGINNING) -> None:
        self._now = self._monotonic = now

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def shift(self, seconds: float) -> None:
        self._now += seconds
        self._monotonic += seconds

    def set(self, seconds: float) -> None:
        """Somebody sets the clock ahead, or back; no time passes."""
        self._now += seconds

    async def advance(self, seconds: float) -> None:
        self.shift(seconds)


class NumberedIds(Ids):
    """job-1, job-2, …"""

    def __init__(self) -> None:
        self._given = 0

    def job_id(self) -> JobId:
        self._given += 1
        return JobId(f"job-{self._given}")


class RecordingSubscriber(Subscriber):
    """Keeps everything it is given, in the order in which a client would read it."""

    def __init__(self, name: str = "ada") -> None:
        self._connection_id = ConnectionId(name)
        self._signal = Signal()
        self.frames: list[str] = []
        """Recovered and live frames, in the order of their coming."""
        self.begun_at: Cursor | None = None
        self.recoveries: list[Recovery] = []
        self.notices: list[Mapping[str, Any]] = []

    @property
    def connection_id(self) -> ConnectionId:
        return self._connection_id

    def deliver(self, frame: str) -> None:
        self.frames.append(frame)
        self._signal.changed()

    def recover(self, recovery: Recovery, frames: Sequence[str]) -> None:
        self.recoveries.append(recovery)
        self.frames.extend(frames)
        self._signal.changed()

    def begin_at(self, cursor: Cursor) -> None:
        self.begun_at = cursor

    def lossy(self, slow_readers: SlowReaders) -> Subscriber:
        """It keeps up with everything."""
        return self

    def notify(self, message: Mapping[str, Any]) -> None:
        self.notices.append(message)
        self._signal.changed()

    @property
    def bodies(self) -> list[str]:
        """The frames as they were published, without their cursors."""
        return [body_of(frame) for frame in self.frames]

    @property
    def cursor(self) -> Cursor:
        """Where its last frame stands."""
        return cursor_of(self.frames[-1])

    async def wait_for(self, count: int) -> list[str]:
        """All frames, as soon as there are `count`."""
        await self._signal.until(
            lambda: len(self.frames) >= count,
            lambda: f"waited for {count} frames, got {len(self.frames)}: {self.frames}",
        )
        return self.frames

    async def wait_for_notices(self, count: int) -> list[Mapping[str, Any]]:
        """All notices, as soon as there are `count`."""
        await self._signal.until(
            lambda: len(self.notices) >= count,
            lambda: f"waited for {count} notices, got {len(self.notices)}: {self.notices}",
        )
        return self.notices


def cursor_of(frame: str) -> Cursor:
    return Cursor(json.loads(frame)["cursor"])


def body_of(frame: str) -> str:
    """A frame as it was published: what a durable lane adds stands at its end."""
    for name in ("cursor", "seq"):
        body, added, _ = frame.rpartition(f',"{name}":')
        frame = body + "}" if added else frame
    return frame


class EventBook:
    """An encoder that remembers: `read` gives back the events that frames stand for."""

    def __init__(self) -> None:
        self.encoded: list[tuple[Audience[Any], Any]] = []

    def __call__(self, audience: Audience[Any], event: Any) -> str:
        self.encoded.append((audience, event))
        return f'{{"event":{len(self.encoded) - 1}}}'

    def read(self, frames: Sequence[str]) -> list[Any]:
        return [self.encoded[json.loads(frame)["event"]][1] for frame in frames]

    def heard_by(self, subscriber: RecordingSubscriber) -> list[Any]:
        return self.read(subscriber.frames)


class FragileBroadcaster(Broadcaster):
    """Passes on to another, except for events of the kinds in `broken_for`."""

    def __init__(self, broadcaster: Broadcaster) -> None:
        self._broadcaster = broadcaster
        self.broken_for: tuple[type, ...] = ()
        self.refused: list[Any] = []
        self._signal = Signal()

    async def publish(
        self,
        audience: Audience[Event],
        event: Event,
        *,
        exclude: ConnectionId | None = None,
        key: IdempotencyKey | None = None,
    ) -> Cursor | None:
        if isinstance(event, self.broken_for):
            self.refused.append(event)
            self._signal.changed()
            raise Unavailable
        return await self._broadcaster.publish(audience, event, exclude=exclude, key=key)

    async def published(self, audience: Audience[Any], key: IdempotencyKey) -> Cursor | None:
        return await self._broadcaster.published(audience, key)

    async def wait_for_refused(self, count: int) -> None:
        await self._signal.until(
            lambda: len(self.refused) >= count,
            lambda: f"waited for {count} refused events, saw {self.refused}",
        )


class FragileSubscriptions(LaneBroadcaster):
    """Lanes that can break while somebody subscribes or drops."""

    broken = False

    async def subscribe(
        self,
        audience: Audience[Any],
        subscriber: Subscriber,
        *,
        since: Cursor | None = None,
        replay_last: bool = False,
    ) -> Recovery | None:
        if self.broken:
            raise Unavailable
        return await super().subscribe(audience, subscriber, since=since, replay_last=replay_last)

    async def drop(self, subscriber: Subscriber, audience: Audience[Any] | None = None) -> None:
        if self.broken:
            raise Unavailable
        await super().drop(subscriber, audience)


class FragileJobQueue(MemoryJobQueue):
    """Refuses to take jobs while it is `broken`, which says why."""

    broken: Exception | None = None

    async def put(self, job_id: JobId) -> None:
        if self.broken:
            raise Unavailable from self.broken
        await super().put(job_id)


class FragileJobRecords(MemoryJobRecords):
    """Does not answer the methods named in `broken`; counts signs of life."""

    def __init__(self, clock: Clock, *, retention: float = 3600, capacity: int = 1000) -> None:
        super().__init__(clock, retention=retention, capacity=capacity)
        self.broken: set[str] = set()
        self.calls: Counter[str] = Counter()
        self._signal = Signal()

    async def wait_for(self, method: str, more: int = 1) -> None:
        """Return after `method` was called that many more times from now on."""
        count = self.calls[method] + more
        await self._signal.until(
            lambda: self.calls[method] >= count,
            lambda: f"waited for call {count} of {method}, saw {self.calls[method]}",
        )

    def forget(self) -> None:
        """As a backend that lost all it had."""
        for records in (self._records, self._keyed, self._owned, self._ended, self._untold):
            records.clear()

    async def add(self, job: Job, shares: Sequence[Share] = ()) -> bool:
        self._called("add")
        return await super().add(job, shares)

    async def claim(self, job_id: JobId, lease: float) -> Job | None:
        self._called("claim")
        return await super().claim(job_id, lease)

    async def report(
        self, job_id: JobId, attempt: int, lease: float, progress: float | None = None
    ) -> Job | None:
        self._called("report")
        return await super().report(job_id, attempt, lease, progress)

    async def end(self, job_id: JobId, attempt: int, ending: JobEnded) -> bool:
        self._called("end")
        return await super().end(job_id, attempt, ending)

    async def hand_back(self, job_id: JobId, attempt: int, *, lost: bool = False) -> bool:
        self._called("hand_back")
        return await super().hand_back(job_id, attempt, lost=lost)

    def _called(self, method: str) -> None:
        self.calls[method] += 1
        self._signal.changed()
        if method in self.broken:
            raise Unavailable


def address_limits(**given: float) -> AddressLimits:
    """Limits by address with these settings, and generous ones for the rest."""
    settings = TrafficSettings(_env_file=None, **given)  # type: ignore[arg-type]
    return AddressLimits(settings, Limited())


def caller_limits(clock: Clock | None = None, **given: float) -> CallerLimits:
    """The same of what callers may have kept; members' are in memory."""
    settings = KeptSettings(_env_file=None, **given)  # type: ignore[arg-type]
    now = (clock or ManualClock()).monotonic
    members = MemoryMemberAllowances(member_rates(settings), now)
    return CallerLimits(settings, members, Limited(), now)
