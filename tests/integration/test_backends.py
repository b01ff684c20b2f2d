"""The backend side by side: whatever is done to memory and to Redis, the same can be seen."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, TypeAlias

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from adapters.environment import load_settings
from adapters.lane_table import LaneKind, LanePlan
from adapters.layers.lane_memory import MemoryLane
from adapters.layers.lanes import Lane
from adapters.layers.publication import Publication
from adapters.redis_connection import Client, connect
from adapters.storage.job_records_memory import MemoryJobRecords
from adapters.storage.job_records_redis import RedisJobRecords
from application.job_ports import JobRecords
from domain.identity import ConnectionId, JobId, Member, MemberId
from domain.jobs import Job, JobCancelled, JobEnded, JobFailed, JobKind, JobSucceeded
from tests.doubles import ManualClock, RecordingSubscriber, cursor_of
from tests.integration.layers.process import LaneProcess
from tests.integration.processes import Redis
from tests.integration.storage.aging import AgingKeys

pytestmark = pytest.mark.redis

BOUNDED = settings(max_examples=15, stateful_step_count=30)


class OnRedis(RuleBasedStateMachine):
    """A machine with a loop and a Redis client of its own; each example has its own keys."""

    url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.service = f"backend-{uuid.uuid4().hex}"
        self._runner = asyncio.Runner()
        self.client: Client = connect(
            load_settings(redis_url=self.url, redis_timeout=5, redis_pool=8).redis
        )

    def run(self, doing: Awaitable[Any]) -> Any:
        async def wait() -> Any:
            return await doing

        return self._runner.run(wait())

    def teardown(self) -> None:
        self.run(self.client.aclose(close_connection_pool=True))
        self._runner.close()


@pytest.fixture(autouse=True)
def on_redis(redis_server: Redis) -> None:
    OnRedis.url = redis_server.url


# Lanes.

PLAN = LanePlan("rooms", LaneKind.DURABLE, "backend", capacity=4, expiry=3600)

members = st.sampled_from(["ada", "bob", "eve"])
groups = st.sampled_from(["g1", "g2", "g3"])
rarely = st.sampled_from([False] * 7 + [True])


@dataclass(frozen=True)
class Place:
    """The cursors of one frame on the backend."""

    memory: str
    redis: str


class Ears:
    """One member's subscribers on the backend."""

    def __init__(self, name: str, lane: Lane) -> None:
        self.memory = RecordingSubscriber(name)
        self.redis = RecordingSubscriber(name)
        self.lane = lane


