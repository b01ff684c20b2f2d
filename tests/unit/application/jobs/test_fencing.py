"""An attempt that lost its job changes and tells nothing."""

import asyncio

import pytest

from domain.identity import JobId
from domain.jobs import JobProgressed, JobStarted, JobState, JobSucceeded
from tests.doubles import EventBook, FragileJobRecords, ManualClock, RecordingSubscriber
from tests.unit.application.jobs.running import (
    AT_ONCE,
    DONE,
    HALF,
    ID,
    SLOW,
    STARTED,
    STEP_SECONDS,
    WATCHFUL,
    Build,
    half_then_done,
    recorded,
    two_steps,
)


async def test_an_attempt_that_lost_its_job_tells_nothing_more(
    build: Build,
    records: FragileJobRecords,
    clock: ManualClock,
    watcher: RecordingSubscriber,
    book: EventBook,
) -> None:
    service = build(SLOW, half_then_done)
    running = asyncio.create_task(service.run(ID))
    await watcher.wait_for(1)
    await records.hand_back(ID, 1, lost=True)
    theirs = await records.claim(ID, 60)

    await clock.advance(STEP_SECONDS)
    service.interrupt(ID)
    await running

    assert book.heard_by(watcher) == [STARTED]
    assert await recorded(records) == theirs


async def test_an_attempt_that_loses_its_job_at_the_very_end_does_not_tell_its_result(
    build: Build,
    records: FragileJobRecords,
    watcher: RecordingSubscriber,
    book: EventBook,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    end = records.end

    async def end_too_late(job_id: JobId, attempt: int, ending: JobSucceeded) -> bool:
        await records.hand_back(job_id, attempt, lost=True)
        await records.claim(job_id, 60)
        return await end(job_id, attempt, ending)

    monkeypatch.setattr(records, "end", end_too_late)

    await build(AT_ONCE, half_then_done).run(ID)

    assert book.heard_by(watcher) == [STARTED, HALF]
    job = await recorded(records)
    assert (job.state, job.attempt) == (JobState.RUNNING, 2)


async def test_an_attempt_that_lost_its_job_leaves_the_next_in_the_same_worker_alone(
    build: Build,
    records: FragileJobRecords,
    clock: ManualClock,
    watcher: RecordingSubscriber,
    book: EventBook,
) -> None:
    service = build(WATCHFUL, two_steps)
    first = asyncio.create_task(service.run(ID))
    await watcher.wait_for(1)
    await records.hand_back(ID, 1, lost=True)
    second = asyncio.create_task(service.run(ID))
    await watcher.wait_for(2)
    await first

    await clock.advance(STEP_SECONDS)
    await watcher.wait_for(3)
    await clock.advance(STEP_SECONDS)
    await second

    assert book.heard_by(watcher) == [
        STARTED,
        JobStarted(ID, 2),
        JobProgressed(ID, 0.3, "One"),
        JobProgressed(ID, 0.6, "Two"),
        DONE,
    ]
