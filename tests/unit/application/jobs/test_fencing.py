"""An attempt that lost its job changes and tells nothing."""

import asyncio

import pytest

from domain.identity import JobId
from domain.jobs import JobProgressed, JobStarted, JobState, JobSucceeded
from tests.doubles import RecordingSubscriber
from tests.unit.application.jobs.running import (
    AT_ONCE,
    DONE,
    HALF,
    ID,
    SLOW,
    STARTED,
    STEP_SECONDS,
    WATCHFUL,
    begun,
    two_steps,
)
from tests.unit.application.jobs.stage import Stage


async def test_an_attempt_that_lost_its_job_tells_nothing_more(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    service = stage.runner(SLOW)
    running = await begun(service, watcher)
    await stage.records.hand_back(ID, 1, lost=True)
    theirs = await stage.records.claim(ID, 60)

    await stage.clock.advance(STEP_SECONDS)
    service.interrupt(ID)
    await running

    assert stage.heard_by(watcher) == [STARTED]
    assert await stage.recorded() == theirs


async def test_an_attempt_that_loses_its_job_at_the_very_end_does_not_tell_its_result(
    stage: Stage, watcher: RecordingSubscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = stage.records.end

    async def end_too_late(job_id: JobId, attempt: int, ending: JobSucceeded) -> bool:
        await stage.records.hand_back(job_id, attempt, lost=True)
        await stage.records.claim(job_id, 60)
        return await end(job_id, attempt, ending)

    monkeypatch.setattr(stage.records, "end", end_too_late)

    await stage.runner(AT_ONCE).run(ID)

    assert stage.heard_by(watcher) == [STARTED, HALF]
    job = await stage.recorded()
    assert (job.state, job.attempt) == (JobState.RUNNING, 2)


async def test_an_attempt_that_lost_its_job_leaves_the_next_in_the_same_worker_alone(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    service = stage.runner(WATCHFUL, two_steps)
    first = await begun(service, watcher)
    await stage.records.hand_back(ID, 1, lost=True)
    second = asyncio.create_task(service.run(ID))
    await watcher.wait_for(2)
    await first

    await stage.clock.advance(STEP_SECONDS)
    await watcher.wait_for(3)
    await stage.clock.advance(STEP_SECONDS)
    await second

    assert stage.heard_by(watcher) == [
        STARTED,
        JobStarted(ID, 2),
        JobProgressed(ID, 0.3, "One"),
        JobProgressed(ID, 0.6, "Two"),
        DONE,
    ]
