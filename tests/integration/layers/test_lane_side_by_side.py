"""Lanes side by side: one in memory, and two processes on Redis."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, invariant, multiple, rule

from adapters.lane_table import LaneKind, LanePlan
from adapters.layers.lane_memory import MemoryLane
from adapters.layers.lanes import Lane
from adapters.layers.publication import Publication
from domain.identity import ConnectionId
from tests.doubles import ManualClock, RecordingSubscriber, cursor_of
from tests.integration.layers.process import LaneProcess
from tests.integration.processes import Redis
from tests.integration.side_by_side import OnRedis, run_side_by_side

pytestmark = pytest.mark.redis
PLAN = LanePlan("rooms", LaneKind.DURABLE, "backend", capacity=4, expiry=3600, group_bytes=100)
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
        padding=st.integers(0, 60),
    )
    def publish(
        self,
        group: str,
        count: int,
        exclude: str | None,
        last: bool,
        second: bool,
        padding: int = 0,
    ) -> Any:
        lane = self.lanes[second]
        for left in reversed(range(count)):
            self._number += 1
            publication = Publication(
                json.dumps({"n": self._number, "padding": "é" * padding}, ensure_ascii=False),
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


def test_a_lane_on_redis_can_not_be_told_from_one_in_memory(redis_server: Redis) -> None:
    run_side_by_side(LaneTwins, redis_server)
