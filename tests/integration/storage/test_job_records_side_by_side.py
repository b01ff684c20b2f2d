"""Job records side by side: those in memory, and those on Redis."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeAlias

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from adapters.storage.job_records_memory import MemoryJobRecords
from adapters.storage.job_records_redis import RedisJobRecords
from application.job_ports import JobRecords
from domain.errors import BrokenRule
from domain.identity import IdempotencyKey, JobId, Member, MemberId
from domain.jobs import Job, JobCancelled, JobEnded, JobFailed, JobKind, JobSucceeded
from tests.doubles import ManualClock
from tests.integration.processes import Redis
from tests.integration.side_by_side import OnRedis, run_side_by_side
from tests.integration.storage.aging import AgingKeys

pytestmark = pytest.mark.redis

PERIOD = 1000
"""Time passes in these; every lease and retention ends in the middle of one, whatever the
machine itself takes."""

JOB_IDS = [JobId(str(number)) for number in range(5)]
job_ids = st.sampled_from(JOB_IDS)
owners = st.sampled_from([MemberId("ada"), MemberId("bob")])
leases = st.sampled_from([0.5 * PERIOD, 1.5 * PERIOD, 2.5 * PERIOD])
KEYS = [IdempotencyKey(str(number)) for number in range(3)]
keys = st.sampled_from(KEYS)
attempts = st.integers(-1, 0)
Ask: TypeAlias = Callable[[JobRecords], Awaitable[Any]]


class JobRecordTwins(OnRedis):
    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.aging = AgingKeys(self.client, self.service)
        retention = 3.5 * PERIOD
        self.memory = MemoryJobRecords(self.clock, retention=retention, capacity=1000)
        self.redis = RedisJobRecords(self.client, self.service, retention=retention)
        self._submitted = 0.0

    def ask(self, question: Ask) -> Any:
        """Ask both; returns their one answer."""
        one, other = self.run(question(self.memory)), self.run(question(self.redis))
        assert one == other
        return one

    def ask_for_many(self, question: Ask) -> None:
        """The same, where the order may differ: time stands still in memory only."""
        one, other = self.run(question(self.memory)), self.run(question(self.redis))
        assert sorted(one, key=_id) == sorted(other, key=_id)

    def attempt(self, job_id: JobId, older: int) -> int:
        job: Job | None = self.run(self.memory.get(job_id))
        return (0 if job is None else job.attempt) + older

    @rule(
        job_id=job_ids,
        owner=owners,
        kind=st.sampled_from(JobKind),
        private=st.booleans(),
        key=st.none() | keys,
    )
    def add(
        self,
        job_id: JobId,
        owner: MemberId,
        kind: JobKind,
        private: bool,
        key: IdempotencyKey | None,
    ) -> None:
        self._submitted += 1
        member = Member(owner, recognised=private)
        job = Job.ask(job_id, kind, "content", member, self._submitted, key)
        self.ask(lambda records: records.add(job))

    @rule(job_id=job_ids, lease=leases)
    def claim(self, job_id: JobId, lease: float) -> None:
        self.ask(lambda records: records.claim(job_id, lease))

    @rule(job_id=job_ids, older=attempts, lease=leases, progress=st.none() | st.floats(0, 1))
    def report(self, job_id: JobId, older: int, lease: float, progress: float | None) -> None:
        attempt = self.attempt(job_id, older)
        self.ask(lambda records: records.report(job_id, attempt, lease, progress))

    @rule(job_id=job_ids, older=attempts, how=st.sampled_from(["succeeded", "failed", "cancelled"]))
    def end(self, job_id: JobId, older: int, how: str) -> None:
        endings: dict[str, JobEnded] = {
            "succeeded": JobSucceeded(job_id, "done"),
            "failed": JobFailed(job_id, "no"),
            "cancelled": JobCancelled(job_id),
        }
        attempt = self.attempt(job_id, older)
        self.ask(lambda records: records.end(job_id, attempt, endings[how]))

    @rule(job_id=job_ids, older=attempts, lost=st.booleans())
    def hand_back(self, job_id: JobId, older: int, lost: bool) -> None:
        attempt = self.attempt(job_id, older)
        self.ask(lambda records: records.hand_back(job_id, attempt, lost=lost))

    @rule(job_id=job_ids)
    def cancel(self, job_id: JobId) -> None:
        self.ask(lambda records: records.cancel(job_id))

    @rule(job_id=job_ids, data=st.text(max_size=3))
    def give(self, job_id: JobId, data: str) -> None:
        async def given(records: JobRecords) -> Job | str | None:
            try:
                return await records.give(job_id, data)
            except BrokenRule as refused:
                return refused.code

        self.ask(given)

    @rule(job_id=job_ids)
    def told(self, job_id: JobId) -> None:
        self.ask(lambda records: records.told(job_id))

    @rule(waited=st.sampled_from([0.5 * PERIOD, 1.5 * PERIOD]))
    def give_out_the_unclaimed(self, waited: float) -> None:
        self.ask_for_many(lambda records: records.unclaimed(waited, 99))

    @rule(periods=st.integers(1, 3))
    def time_passes(self, periods: int) -> None:
        seconds = periods * PERIOD
        self.clock.shift(seconds)
        self.run(self.aging.advance(seconds))

    @rule(settled=st.sampled_from([0.0, 0.5 * PERIOD, 1.5 * PERIOD]))
    def list_the_untold(self, settled: float) -> None:
        self.ask_for_many(lambda records: records.untold(settled, 99))

    @rule(owner=owners, limit=st.integers(1, 5))
    def list(self, owner: MemberId, limit: int) -> None:
        self.ask(lambda records: records.of_owner(owner, limit))

    @invariant()
    def the_same_stands_in_both(self) -> None:
        for job_id in JOB_IDS:
            self.ask(partial(_get, job_id))
        for key in KEYS:
            self.ask(partial(_keyed, key))
        self.ask_for_many(lambda records: records.lapsed(99))


async def _get(job_id: JobId, records: JobRecords) -> Job | None:
    return await records.get(job_id)


async def _keyed(key: IdempotencyKey, records: JobRecords) -> Job | None:
    return await records.keyed(key)


def _id(job: Job) -> str:
    return job.id


def test_job_records_on_redis_can_not_be_told_from_those_in_memory(redis_server: Redis) -> None:
    run_side_by_side(JobRecordTwins, redis_server)
