"""Running a job: from its start to its result."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from domain.identity import JobId
from domain.job_kinds import Outcome, Step, steps_of
from domain.jobs import Job, JobEvent, JobKind, JobProgressed, JobState, JobSucceeded, audience
from tests.doubles import EventBook, FragileJobRecords, ManualClock, RecordingSubscriber
from tests.unit.application.jobs.running import (
    AT_ONCE,
    DONE,
    HALF,
    ID,
    STARTED,
    STEP_SECONDS,
    WATCHFUL,
    Build,
    cancelled,
    half_then_done,
    recorded,
    two_steps,
)
from tests.unit.application.people import ADA


async def test_a_job_is_told_from_its_start_to_its_result(
    build: Build, records: FragileJobRecords, watcher: RecordingSubscriber, book: EventBook
) -> None:
    await build(AT_ONCE, half_then_done).run(ID)

    assert book.heard_by(watcher) == [STARTED, HALF, DONE]
    job = await recorded(records)
    assert (job.state, job.outcome, job.progress) == (JobState.SUCCEEDED, "done", 1.0)
    assert await records.untold(0, 9) == []


@pytest.mark.parametrize("kind", JobKind)
async def test_each_kind_of_job_comes_to_its_result(
    build: Build,
    broadcaster: LaneBroadcaster,
    records: FragileJobRecords,
    book: EventBook,
    kind: JobKind,
) -> None:
    await records.add(Job.ask(ID, kind, "help me", ADA, 0))
    watcher = RecordingSubscriber()
    await broadcaster.subscribe(audience(ID), watcher)

    await build(AT_ONCE, steps_of).run(ID)

    *steps, outcome = steps_of(kind, "help me")
    assert isinstance(outcome, Outcome)
    expected: list[JobEvent] = [STARTED]
    for step in steps:
        assert isinstance(step, Step)
        expected.append(JobProgressed(ID, step.progress, step.note, step.text))
    assert book.heard_by(watcher) == [*expected, JobSucceeded(ID, outcome.text)]


async def test_a_job_is_given_the_kind_and_content_that_were_asked_for(
    build: Build, watcher: RecordingSubscriber, book: EventBook
) -> None:
    def repeat(kind: JobKind, content: str) -> Iterator[Step | Outcome]:
        yield Outcome(f"{kind}: {content}")

    await build(AT_ONCE, repeat).run(ID)

    assert book.heard_by(watcher)[-1] == JobSucceeded(ID, "default: hello")


async def test_an_unknown_job_is_not_run(
    build: Build, records: FragileJobRecords, book: EventBook
) -> None:
    await build(AT_ONCE, half_then_done).run(JobId("unknown"))

    assert book.encoded == []
    assert records.calls == {"claim": 1}


async def test_a_job_that_another_worker_runs_is_left_alone(
    build: Build, records: FragileJobRecords, watcher: RecordingSubscriber
) -> None:
    theirs = await records.claim(ID, 60)

    await build(AT_ONCE, half_then_done).run(ID)

    assert watcher.frames == []
    assert await recorded(records) == theirs


async def test_a_step_takes_its_time_at_the_pace_that_is_set(
    build: Build,
    records: FragileJobRecords,
    clock: ManualClock,
    watcher: RecordingSubscriber,
    book: EventBook,
) -> None:
    service = build(replace(WATCHFUL, pace=2), half_then_done)
    running = asyncio.create_task(service.run(ID))
    await records.wait_for("report")

    await clock.advance(STEP_SECONDS * 2 - 1)
    await records.wait_for("report", 2)
    assert book.heard_by(watcher) == [STARTED]
    await clock.advance(1)
    await running

    assert book.heard_by(watcher) == [STARTED, HALF, DONE]


async def test_without_pace_no_time_is_waited_for(
    build: Build, clock: ManualClock, watcher: RecordingSubscriber, book: EventBook
) -> None:
    before = clock.now()

    await build(AT_ONCE, two_steps).run(ID)

    assert clock.now() == before
    assert book.heard_by(watcher)[-1] == DONE


async def test_progress_is_recorded_once_a_step_is_done(
    build: Build, records: FragileJobRecords, clock: ManualClock
) -> None:
    await records.add(Job.ask(ID, JobKind.DEFAULT, "hello", ADA, 0))
    running = asyncio.create_task(build(WATCHFUL, two_steps).run(ID))
    await records.wait_for("report")
    assert (await recorded(records)).progress == 0.0

    await clock.advance(STEP_SECONDS)
    await records.wait_for("report", 2)

    assert (await recorded(records)).progress == 0.3
    await cancelled(running)


async def test_a_long_step_shows_signs_of_life_that_keep_the_job(
    build: Build, records: FragileJobRecords, clock: ManualClock
) -> None:
    await records.add(Job.ask(ID, JobKind.DEFAULT, "hello", ADA, 0))
    running = asyncio.create_task(build(WATCHFUL, half_then_done).run(ID))
    await records.wait_for("report")

    for _ in range(3):
        await clock.advance(0.02)
        # The first may have been under way while the clock was moved.
        await records.wait_for("report", 2)

    assert await records.lapsed(9) == []
    await cancelled(running)


async def test_many_jobs_run_at_once(
    build: Build, records: FragileJobRecords, clock: ManualClock
) -> None:
    ids = [JobId(str(number)) for number in range(5)]
    for job_id in ids:
        await records.add(Job.ask(job_id, JobKind.DEFAULT, "hello", ADA, 0))
    service = build(WATCHFUL, half_then_done)
    running = [asyncio.create_task(service.run(job_id)) for job_id in ids]
    await records.wait_for("report", 5)

    await clock.advance(STEP_SECONDS)
    await asyncio.gather(*running)

    states = [job.state for job in await records.of_owner(ADA.id, 9)]
    assert states == [JobState.SUCCEEDED] * 5


async def test_nothing_is_kept_of_jobs_that_ran(build: Build, watcher: RecordingSubscriber) -> None:
    service = build(AT_ONCE, half_then_done)

    await service.run(ID)

    assert service._interrupts == {}
    assert len(watcher.frames) == 3
