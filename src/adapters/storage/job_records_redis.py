"""The Redis implementation of job records: one JSON record per job, changed by compare-and-swap.

What may follow what is decided by the domain, here as in memory; `job_swap.lua` only makes
the change atomic. All keys share a hash tag: one job's change touches several of them.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from adapters.redis_connection import Client, Script, answering
from application.errors import Unavailable
from application.job_ports import LISTED_BACK, JobRecords
from domain.identity import IdempotencyKey, JobId, MemberId
from domain.jobs import Job, JobEnded, JobKind, JobState

_SCRIPTS = Path(__file__).parent / "scripts"
ADD = Script(_SCRIPTS / "job_add.lua")
SWAP = Script(_SCRIPTS / "job_swap.lua")
DUE = Script(_SCRIPTS / "job_due.lua")

TRIES = 20
"""Swaps lost in a row to others before giving up: one job has few who change it."""

LISTED_MS = 24 * 3600 * 1000
"""The list of an owner is kept for a day longer than its newest job, if that ended at once."""


class RedisJobRecords(JobRecords):
    """`retention` is how many seconds an ended job is kept. The clock is that of Redis."""

    def __init__(self, client: Client, service: str, *, retention: float) -> None:
        self._client = client
        self._prefix = f"{service}:{{jobs}}"
        self._retention_ms = int(retention * 1000)

    async def add(self, job: Job) -> bool:
        keys = [
            self._record(job.id),
            *self._sets("waiting", "untold"),
            self._owned(job.owner),
            *self._key_of(job),
        ]
        listed_ms = self._retention_ms + LISTED_MS
        args = [job.id, _raw(job), job.submitted_at, LISTED_BACK, listed_ms]
        with answering():
            return bool(await ADD(self._client, keys, args))

    async def keyed(self, key: IdempotencyKey) -> Job | None:
        with answering():
            job_id = await self._client.get(self._key(key))
            return None if job_id is None else await self.get(JobId(job_id.decode()))

    async def get(self, job_id: JobId) -> Job | None:
        with answering():
            return _job(await self._client.get(self._record(job_id)))

    async def of_owner(self, owner: MemberId, limit: int) -> list[Job]:
        with answering():
            ids = await self._client.zrevrange(self._owned(owner), 0, -1)
            # Ended jobs expire, whatever their place in the list, and the id of an expired one
            # may be another member's job by now.
            return [job for job in await self._all(ids) if job.owner == owner][:limit]

    async def claim(self, job_id: JobId, lease: float) -> Job | None:
        return await self._change(
            job_id, lease, lambda job: job.start() if job.state is JobState.QUEUED else None
        )

    async def report(
        self, job_id: JobId, attempt: int, lease: float, progress: float | None = None
    ) -> Job | None:
        def advance(job: Job) -> Job | None:
            if not job.is_held_by(attempt):
                return None
            return job if progress is None else job.advance(progress)

        return await self._change(job_id, lease, advance)

    async def end(self, job_id: JobId, attempt: int, ending: JobEnded) -> bool:
        changed = await self._change(
            job_id, 0, lambda job: job.end(ending) if job.is_held_by(attempt) else None
        )
        return changed is not None

    async def hand_back(self, job_id: JobId, attempt: int, *, lost: bool = False) -> bool:
        changed = await self._change(
            job_id, 0, lambda job: job.hand_back(lost=lost) if job.is_held_by(attempt) else None
        )
        return changed is not None

    async def cancel(self, job_id: JobId) -> Job | None:
        return await self._change(
            job_id, None, lambda job: None if job.state.is_over else job.cancel()
        )

    async def lapsed(self, limit: int) -> list[Job]:
        jobs = await self._due("leases", 0, limit)
        return [job for job in jobs if job.state is JobState.RUNNING]

    async def unclaimed(self, waited: float, limit: int) -> list[Job]:
        jobs = await self._due("waiting", int(waited * 1000), limit, anew=True)
        return [job for job in jobs if job.state is JobState.QUEUED]

    async def untold(self, settled: float, limit: int) -> list[Job]:
        return await self._due("untold", int(settled * 1000), limit)

    async def told(self, job_id: JobId) -> None:
        with answering():
            await self._client.zrem(f"{self._prefix}:untold", job_id)

    async def _change(
        self, job_id: JobId, lease: float | None, change: Callable[[Job], Job | None]
    ) -> Job | None:
        """Swap a record for what `change` makes of it; None if it makes nothing."""
        with answering():
            for _ in range(TRIES):
                raw = await self._client.get(self._record(job_id))
                job = _job(raw)
                changed = None if job is None else change(job)
                if changed is None:
                    return None
                if await self._swap(changed, raw, lease):
                    return changed
        raise Unavailable

    async def _swap(self, job: Job, expected: bytes, lease: float | None) -> bool:
        if job.state.is_over:
            duration: int | str = self._retention_ms
        else:
            duration = "" if lease is None else int(lease * 1000)
        keys = [
            self._record(job.id),
            *self._sets("leases", "waiting", "untold"),
            *self._key_of(job),
        ]
        args = [job.id, expected, _raw(job), job.state.value, duration]
        return bool(await SWAP(self._client, keys, args))

    async def _due(self, name: str, older_ms: int, limit: int, *, anew: bool = False) -> list[Job]:
        """The jobs of one of the sets; ids without a record (expired) are dropped from it."""
        key = f"{self._prefix}:{name}"
        with answering():
            args = [older_ms, limit, "1" if anew else ""]
            ids: list[bytes] = await DUE(self._client, [key], args)
            if not ids:
                return []
            raws = await self._client.mget([self._record(i.decode()) for i in ids])
            gone = [i for i, raw in zip(ids, raws, strict=True) if raw is None]
            if gone:
                await self._client.zrem(key, *gone)
        return [job for raw in raws if (job := _job(raw)) is not None]

    async def _all(self, ids: list[bytes]) -> list[Job]:
        if not ids:
            return []
        raws = await self._client.mget([self._record(i.decode()) for i in ids])
        return [job for raw in raws if (job := _job(raw)) is not None]

    def _record(self, job_id: str) -> str:
        return f"{self._prefix}:record:{job_id}"

    def _key(self, key: IdempotencyKey) -> str:
        return f"{self._prefix}:key:{key.value}"

    def _key_of(self, job: Job) -> list[str]:
        return [] if job.key is None else [self._key(job.key)]

    def _sets(self, *names: str) -> list[str]:
        return [f"{self._prefix}:{name}" for name in names]

    def _owned(self, owner: MemberId) -> str:
        return f"{self._prefix}:owner:{owner}"


def _raw(job: Job) -> str:
    # What is None is left out, so that a release that doesn't know of it has nothing to object.
    known = {name: value for name, value in asdict(job).items() if value is not None}
    return json.dumps(known | ({} if job.key is None else {"key": job.key.value}))


def _job(raw: bytes | None) -> Job | None:
    """A record as a job; None too for one that only a newer release understands."""
    if raw is None:
        return None
    try:
        fields = json.loads(raw)
        key = IdempotencyKey(fields["key"]) if "key" in fields else None
        known = {"kind": JobKind(fields["kind"]), "state": JobState(fields["state"]), "key": key}
        return Job(**fields | known)
    except (ValueError, TypeError, KeyError):
        return None
