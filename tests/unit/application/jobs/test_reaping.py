"""Reaping: rounds for jobs that nobody looks after."""

import asyncio

import pytest

from application.errors import Unavailable
from application.job_reaper import SETTLED_SECONDS, JobReaper
from domain.jobs import JobFailed, JobStarted, JobState
from tests.doubles import (
    EventBook,
    FragileJobQueue,
    FragileJobRecords,
    ManualClock,
    RecordingSubscriber,
)
from tests.unit.application.jobs.running import (
    AT_ONCE,
    DONE,
    HALF,
    ID,
    LOSSES,
    WAITING,
    Build,
    half_then_done,
    recorded,
)


async def test_a_job_whose_worker_vanished_is_queued_again(
    reaper: JobReaper,
    build: Build,
    records: FragileJobRecords,
    queue: FragileJobQueue,
    clock: ManualClock,
    watcher: RecordingSubscriber,
    book: EventBook,
) -> None:
    await records.claim(ID, lease=10)
    await clock.advance(10)

    await reaper.reap()

    job = await recorded(records)
    assert (job.state, job.attempt, job.lost) == (JobState.QUEUED, 1, 1)
    assert await queue.take() == ID
    await build(AT_ONCE, half_then_done).run(ID)
    assert book.heard_by(watcher) == [JobStarted(ID, 2), HALF, DONE]


async def test_a_job_that_shows_signs_of_life_is_left_alone(
    reaper: JobReaper,
    records: FragileJobRecords,
    queue: FragileJobQueue,
    clock: ManualClock,
    watcher: RecordingSubscriber,
) -> None:
    theirs = await records.claim(ID, lease=10)
    await clock.advance(9)

    await reaper.reap()

    assert await recorded(records) == theirs
    assert await queue.depth() == 0
    assert watcher.frames == []


async def test_a_job_that_is_asked_to_stop_is_not_taken_from_its_worker(
    reaper: JobReaper,
    records: FragileJobRecords,
    queue: FragileJobQueue,
    watcher: RecordingSubscriber,
) -> None:
    await records.claim(ID, lease=10)
    theirs = await records.cancel(ID)

    await reaper.reap()

    assert await recorded(records) == theirs
    assert await queue.depth() == 0
    assert watcher.frames == []


async def test_a_job_over_which_too_many_workers_vanished_is_given_up(
    reaper: JobReaper,
    records: FragileJobRecords,
    queue: FragileJobQueue,
    clock: ManualClock,
    watcher: RecordingSubscriber,
    book: EventBook,
) -> None:
    for _ in range(LOSSES):
        assert await records.claim(ID, lease=10) is not None
        await clock.advance(10)
        await reaper.reap()

    failed = JobFailed(ID, "The job was given up: 3 workers vanished over it.")
    assert book.heard_by(watcher) == [failed]
    assert (await recorded(records)).ending() == failed
    assert await queue.depth() == LOSSES - 1
    assert await records.untold(0, 9) == []


async def test_workers_that_stop_in_good_order_cost_a_job_nothing(
    reaper: JobReaper, records: FragileJobRecords, clock: ManualClock, watcher: RecordingSubscriber
) -> None:
    for attempt in range(1, 10):
        await records.claim(ID, lease=10)
        await records.hand_back(ID, attempt)
    await records.claim(ID, lease=10)
    await clock.advance(10)

    await reaper.reap()

    assert (await recorded(records)).state is JobState.QUEUED
    assert watcher.frames == []


async def test_a_job_that_waits_for_long_is_put_on_the_queue_again_each_time(
    reaper: JobReaper, queue: FragileJobQueue, clock: ManualClock, watcher: RecordingSubscriber
) -> None:
    await reaper.reap()
    assert await queue.depth() == 0

    for put in (1, 2):
        await clock.advance(WAITING)
        await reaper.reap()
        await reaper.reap()
        assert await queue.depth() == put
    assert watcher.frames == []


async def test_a_round_that_could_not_put_a_job_on_the_queue_is_made_up_for_later(
    reaper: JobReaper,
    records: FragileJobRecords,
    queue: FragileJobQueue,
    clock: ManualClock,
    watcher: RecordingSubscriber,
) -> None:
    await records.claim(ID, lease=10)
    await clock.advance(10)
    queue.broken = True
    with pytest.raises(Unavailable):
        await reaper.reap()

    queue.broken = False
    await clock.advance(WAITING)
    await reaper.reap()

    assert await queue.take() == ID
    assert watcher.frames == []


async def test_an_ending_that_is_probably_being_told_is_left_alone(
    reaper: JobReaper, records: FragileJobRecords, clock: ManualClock, watcher: RecordingSubscriber
) -> None:
    await records.claim(ID, 60)
    await records.end(ID, 1, DONE)
    await clock.advance(SETTLED_SECONDS - 0.1)

    await reaper.reap()

    assert watcher.frames == []


async def test_an_ending_told_by_many_rounds_is_heard_once(
    reaper: JobReaper,
    records: FragileJobRecords,
    clock: ManualClock,
    watcher: RecordingSubscriber,
    book: EventBook,
) -> None:
    await records.claim(ID, 60)
    await records.end(ID, 1, DONE)
    await clock.advance(SETTLED_SECONDS)

    await asyncio.gather(*(reaper.reap() for _ in range(3)))

    assert book.heard_by(watcher) == [DONE]


async def test_a_round_with_nothing_to_do_does_nothing(
    reaper: JobReaper, queue: FragileJobQueue, book: EventBook
) -> None:
    await reaper.reap()

    assert await queue.depth() == 0
    assert book.encoded == []
