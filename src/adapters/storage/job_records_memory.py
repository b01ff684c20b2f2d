"""The memory implementation of job records."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

from adapters.buckets import Buckets, Rate
from application.errors import Scope
from application.job_ports import WAITING_SECONDS, JobRecords, Share, ShareIsUsedUp, bytes_of
from application.ports import Clock
from domain.identity import IdempotencyKey, JobId, MemberId
from domain.jobs import Job, JobEnded, JobState


@dataclass(slots=True)
class Record:
    """`until` is when the lease of a running job, or the retention of an ended one, is over;
    of a queued one, since when it waits. `shares` are those in which it counts as waiting."""

    job: Job
    until: float
    shares: Sequence[Share] = ()


class MemoryJobRecords(JobRecords):
    """Keeps ended jobs for `retention` seconds, and at most `capacity` of them."""

    def __init__(self, clock: Clock, *, retention: float, capacity: int) -> None:
        self._clock = clock
        self._retention = retention
        self._capacity = capacity
        self._records: OrderedDict[JobId, Record] = OrderedDict()
        self._keyed: dict[IdempotencyKey, JobId] = {}
        self._owned: dict[MemberId, dict[JobId, None]] = {}
        # Ended jobs in the order of their end, which is the order of their expiry.
        self._ended: OrderedDict[JobId, None] = OrderedDict()
        # When they ended, in that order.
        self._untold: OrderedDict[JobId, float] = OrderedDict()
        self._waiting: Counter[tuple[Scope, str]] = Counter()
        self._kept: dict[tuple[Scope, int], Buckets] = {}

    async def add(self, job: Job, shares: Sequence[Share] = ()) -> bool:
        self._expire()
        if job.id in self._records or job.key in self._keyed:
            return False
        now, size = self._clock.monotonic(), bytes_of(job)
        for share in shares:
            if self._waiting[share.scope, share.key] >= share.waiting:
                raise ShareIsUsedUp(share.scope, WAITING_SECONDS, is_bytes=False)
            if wait := self._bytes_of(share).wait(share.key, now, size):
                raise ShareIsUsedUp(share.scope, wait, is_bytes=True)
        for share in shares:
            self._waiting[share.scope, share.key] += 1
            self._bytes_of(share).take(share.key, now, size)
        self._records[job.id] = Record(job, now, shares)
        self._owned.setdefault(job.owner, {})[job.id] = None
        if job.key is not None:
            self._keyed[job.key] = job.id
        return True

    async def keyed(self, key: IdempotencyKey) -> Job | None:
        self._expire()
        job_id = self._keyed.get(key)
        return None if job_id is None else self._records[job_id].job

    async def get(self, job_id: JobId) -> Job | None:
        self._expire()
        record = self._records.get(job_id)
        return None if record is None else record.job

    async def is_gone(self, job_id: JobId) -> bool:
        self._expire()
        return job_id not in self._records

    async def of_owner(self, owner: MemberId, limit: int) -> list[Job]:
        self._expire()
        newest = islice(reversed(self._owned.get(owner, {})), limit)
        return [self._records[job_id].job for job_id in newest]

    async def claim(self, job_id: JobId, lease: float) -> Job | None:
        record = self._records.get(job_id)
        if record is None or record.job.state is not JobState.QUEUED:
            return None
        record.job = record.job.start()
        self._waits_no_more(record)
        record.until = self._clock.monotonic() + lease
        return record.job

    async def report(
        self, job_id: JobId, attempt: int, lease: float, progress: float | None = None
    ) -> Job | None:
        record = self._held(job_id, attempt)
        if record is None:
            return None
        record.until = self._clock.monotonic() + lease
        if progress is not None:
            record.job = record.job.advance(progress)
        return record.job

    async def end(self, job_id: JobId, attempt: int, ending: JobEnded) -> bool:
        return self._change(job_id, attempt, lambda job: job.end(ending))

    async def hand_back(self, job_id: JobId, attempt: int, *, lost: bool = False) -> bool:
        return self._change(job_id, attempt, lambda job: job.hand_back(lost=lost))

    async def cancel(self, job_id: JobId, at: float | None = None) -> Job | None:
        record = self._records.get(job_id)
        if record is None or record.job.state.is_over:
            return None
        self._keep(record, record.job.cancel(at))
        return record.job

    async def give(self, job_id: JobId, data: str) -> Job | None:
        record = self._records.get(job_id)
        if record is None:
            return None
        record.job = record.job.give(data)
        return record.job

    async def lapsed(self, limit: int) -> list[Job]:
        now = self._clock.monotonic()
        running = [r for r in self._records.values() if r.job.state is JobState.RUNNING]
        over = sorted((r for r in running if r.until <= now), key=lambda r: r.until)
        return [record.job for record in over[:limit]]

    async def unclaimed(self, waited: float, limit: int) -> list[Job]:
        now = self._clock.monotonic()
        queued = [r for r in self._records.values() if r.job.state is JobState.QUEUED]
        long = sorted((r for r in queued if r.until <= now - waited), key=lambda r: r.until)
        for record in long[:limit]:
            record.until = now
        return [record.job for record in long[:limit]]

    async def untold(self, settled: float, limit: int) -> list[Job]:
        self._expire()
        latest = self._clock.monotonic() - settled
        ids = takewhile(lambda job_id: self._untold[job_id] <= latest, self._untold)
        return [self._records[job_id].job for job_id in islice(ids, limit)]

    async def told(self, job_id: JobId) -> None:
        self._untold.pop(job_id, None)

    def _held(self, job_id: JobId, attempt: int) -> Record | None:
        record = self._records.get(job_id)
        return record if record is not None and record.job.is_held_by(attempt) else None

    def _change(self, job_id: JobId, attempt: int, change: Callable[[Job], Job]) -> bool:
        record = self._held(job_id, attempt)
        if record is None:
            return False
        self._keep(record, change(record.job))
        return True

    def _keep(self, record: Record, job: Job) -> None:
        record.job = job
        if job.state is JobState.QUEUED:
            record.until = self._clock.monotonic()
        elif job.state.is_over:
            self._waits_no_more(record)
            record.until = self._clock.monotonic() + self._retention
            self._ended[job.id] = None
            self._untold[job.id] = self._clock.monotonic()

    def _bytes_of(self, share: Share) -> Buckets:
        """Half of what is kept at once, and half by and by: never more within the retention."""
        kind = share.scope, share.kept
        if kind not in self._kept:
            half = share.kept / 2
            self._kept[kind] = Buckets(Rate(half / self._retention, half))
        return self._kept[kind]

    def _waits_no_more(self, record: Record) -> None:
        for share in record.shares:
            self._waiting[share.scope, share.key] -= 1
            if not self._waiting[share.scope, share.key]:
                del self._waiting[share.scope, share.key]
        record.shares = ()

    def _expire(self) -> None:
        now = self._clock.monotonic()
        while self._ended:
            oldest = next(iter(self._ended))
            if len(self._ended) <= self._capacity and self._records[oldest].until > now:
                return
            del self._ended[oldest]
            self._untold.pop(oldest, None)
            job = self._records.pop(oldest).job
            if job.key is not None:
                del self._keyed[job.key]
            del self._owned[job.owner][oldest]
            if not self._owned[job.owner]:
                del self._owned[job.owner]
