"""Reaping: rounds for jobs that nobody looks after."""

import asyncio

import pytest

from application.errors import Unavailable
from application.job_reaper import SETTLED_SECONDS
from domain.jobs import JobFailed, JobStarted, JobState
from tests.doubles import RecordingSubscriber
from tests.unit.application.jobs.running import AT_ONCE, DONE, ID, LOSSES, SECOND_HALF, WAITING
from tests.unit.application.jobs.stage import Stage


async def test_a_job_whose_worker_vanished_is_queued_again(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    await stage.records.claim(ID, lease=10)
    await stage.clock.advance(10)

    await stage.reaper.reap()

    job = await stage.recorded()
    assert (job.state, job.attempt, job.lost) == (JobState.QUEUED, 1, 1)
    assert await stage.queue.take() == ID
    await stage.runner(AT_ONCE).run(ID)
    assert stage.heard_by(watcher) == [JobStarted(ID, 2), SECOND_HALF, DONE]


async def test_a_job_that_shows_signs_of_life_is_left_alone(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    theirs = await stage.records.claim(ID, lease=10)
    await stage.clock.advance(9)

    await stage.reaper.reap()

    assert await stage.recorded() == theirs
    assert await stage.queue.depth() == 0
    assert watcher.frames == []


async def test_a_job_that_is_asked_to_stop_is_not_taken_from_its_worker(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    await stage.records.claim(ID, lease=10)
    theirs = await stage.records.cancel(ID)

    await stage.reaper.reap()

    assert await stage.recorded() == theirs
    assert await stage.queue.depth() == 0
    assert watcher.frames == []


async def test_a_job_over_which_too_many_workers_vanished_is_given_up(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    for _ in range(LOSSES):
        assert await stage.records.claim(ID, lease=10) is not None
        await stage.clock.advance(10)
        await stage.reaper.reap()

    failed = JobFailed(ID, "The job was given up: 3 workers vanished over it.")
    assert stage.heard_by(watcher) == [failed]
    assert (await stage.recorded()).ending() == failed
    assert await stage.queue.depth() == LOSSES - 1
    assert await stage.records.untold(0, 9) == []


async def test_workers_that_stop_in_good_order_cost_a_job_nothing(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    for attempt in range(1, 10):
        await stage.records.claim(ID, lease=10)
        await stage.records.hand_back(ID, attempt)
    await stage.records.claim(ID, lease=10)
    await stage.clock.advance(10)

    await stage.reaper.reap()

    assert (await stage.recorded()).state is JobState.QUEUED
    assert watcher.frames == []


async def test_a_job_that_waits_for_long_is_put_on_the_queue_again_each_time(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    await stage.reaper.reap()
    assert await stage.queue.depth() == 0

    for put in (1, 2):
        await stage.clock.advance(WAITING)
        await stage.reaper.reap()
        await stage.reaper.reap()
        assert await stage.queue.depth() == put
    assert watcher.frames == []


async def test_a_round_that_could_not_put_a_job_on_the_queue_is_made_up_for_later(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    await stage.records.claim(ID, lease=10)
    await stage.clock.advance(10)
    stage.queue.broken = OSError()
    with pytest.raises(Unavailable):
        await stage.reaper.reap()

    stage.queue.broken = None
    await stage.clock.advance(WAITING)
    await stage.reaper.reap()

    assert await stage.queue.take() == ID
    assert watcher.frames == []


async def test_an_ending_that_is_probably_being_told_is_left_alone(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    await stage.records.claim(ID, 60)
    await stage.records.end(ID, 1, DONE)
    await stage.clock.advance(SETTLED_SECONDS - 0.1)

    await stage.reaper.reap()

    assert watcher.frames == []


async def test_an_ending_told_by_many_rounds_is_heard_once(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    await stage.records.claim(ID, 60)
    await stage.records.end(ID, 1, DONE)
    await stage.clock.advance(SETTLED_SECONDS)

    await asyncio.gather(*(stage.reaper.reap() for _ in range(3)))

    assert stage.heard_by(watcher) == [DONE]


async def test_a_round_with_nothing_to_do_does_nothing(stage: Stage) -> None:
    await stage.reaper.reap()

    assert await stage.queue.depth() == 0
    assert stage.book.encoded == []
