"""A running job outlives a backend that is away."""

import asyncio

import pytest

from application.errors import Unavailable
from application.job_reaper import SETTLED_SECONDS
from domain.jobs import JobEvent, JobProgressed, JobStarted, JobState, JobSucceeded
from tests.doubles import RecordingSubscriber
from tests.unit.application.jobs.running import AT_ONCE, DONE, HALF, ID, STARTED
from tests.unit.application.jobs.stage import Stage


async def test_a_job_that_can_not_be_claimed_stays_queued(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    stage.records.broken.add("claim")

    with pytest.raises(Unavailable):
        await stage.runner(AT_ONCE).run(ID)

    assert (await stage.recorded()).state is JobState.QUEUED
    assert watcher.frames == []


@pytest.mark.parametrize("method", ["report", "end"])
async def test_a_running_job_outlives_records_that_do_not_answer_for_a_while(
    stage: Stage, watcher: RecordingSubscriber, method: str
) -> None:
    stage.records.broken.add(method)
    running = asyncio.create_task(stage.runner(AT_ONCE).run(ID))
    await stage.records.wait_for(method, 3)

    stage.records.broken.clear()
    await running

    assert stage.heard_by(watcher) == [STARTED, HALF, DONE]


@pytest.mark.parametrize("event", [JobStarted, JobProgressed])
async def test_what_could_not_be_told_for_a_while_is_told_then(
    stage: Stage, watcher: RecordingSubscriber, event: type[JobEvent]
) -> None:
    stage.fragile.broken_for = (event,)
    running = asyncio.create_task(stage.runner(AT_ONCE).run(ID))
    await stage.fragile.wait_for_refused(3)

    stage.fragile.broken_for = ()
    await running

    assert stage.heard_by(watcher) == [STARTED, HALF, DONE]


async def test_an_ending_that_was_recorded_but_not_told_is_told_by_a_round(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    service = stage.runner(AT_ONCE)
    stage.fragile.broken_for = (JobSucceeded,)
    await service.run(ID)
    assert stage.heard_by(watcher) == [STARTED, HALF]
    assert (await stage.recorded()).state is JobState.SUCCEEDED

    stage.fragile.broken_for = ()
    await stage.clock.advance(SETTLED_SECONDS)
    await stage.reaper.reap()
    await stage.reaper.reap()

    assert stage.heard_by(watcher) == [STARTED, HALF, DONE]
    assert await stage.records.untold(0, 9) == []


async def test_a_job_taken_over_during_an_outage_is_let_go_afterwards(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    stage.records.broken.add("report")
    running = asyncio.create_task(stage.runner(AT_ONCE).run(ID))
    await stage.records.wait_for("report", 2)
    await stage.records.hand_back(ID, 1, lost=True)
    theirs = await stage.records.claim(ID, 60)

    stage.records.broken.clear()
    await running

    assert stage.heard_by(watcher) == [STARTED]
    assert await stage.recorded() == theirs
