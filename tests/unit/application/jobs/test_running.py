"""Running a job: from its start to its result."""

import asyncio
from dataclasses import replace

import pytest

from domain.identity import JobId
from domain.job_kinds import Outcome, Part, Step, Work, steps_of
from domain.jobs import (
    Job,
    JobEvent,
    JobKind,
    JobOutputGrew,
    JobProgressed,
    JobState,
    JobSucceeded,
    audience,
)
from tests.doubles import RecordingSubscriber
from tests.unit.application.jobs.running import (
    AT_ONCE,
    DONE,
    HALF,
    ID,
    STARTED,
    STEP_SECONDS,
    WATCHFUL,
    cancelled,
    two_steps,
)
from tests.unit.application.jobs.stage import Stage
from tests.unit.application.people import ADA


async def test_a_job_is_told_from_its_start_to_its_result(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    await stage.runner(AT_ONCE).run(ID)

    assert stage.heard_by(watcher) == [STARTED, HALF, DONE]
    job = await stage.recorded()
    assert (job.state, job.outcome, job.progress) == (JobState.SUCCEEDED, "done", 1.0)
    assert await stage.records.untold(0, 9) == []


@pytest.mark.parametrize("kind", JobKind)
async def test_each_kind_of_job_comes_to_its_result(stage: Stage, kind: JobKind) -> None:
    await stage.records.add(Job.ask(ID, kind, "help me", ADA.member, 0))
    watcher = RecordingSubscriber()
    await stage.broadcaster.subscribe(audience(ID), watcher)

    await stage.runner(AT_ONCE, steps_of).run(ID)

    *steps, outcome = steps_of(kind, "help me")
    assert isinstance(outcome, Outcome)
    heard = stage.heard_by(watcher)
    grown = [event for event in heard if isinstance(event, JobOutputGrew)]
    parts = [step.text for step in steps if isinstance(step, Part)]
    assert "".join(event.append for event in grown) == "".join(parts)
    expected: list[JobEvent] = [STARTED]
    text = ""
    for step in steps:
        if isinstance(step, Part):
            text += step.text
        elif isinstance(step, Step):
            expected.append(JobProgressed(ID, 1, step.progress, step.note, text or None))
    assert [event for event in heard if event not in grown] == [
        *expected,
        JobSucceeded(ID, outcome.text),
    ]


async def test_work_is_given_the_kind_and_content_that_were_asked_for(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    def repeat(kind: JobKind, content: str) -> Work:
        yield Outcome(f"{kind}: {content}")

    await stage.runner(AT_ONCE, repeat).run(ID)

    assert stage.heard_by(watcher)[-1] == JobSucceeded(ID, "default: hello")


async def test_an_unknown_job_is_not_run(stage: Stage, watcher: RecordingSubscriber) -> None:
    await stage.runner(AT_ONCE).run(JobId("unknown"))

    assert stage.heard_by(watcher) == []
    assert stage.records.calls["claim"] == 1


async def test_a_job_that_another_worker_runs_is_left_alone(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    theirs = await stage.records.claim(ID, 60)

    await stage.runner(AT_ONCE).run(ID)

    assert watcher.frames == []
    assert await stage.recorded() == theirs


async def test_a_step_takes_its_time_at_the_pace_that_is_set(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    service = stage.runner(replace(WATCHFUL, pace=2))
    running = asyncio.create_task(service.run(ID))
    await stage.records.wait_for("report")

    await stage.clock.advance(STEP_SECONDS * 2 - 1)
    await stage.records.wait_for("report", 2)
    assert stage.heard_by(watcher) == [STARTED]
    await stage.clock.advance(1)
    await running

    assert stage.heard_by(watcher) == [STARTED, HALF, DONE]


@pytest.mark.parametrize("seconds", [-3600, 3600], ids=["back", "ahead"])
async def test_a_clock_that_is_set_meanwhile_makes_no_step_longer_or_shorter(
    stage: Stage, watcher: RecordingSubscriber, seconds: float
) -> None:
    running = asyncio.create_task(stage.runner(WATCHFUL).run(ID))
    await stage.records.wait_for("report")

    stage.clock.set(seconds)
    await stage.records.wait_for("report", 2)
    assert stage.heard_by(watcher) == [STARTED]
    await stage.clock.advance(STEP_SECONDS)
    await running

    assert stage.heard_by(watcher) == [STARTED, HALF, DONE]


async def test_without_pace_no_time_is_waited_for(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    before = stage.clock.now()

    await stage.runner(AT_ONCE, two_steps).run(ID)

    assert stage.clock.now() == before
    assert stage.heard_by(watcher)[-1] == DONE


async def test_progress_is_recorded_once_a_step_is_done(stage: Stage) -> None:
    await stage.records.add(Job.ask(ID, JobKind.DEFAULT, "hello", ADA.member, 0))
    running = asyncio.create_task(stage.runner(WATCHFUL, two_steps).run(ID))
    await stage.records.wait_for("report")
    assert (await stage.recorded()).progress == 0.0

    await stage.clock.advance(STEP_SECONDS)
    await stage.records.wait_for("report", 2)

    assert (await stage.recorded()).progress == 0.3
    await cancelled(running)


async def test_a_long_step_shows_signs_of_life_that_keep_the_job(stage: Stage) -> None:
    await stage.records.add(Job.ask(ID, JobKind.DEFAULT, "hello", ADA.member, 0))
    running = asyncio.create_task(stage.runner(WATCHFUL).run(ID))
    await stage.records.wait_for("report")

    for _ in range(3):
        await stage.clock.advance(0.02)
        # The first may have been under way while the clock was moved.
        await stage.records.wait_for("report", 2)

    assert await stage.records.lapsed(9) == []
    await cancelled(running)


async def test_many_jobs_run_at_once(stage: Stage) -> None:
    ids = [JobId(str(number)) for number in range(5)]
    for job_id in ids:
        await stage.records.add(Job.ask(job_id, JobKind.DEFAULT, "hello", ADA.member, 0))
    service = stage.runner(WATCHFUL)
    running = [asyncio.create_task(service.run(job_id)) for job_id in ids]
    await stage.records.wait_for("report", 5)

    await stage.clock.advance(STEP_SECONDS)
    await asyncio.gather(*running)

    states = [job.state for job in await stage.records.of_owner(ADA.member.id, 9)]
    assert states == [JobState.SUCCEEDED] * 5


async def test_nothing_is_kept_of_jobs_that_ran(stage: Stage, watcher: RecordingSubscriber) -> None:
    service = stage.runner(AT_ONCE)

    await service.run(ID)

    assert service._attempts == {}
    assert len(watcher.frames) == 3
