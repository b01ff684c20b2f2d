"""Work that takes as long as a test wants, and how it is run."""

import asyncio
from dataclasses import replace

from application.job_runner import JobRunner, JobRunnerSettings
from domain.identity import JobId
from domain.job_kinds import Outcome, Step, Work
from domain.jobs import JobKind, JobProgressed, JobStarted, JobSucceeded
from tests.doubles import RecordingSubscriber
from tests.waiting import DEADLINE

ID = JobId("7")
STEP_SECONDS = 1000.0

AT_ONCE = JobRunnerSettings(pace=0, timeout=60, lease=3000, output_limit=1000)
"""No step takes any time."""

SLOW = replace(AT_ONCE, pace=1, timeout=5000, lease=3000)
"""A step takes until the test moves the clock, and only an interrupt has the worker look."""

WATCHFUL = replace(SLOW, lease=0.03)
"""The worker looks by itself every few milliseconds of real time; no lease lapses by that,
since leases go by the clock of the test."""

WAITING, LOSSES = 5, 3
"""When the reaper puts a queued job again, and when it gives a job up."""

STARTED = JobStarted(ID, 1)
SECOND_HALF = JobProgressed(ID, 2, 0.5, "Half")
HALF = JobProgressed(ID, 1, 0.5, "Half")
DONE = JobSucceeded(ID, "done")


def half_then_done(_kind: JobKind, _content: str) -> Work:
    yield Step(0.5, "Half", STEP_SECONDS)
    yield Outcome("done")


def two_steps(_kind: JobKind, _content: str) -> Work:
    yield Step(0.3, "One", STEP_SECONDS)
    yield Step(0.6, "Two", STEP_SECONDS)
    yield Outcome("done")


async def begun(runner: JobRunner, watcher: RecordingSubscriber) -> asyncio.Task[None]:
    """A run whose start was told."""
    running = asyncio.create_task(runner.run(ID))
    await watcher.wait_for(1)
    return running


async def cancelled(task: asyncio.Task[None]) -> None:
    """Cancel a run and see it end so. Awaiting it would take a cancelled test for success."""
    task.cancel()
    await asyncio.wait([task], timeout=DEADLINE)
    assert task.cancelled()
