"""An attempt that lost its job changes and tells nothing."""

import asyncio

import pytest

from domain.identity import JobId
from domain.jobs import JobFailed, JobProgressed, JobStarted, JobState, JobSucceeded
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

GIVEN_UP = JobFailed(ID, "The job was given up: its record was lost.")


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
        JobProgressed(ID, 2, 0.3, "One"),
        JobProgressed(ID, 2, 0.6, "Two"),
        DONE,
    ]


async def test_a_job_whose_record_is_gone_is_told_as_failed(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    service = stage.runner(WATCHFUL)
    running = await begun(service, watcher)
    stage.records.forget()
    await running

    assert stage.heard_by(watcher) == [STARTED, GIVEN_UP]
    assert not stage.attached(watcher)


async def test_a_job_whose_record_goes_at_the_very_end_is_told_as_failed(
    stage: Stage, watcher: RecordingSubscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = stage.records.end

    async def end_too_late(job_id: JobId, attempt: int, ending: JobSucceeded) -> bool:
        stage.records.forget()
        return await end(job_id, attempt, ending)

    monkeypatch.setattr(stage.records, "end", end_too_late)
    await stage.runner(AT_ONCE).run(ID)

    assert stage.heard_by(watcher) == [STARTED, HALF, GIVEN_UP]


async def test_a_job_that_waits_is_told_as_failed_only_if_its_record_is_gone(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    runner = stage.runner(SLOW)
    assert not await runner.tell_if_gone(ID)
    assert stage.heard_by(watcher) == []

    stage.records.forget()
    assert await runner.tell_if_gone(ID)
    assert await runner.tell_if_gone(ID)
    assert stage.heard_by(watcher) == [GIVEN_UP]


async def test_a_job_whose_record_went_while_it_waited_is_told_as_failed_when_its_turn_comes(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    stage.records.forget()
    await stage.runner(AT_ONCE).run(ID)

    assert stage.heard_by(watcher) == [GIVEN_UP]


async def test_that_a_record_is_gone_is_told_once_the_backend_is_back(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    service = stage.runner(WATCHFUL)
    running = await begun(service, watcher)
    stage.fragile.broken_for = (JobFailed,)
    stage.records.forget()
    await stage.fragile.wait_for_refused(1)
    stage.fragile.broken_for = ()
    await running

    assert stage.heard_by(watcher) == [STARTED, GIVEN_UP]
