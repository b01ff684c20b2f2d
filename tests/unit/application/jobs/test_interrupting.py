"""Interrupts, which have a running job look at its record."""

import asyncio

from domain.identity import JobId
from domain.jobs import Job, JobCancelled, JobKind, JobStarted, JobState
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
    cancelled,
)
from tests.unit.application.jobs.stage import Stage
from tests.unit.application.people import ADA


async def test_a_job_cancelled_while_it_waits_is_not_run(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    await stage.records.cancel(ID)

    await stage.runner(AT_ONCE).run(ID)

    assert watcher.frames == []


async def test_an_interrupt_has_a_cancelled_job_end_at_once(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    service = stage.runner(SLOW)
    running = await begun(service, watcher)
    await stage.records.cancel(ID)

    service.interrupt(ID)
    await running

    assert stage.heard_by(watcher) == [STARTED, JobCancelled(ID)]
    assert (await stage.recorded()).state is JobState.CANCELLED


async def test_an_interrupt_that_was_lost_is_made_up_for_by_the_next_sign_of_life(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    running = await begun(stage.runner(WATCHFUL), watcher)

    await stage.records.cancel(ID)
    await running

    assert stage.heard_by(watcher) == [STARTED, JobCancelled(ID)]


async def test_a_cancelled_job_ends_also_where_no_step_takes_any_time(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    await stage.records.claim(ID, 60)
    await stage.records.cancel(ID)
    await stage.records.hand_back(ID, 1)

    await stage.runner(AT_ONCE).run(ID)

    assert stage.heard_by(watcher) == [JobStarted(ID, 2), JobCancelled(ID)]


async def test_an_interrupt_without_a_request_to_cancel_changes_nothing(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    service = stage.runner(SLOW)
    running = await begun(service, watcher)

    service.interrupt(ID)
    await stage.records.wait_for("report")
    assert stage.heard_by(watcher) == [STARTED]
    await stage.clock.advance(STEP_SECONDS)
    service.interrupt(ID)
    await running

    assert stage.heard_by(watcher) == [STARTED, HALF, DONE]


async def test_an_interrupt_of_one_job_does_not_wake_another(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    service = stage.runner(SLOW)
    running = await begun(service, watcher)
    other = JobId("other")
    await stage.records.add(Job.ask(other, JobKind.DEFAULT, "hello", ADA.member, 0))
    running_too = asyncio.create_task(service.run(other))
    await stage.records.wait_for("claim")

    service.interrupt(other)
    await stage.records.wait_for("report")

    assert stage.records.calls["report"] == 1
    await cancelled(running)
    await cancelled(running_too)


async def test_interrupting_a_job_that_does_not_run_here_is_no_error(stage: Stage) -> None:
    stage.runner(AT_ONCE).interrupt(JobId("elsewhere"))
