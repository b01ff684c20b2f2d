"""Interrupts, which have a running job look at its record."""

import asyncio

from domain.identity import JobId
from domain.jobs import Job, JobCancelled, JobKind, JobStarted, JobState
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
    cancelled,
    half_then_done,
    recorded,
)
from tests.unit.application.people import ADA


async def test_a_job_cancelled_while_it_waits_is_not_run(
    build: Build, records: FragileJobRecords, watcher: RecordingSubscriber
) -> None:
    await records.cancel(ID)

    await build(AT_ONCE, half_then_done).run(ID)

    assert watcher.frames == []


async def test_an_interrupt_has_a_cancelled_job_end_at_once(
    build: Build, records: FragileJobRecords, watcher: RecordingSubscriber, book: EventBook
) -> None:
    service = build(SLOW, half_then_done)
    running = asyncio.create_task(service.run(ID))
    await watcher.wait_for(1)
    await records.cancel(ID)

    service.interrupt(ID)
    await running

    assert book.heard_by(watcher) == [STARTED, JobCancelled(ID)]
    assert (await recorded(records)).state is JobState.CANCELLED


async def test_an_interrupt_that_was_lost_is_made_up_for_by_the_next_sign_of_life(
    build: Build, records: FragileJobRecords, watcher: RecordingSubscriber, book: EventBook
) -> None:
    running = asyncio.create_task(build(WATCHFUL, half_then_done).run(ID))
    await watcher.wait_for(1)

    await records.cancel(ID)
    await running

    assert book.heard_by(watcher) == [STARTED, JobCancelled(ID)]


async def test_a_cancelled_job_ends_also_where_no_step_takes_any_time(
    build: Build, records: FragileJobRecords, watcher: RecordingSubscriber, book: EventBook
) -> None:
    await records.claim(ID, 60)
    await records.cancel(ID)
    await records.hand_back(ID, 1)

    await build(AT_ONCE, half_then_done).run(ID)

    assert book.heard_by(watcher) == [JobStarted(ID, 2), JobCancelled(ID)]


async def test_an_interrupt_without_a_request_to_cancel_changes_nothing(
    build: Build,
    records: FragileJobRecords,
    clock: ManualClock,
    watcher: RecordingSubscriber,
    book: EventBook,
) -> None:
    service = build(SLOW, half_then_done)
    running = asyncio.create_task(service.run(ID))
    await watcher.wait_for(1)

    service.interrupt(ID)
    await records.wait_for("report")
    assert book.heard_by(watcher) == [STARTED]
    await clock.advance(STEP_SECONDS)
    service.interrupt(ID)
    await running

    assert book.heard_by(watcher) == [STARTED, HALF, DONE]


async def test_an_interrupt_of_one_job_does_not_wake_another(
    build: Build, records: FragileJobRecords, watcher: RecordingSubscriber
) -> None:
    service = build(SLOW, half_then_done)
    running = asyncio.create_task(service.run(ID))
    await watcher.wait_for(1)
    other = JobId("other")
    await records.add(Job.ask(other, JobKind.DEFAULT, "hello", ADA, 0))
    running_too = asyncio.create_task(service.run(other))
    await records.wait_for("claim")

    service.interrupt(other)
    await records.wait_for("report")

    assert records.calls["report"] == 1
    await cancelled(running)
    await cancelled(running_too)


async def test_interrupting_a_job_that_does_not_run_here_is_no_error(build: Build) -> None:
    build(AT_ONCE, half_then_done).interrupt(JobId("elsewhere"))