class LaneTwins(OnRedis):
    """Two processes on Redis against one in memory. Bob is in the second process."""

    places: Bundle[Place] = Bundle("places")

    def __init__(self) -> None:
        super().__init__()
        self._processes = [LaneProcess(self.client, self.service) for _ in range(2)]
        for process in self._processes:
            self.run(process.__aenter__())
        here, there = (process.lane(PLAN) for process in self._processes)
        self.memory = MemoryLane(PLAN, ManualClock())
        self.lanes = (here, there)
        self.ears = {
            "ada": Ears("ada", here),
            "bob": Ears("bob", there),
            "eve": Ears("eve", here),
        }
        self._ends = [(lane, RecordingSubscriber("last heard")) for lane in self.lanes]
        for lane, ear in self._ends:
            self.run(lane.attach("ends", ear))
        self._number = 0

    @rule(
        target=places,
        group=groups,
        count=st.integers(1, 6),
        exclude=st.none() | members,
        last=rarely,
        second=st.booleans(),
    )
    def publish(self, group: str, count: int, exclude: str | None, last: bool, second: bool) -> Any:
        lane = self.lanes[second]
        for left in reversed(range(count)):
            self._number += 1
            publication = Publication(
                json.dumps({"n": self._number}),
                exclude=None if exclude is None else ConnectionId(exclude),
                last=last and not left,
            )
            self.run(self.memory.publish(group, publication))
            self.run(lane.publish(group, publication))
        memory = self.run(self.memory.recent(group, 2))
        redis = self.run(lane.recent(group, 2))
        return multiple(
            *(
                Place(cursor_of(one), cursor_of(other))
                for one, other in zip(memory, redis, strict=True)
            )
        )

    @rule(member=members, group=groups, replay_last=st.booleans())
    def attach(self, member: str, group: str, replay_last: bool) -> None:
        ears = self.ears[member]
        self.run(self.memory.attach(group, ears.memory, replay_last=replay_last))
        self.run(ears.lane.attach(group, ears.redis, replay_last=replay_last))

    @rule(member=members, group=groups, place=places)
    def come_back(self, member: str, group: str, place: Place) -> None:
        ears = self.ears[member]
        one = self.run(self.memory.attach(group, ears.memory, since=place.memory))
        other = self.run(ears.lane.attach(group, ears.redis, since=place.redis))
        assert one == other

    @rule(member=members, group=groups, since=st.text(max_size=20))
    def come_from_nowhere(self, member: str, group: str, since: str) -> None:
        self.come_back(member, group, Place(since, since))

    @rule(member=members, group=st.none() | groups)
    def detach(self, member: str, group: str | None) -> None:
        ears = self.ears[member]
        self.run(self.memory.detach(ears.memory, group))
        self.run(ears.lane.detach(ears.redis, group))

    @rule(group=groups, second=st.booleans())
    def notify(self, group: str, second: bool) -> None:
        self._number += 1
        message = {"type": "knock", "n": self._number}
        self.run(self.memory.notify(group, message))
        self.run(self.lanes[second].notify(group, message))

    @rule(group=groups, count=st.integers(1, PLAN.capacity))
    def lose_the_connection(self, group: str, count: int) -> None:
        """What is published until it is back is neither lost nor heard twice."""
        self.run(self.client.client_kill_filter(_type="pubsub"))
        self.publish(group, count, None, False, False)
        self._hear_the_ends()

    @invariant()
    def the_same_is_heard(self) -> None:
        self._hear_the_ends()
        for ears in self.ears.values():
            assert ears.memory.bodies == ears.redis.bodies
            assert ears.memory.recoveries == ears.redis.recoveries
            assert ears.memory.notices == ears.redis.notices
            assert self.memory.attached(ears.memory) == ears.lane.attached(ears.redis)

    def _hear_the_ends(self) -> None:
        """Everything comes over one connection: what follows the rest comes after it.

        Twice, for after a loss this group may be read before the others.
        """
        for _ in range(2):
            for lane, ear in self._ends:
                heard = len(ear.frames)
                self.run(lane.publish("ends", Publication('{"end":1}')))
                self.run(ear.wait_for(heard + 1))
        for _, ear in self._ends:
            self.run(ear.wait_for(max(len(end.frames) for _, end in self._ends)))

    def teardown(self) -> None:
        for process in self._processes:
            self.run(process.__aexit__())
        super().teardown()


def test_a_lane_on_redis_can_not_be_told_from_one_in_memory() -> None:
    run_state_machine_as_test(LaneTwins, settings=BOUNDED)


# Job records.

PERIOD = 1000
"""Time passes in these; every lease and retention ends in the middle of one, whatever the
machine itself takes."""

JOB_IDS = [JobId(str(number)) for number in range(5)]
job_ids = st.sampled_from(JOB_IDS)
owners = st.sampled_from([MemberId("ada"), MemberId("bob")])
leases = st.sampled_from([0.5 * PERIOD, 1.5 * PERIOD, 2.5 * PERIOD])
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

    @rule(job_id=job_ids, owner=owners, kind=st.sampled_from(JobKind), private=st.booleans())
    def add(self, job_id: JobId, owner: MemberId, kind: JobKind, private: bool) -> None:
        self._submitted += 1
        member = Member(owner, recognised=private)
        job = Job.ask(job_id, kind, "content", member, self._submitted)
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
        self.ask_for_many(lambda records: records.lapsed(99))


async def _get(job_id: JobId, records: JobRecords) -> Job | None:
    return await records.get(job_id)


def _id(job: Job) -> str:
    return job.id


def test_job_records_on_redis_can_not_be_told_from_those_in_memory() -> None:
    run_state_machine_as_test(JobRecordTwins, settings=BOUNDED)
