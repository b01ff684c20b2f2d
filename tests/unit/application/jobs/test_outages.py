"""A running job outlives a backend that is away."""

import asyncio

import pytest

from application.errors import Unavailable
from application.job_reaper import SETTLED_SECONDS, JobReaper
from domain.jobs import JobEvent, JobProgressed, JobStarted, JobState, JobSucceeded
from tests.doubles import (
    EventBook,
    FragileBroadcaster,
    FragileJobRecords,
    ManualClock,
    RecordingSubscriber,
)
from tests.unit.application.jobs.running import (
    AT_ONCE,
    DONE,
    HALF,
    ID,
    STARTED,
    Build,
    half_then_done,
    recorded,
)


async def test_a_job_that_can_not_be_claimed_stays_queued(
    build: Build, records: FragileJobRecords, watcher: RecordingSubscriber
) -> None:
    records.broken.add("claim")

    with pytest.raises(Unavailable):
        await build(AT_ONCE, half_then_done).run(ID)

    assert (await recorded(records)).state is JobState.QUEUED
    assert watcher.frames == []


@pytest.mark.parametrize("method", ["report", "end"])
async def test_a_running_job_outlives_records_that_do_not_answer_for_a_while(
    build: Build,
    records: FragileJobRecords,
    watcher: RecordingSubscriber,
    book: EventBook,
    method: str,
) -> None:
    records.broken.add(method)
    running = asyncio.create_task(build(AT_ONCE, half_then_done).run(ID))
    await records.wait_for(method, 3)

    records.broken.clear()
    await running

    assert book.heard_by(watcher) == [STARTED, HALF, DONE]


@pytest.mark.parametrize("event", [JobStarted, JobProgressed])
async def test_what_could_not_be_told_for_a_while_is_told_then(
    build: Build,
    fragile: FragileBroadcaster,
    watcher: RecordingSubscriber,
    book: EventBook,
    event: type[JobEvent],
) -> None:
    fragile.broken_for = (event,)
    running = asyncio.create_task(build(AT_ONCE, half_then_done).run(ID))
    await fragile.wait_for_refused(3)

    fragile.broken_for = ()
    await running

    assert book.heard_by(watcher) == [STARTED, HALF, DONE]


async def test_an_ending_that_was_recorded_but_not_told_is_told_by_a_round(
    build: Build,
    reaper: JobReaper,
    fragile: FragileBroadcaster,
    records: FragileJobRecords,
    clock: ManualClock,
    watcher: RecordingSubscriber,
    book: EventBook,
) -> None:
    service = build(AT_ONCE, half_then_done)
    fragile.broken_for = (JobSucceeded,)
    await service.run(ID)
    assert book.heard_by(watcher) == [STARTED, HALF]
    assert (await recorded(records)).state is JobState.SUCCEEDED

    fragile.broken_for = ()
    await clock.advance(SETTLED_SECONDS)
    await reaper.reap()
    await reaper.reap()

    assert book.heard_by(watcher) == [STARTED, HALF, DONE]
    assert await records.untold(0, 9) == []


async def test_a_job_taken_over_during_an_outage_is_let_go_afterwards(
    build: Build, records: FragileJobRecords, watcher: RecordingSubscriber, book: EventBook
) -> None:
    records.broken.add("report")
    running = asyncio.create_task(build(AT_ONCE, half_then_done).run(ID))
    await records.wait_for("report", 2)
    await records.hand_back(ID, 1, lost=True)
    theirs = await records.claim(ID, 60)

    records.broken.clear()
    await running

    assert book.heard_by(watcher) == [STARTED]
    assert await recorded(records) == theirs
