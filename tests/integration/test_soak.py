"""Hours in minutes: two servers and a worker are as they were after all that came has gone."""

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integration.client import until
from tests.integration.conftest import redis_settings
from tests.integration.footprint import KEYS, MIB, Contents, descriptors, needs_proc
from tests.integration.lives import RELIABLE, ROOM, ROOMS, Lives, Stayer
from tests.integration.processes import Redis, Server, Worker, all_running
from tests.integration.program import Program

SOAK_SECONDS = float(os.environ.get("SOAK_SECONDS", "120"))
FIRST_ROUND = max(5.0, SOAK_SECONDS / 6)
"""Seconds after which everything was used once that is made at its first use."""

AT_A_TIME = 20
SEED = 1
POOL = 16
RETENTION = 10
SETTLING = 60.0
GROWTH = 20 * MIB

SETTINGS = {
    "JOB_PACE": "0.1",
    "SWITCHBOARD_REDIS_POOL": str(POOL),
    "SWITCHBOARD_JOB_RETENTION": str(RETENTION),
    "SWITCHBOARD_LANE_JOBS__EXPIRY": str(RETENTION),
    # It waits for no one's sake: a lease ends whom a crash has left behind, and there is none.
    "SWITCHBOARD_PRESENCE_LEASE": "600",
}

GONE_WITH_RETENTION = {"{jobs}:record:*", "jobs:{*}:stream", "jobs:{*}:text"}
GONE_WHEN_IDLE = {"{jobs}:leases", "{jobs}:waiting", "{jobs}:untold", "queue", "wakeups"}


class Figures(NamedTuple):
    descriptors: int
    memory: int

    def __str__(self) -> str:
        return f"{self.descriptors} descriptors, {self.memory / MIB:.1f} MiB"


def figures(programs: Sequence[Program]) -> list[Figures]:
    return [Figures(descriptors(program), program.resident_bytes) for program in programs]


async def round_of(lives: Lives, seconds: float) -> None:
    """Lives side by side for so long; each is led to its end."""
    end = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        for _ in range(AT_A_TIME):
            group.create_task(lives.go_on(lambda: time.monotonic() > end))


async def until_settled(contents: Contents, channels: set[str], members: int) -> None:
    """Until so many are in rooms, nothing but these channels is heard, and no job is left."""

    async def is_so() -> bool:
        return (
            contents.members() == members
            and contents.channels() == channels
            and not contents.kinds().keys() & GONE_WHEN_IDLE
        )

    await until(is_so, f"{members} members, {channels}, no jobs", deadline=SETTLING)


async def until_forgotten(contents: Contents) -> None:
    """Until retention has ended what it can end in the time of a test."""

    async def is_so() -> bool:
        return not contents.kinds().keys() & GONE_WITH_RETENTION

    await until(is_so, f"{GONE_WITH_RETENTION} are gone", deadline=SETTLING)


EVERLASTING = {"places", "visitor_secret"}
"""One small key each."""


@needs_proc
@pytest.mark.soak
@pytest.mark.redis
@pytest.mark.timeout(SOAK_SECONDS + 4 * SETTLING + 60)
async def test_whatever_comes_and_goes_for_long_leaves_only_what_retention_explains(
    tmp_path: Path, redis_binary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Redis(redis_binary, tmp_path) as redis:
        shared = redis_settings(redis) | SETTINGS
        servers = [Server(tmp_path, **shared), Server(tmp_path, **shared)]
        programs: list[Server | Worker] = [*servers, Worker(tmp_path, **shared)]
        contents = Contents(redis)
        lives = Lives(servers, SEED)
        rounds = []
        with all_running(*programs):
            at_first = contents.channels()
            stayers = [Stayer(server.url, path) for server in servers for path in (ROOM, RELIABLE)]
            for stayer in stayers:
                await stayer.come()
            with_stayers = contents.channels()
            for seconds in (FIRST_ROUND, SOAK_SECONDS - FIRST_ROUND):
                await round_of(lives, seconds)
                await until_settled(contents, with_stayers, members=len(servers))
                await until_forgotten(contents)
                rounds.append(figures(programs))
                with capsys.disabled():
                    sys.stdout.write(f"\n{lives.lived} lives: {', '.join(map(str, rounds[-1]))}")
            for stayer in stayers:
                await stayer.leave()
            await until_settled(contents, at_first, members=0)
            kinds = contents.kinds()
            everlasting = contents.everlasting()
        contents.close()
    report = [f"{kinds[kind]:6} {kind:22} {KEYS.get(kind, 'NOBODY KNOWS WHY')}" for kind in kinds]
    texts = {stayer.path: len(stayer.texts) for stayer in stayers}
    with capsys.disabled():
        sys.stdout.write("\n".join(["", *sorted(report), f"{lives.jobs} jobs, texts: {texts}", ""]))

    assert_all_was_heard(stayers, lives)
    for program in programs:
        program.check_log()
        assert "[warning" not in program.log
    for before, after in zip(*rounds, strict=True):
        assert after.descriptors <= before.descriptors + POOL
        assert after.memory < before.memory + GROWTH
    assert_retention_explains(kinds, everlasting, lives)


def assert_all_was_heard(stayers: Sequence[Stayer], lives: Lives) -> None:
    """Once, in one order, on both servers."""
    for path, accepted in lives.accepted.items():
        one, other = [stayer for stayer in stayers if stayer.path == path]
        assert one.texts == other.texts
        assert len(set(one.texts)) == len(one.texts)
        assert set(one.texts) >= set(accepted) != set()
        for stayer in (one, other):
            first = stayer.offsets[0]
            assert stayer.offsets == list(range(first, first + len(stayer.offsets)))


def assert_retention_explains(kinds: Counter[str], everlasting: set[str], lives: Lives) -> None:
    assert kinds.keys() <= KEYS.keys()
    assert everlasting <= EVERLASTING
    assert kinds["presence:{*"] == 0
    assert kinds["worker:*"] == 1
    assert max(kinds[kind] for kind in kinds if kind.startswith("rooms:")) <= ROOMS + 1
    assert max(kinds[kind] for kind in kinds if kind.startswith("queue:")) == 1
    assert kinds["jobs:{*}:meta"] <= lives.jobs
    assert kinds["{jobs}:owner:*"] <= lives.jobs
