"""The Redis implementation of job records: one JSON record per job, changed by compare-and-swap.

What may follow what is decided by the domain, here as in memory; `job_swap.lua` only makes
the change atomic. All keys share a hash tag: one job's change touches several of them.

What is no record of ours is set aside when it is read, under a name of its own: it is logged
once, by whichever process came first, and stands in nobody's way.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

from redis.exceptions import ResponseError

from adapters.redis_commands import Script, mended
from adapters.redis_connection import Client, answering
from adapters.storage.job_records_encoding import Malformed, decode, encode
from application.errors import Unavailable
from application.job_ports import (
    LISTED_BACK,
    WAITING_SECONDS,
    JobRecords,
    Share,
    ShareIsUsedUp,
    bytes_of,
)
from domain.identity import IdempotencyKey, JobId, MemberId
from domain.jobs import Job, JobEnded, JobState

log = logging.getLogger(__name__)

_SCRIPTS = Path(__file__).parent / "scripts"
ADD = Script(_SCRIPTS / "job_add.lua")
SWAP = Script(_SCRIPTS / "job_swap.lua")
DUE = Script(_SCRIPTS / "job_due.lua")

TRIES = 20
"""Swaps lost in a row to others before giving up: one job has few who change it."""

LISTED_MS = 24 * 3600 * 1000
"""The list of an owner is kept for a day longer than its newest job, if that ended at once."""


Page: TypeAlias = Callable[[int, int], Awaitable[list[bytes]]]
"""After so many ids the next so many, or fewer at the end."""


class Record(NamedTuple):
    """One as it stands in Redis; `job` is None if only a newer release understands it."""

    raw: bytes
    job: Job | None


class RedisJobRecords(JobRecords):
    """`retention` is how many seconds an ended job is kept. The clock is that of Redis."""

    def __init__(self, client: Client, service: str, *, retention: float) -> None:
        self._client = client
        self._prefix = f"{service}:{{jobs}}"
        self._retention_ms = int(retention * 1000)

    async def add(self, job: Job, shares: Sequence[Share] = ()) -> bool:
        keys = {
            self._record(job.id): "string",
            **self._sets("waiting", "untold"),
            self._owned(job.owner): "zset",
        }
        listed_ms = self._retention_ms + LISTED_MS
        args: list[str | float] = [job.id, encode(job), LISTED_BACK, listed_ms]
        args += [len(shares), bytes_of(job)]
        for share in shares:
            who, half = f"{share.scope}:{share.key}", share.kept / 2
            keys |= self._sets(f"waiting_of:{who}", kind="set")
            keys |= self._sets(f"bytes_of:{who}", kind="hash")
            # Half of what is kept at once, and half by and by: never more within the retention.
            args += [share.waiting, half * 1000 / self._retention_ms, half]
        with answering():
            outcome = await ADD(self._client, keys | self._key_of(job), args)
        if isinstance(outcome, int):
            return bool(outcome)
        number, wait_ms = outcome
        scope = shares[number - 1].scope
        if wait_ms:
            raise ShareIsUsedUp(scope, wait_ms / 1000, is_bytes=True)
        raise ShareIsUsedUp(scope, WAITING_SECONDS, is_bytes=False)

    async def keyed(self, key: IdempotencyKey) -> Job | None:
        with answering():
            (job_id,) = await self._client.mget([self._key(key)])
        return None if job_id is None else await self.get(JobId(_name(job_id)))

    async def get(self, job_id: JobId) -> Job | None:
        with answering():
            record = (await self._read([job_id])).get(job_id)
        return None if record is None else record.job

    async def is_gone(self, job_id: JobId) -> bool:
        with answering():
            return not await self._client.exists(self._record(job_id))

    async def of_owner(self, owner: MemberId, limit: int) -> list[Job]:
        key = self._owned(owner)

        async def page(passed: int, count: int) -> list[bytes]:
            last = passed + count - 1
            return await mended(
                self._client, {key: "zset"}, lambda: self._client.zrevrange(key, passed, last)
            )

        # The id of an expired one may be another member's job by now.
        return await self._first(limit, key, page, lambda job: job.owner == owner)

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

    async def cancel(self, job_id: JobId, at: float | None = None) -> Job | None:
        return await self._change(
            job_id, None, lambda job: None if job.state.is_over else job.cancel(at)
        )

    async def give(self, job_id: JobId, data: str) -> Job | None:
        return await self._change(job_id, None, lambda job: job.give(data))

    async def lapsed(self, limit: int) -> list[Job]:
        return await self._due("leases", 0, limit, lambda job: job.state is JobState.RUNNING)

    async def unclaimed(self, waited: float, limit: int) -> list[Job]:
        with answering():
            key = f"{self._prefix}:waiting"
            # Whatever is not given out waits anew, too, and then stands behind the others.
            ids = await DUE(self._client, {key: "zset"}, [int(waited * 1000), 0, limit, "1"])
            jobs, _ = await self._jobs(key, ids)
        return [job for job in jobs if job.state is JobState.QUEUED]

    async def untold(self, settled: float, limit: int) -> list[Job]:
        older_ms = int(settled * 1000)
        return await self._due("untold", older_ms, limit, lambda job: job.state.is_over)

    async def told(self, job_id: JobId) -> None:
        with answering():
            await self._client.zrem(f"{self._prefix}:untold", job_id)

    async def _change(
        self, job_id: JobId, lease: float | None, change: Callable[[Job], Job | None]
    ) -> Job | None:
        """Swap a record for what `change` makes of it; None if it makes nothing."""
        with answering():
            for _ in range(TRIES):
                record = (await self._read([job_id])).get(job_id)
                if record is None or record.job is None:
                    return None
                changed = change(record.job)
                if changed is None:
                    return None
                if await self._swap(changed, record.raw, lease):
                    return changed
        raise Unavailable

    async def _swap(self, job: Job, expected: bytes, lease: float | None) -> bool:
        if job.state.is_over:
            duration: int | str = self._retention_ms
        else:
            duration = "" if lease is None else int(lease * 1000)
        keys = {
            self._record(job.id): "string",
            **self._sets("leases", "waiting", "untold"),
            **self._key_of(job),
        }
        args = [job.id, expected, encode(job), job.state.value, duration]
        return bool(await SWAP(self._client, keys, args))

    async def _due(
        self, name: str, older_ms: int, limit: int, is_due: Callable[[Job], bool]
    ) -> list[Job]:
        key = f"{self._prefix}:{name}"

        async def page(passed: int, count: int) -> list[bytes]:
            args = [older_ms, passed, count, ""]
            ids: list[bytes] = await DUE(self._client, {key: "zset"}, args)
            return ids

        return await self._first(limit, key, page, is_due)

    async def _first(
        self, limit: int, key: str, page: Page, is_wanted: Callable[[Job], bool]
    ) -> list[Job]:
        """The first `limit` jobs of a sorted set that are wanted. No more records are read than
        that, unless some are not: then page by page, so that none stands behind those."""
        wanted, passed = list[Job](), 0
        with answering():
            while (count := limit - len(wanted)) > 0:
                ids = await page(passed, count)
                jobs, left = await self._jobs(key, ids)
                wanted += filter(is_wanted, jobs)
                passed += left
                if len(ids) < count:
                    break
        return wanted

    async def _jobs(self, key: str, ids: list[bytes]) -> tuple[list[Job], int]:
        """The jobs behind some ids of a sorted set, and how many of these ids are left in it:
        those without a record, most of which expired, are taken out."""
        records = await self._read(map(_name, ids))
        gone = [raw for raw in ids if _name(raw) not in records]
        if gone:
            await self._client.zrem(key, *gone)
        for foreign in (raw for raw in gone if _name(raw).encode() != raw):
            log.warning("%r in %s is no id of a job and is taken out", foreign[:100], key)
        jobs = [record.job for record in records.values() if record.job is not None]
        return jobs, len(ids) - len(gone)

    async def _read(self, ids: Iterable[str]) -> dict[str, Record]:
        """The records that are there, in the order of their ids."""
        raws: dict[str, bytes | None] = dict.fromkeys(ids)
        if not raws:
            return {}
        # MGET, because it finds nothing where GET refuses: in a hash, or another type.
        keys = [self._record(job_id) for job_id in raws]
        raws.update(zip(raws, await self._client.mget(keys), strict=True))
        absent = [job_id for job_id, raw in raws.items() if raw is None]
        if absent and await self._client.exists(*map(self._record, absent)):
            for job_id in absent:
                await self._set_aside(job_id, "it is of another type")
        records = {}
        for job_id, raw in raws.items():
            try:
                if raw is not None:
                    records[job_id] = Record(raw, decode(raw, job_id))
            except Malformed as why:
                await self._set_aside(job_id, str(why))
        return records

    async def _set_aside(self, job_id: str, reason: str) -> None:
        """Rename a record, and keep it for as long as that of a job that is over."""
        aside = f"{self._prefix}:malformed:{job_id}"
        async with self._client.pipeline(transaction=True) as pipeline:
            pipeline.rename(self._record(job_id), aside)
            pipeline.pexpire(aside, self._retention_ms)
            try:
                await pipeline.execute()
            except ResponseError as error:
                if "no such key" in str(error):
                    return  # it expired, or another process was faster
                raise
        log.warning("the record of job %.100r is malformed and set aside: %s", job_id, reason)

    def _record(self, job_id: str) -> str:
        return f"{self._prefix}:record:{job_id}"

    def _key(self, key: IdempotencyKey) -> str:
        return f"{self._prefix}:key:{key.value}"

    def _key_of(self, job: Job) -> dict[str, str]:
        return {} if job.key is None else {self._key(job.key): "string"}

    def _sets(self, *names: str, kind: str = "zset") -> dict[str, str]:
        return {f"{self._prefix}:{name}": kind for name in names}

    def _owned(self, owner: MemberId) -> str:
        return f"{self._prefix}:owner:{owner}"


def _name(job_id: bytes) -> str:
    """An id as the sets hold it; one that is no text becomes that of no job."""
    return job_id.decode(errors="replace")
