"""A worker that stops hands its jobs back."""

import asyncio

import pytest

from domain.identity import JobId
from domain.jobs import JobStarted, JobState
from tests.doubles import (
    EventBook,
    FragileBroadcaster,
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
    SLOW,
    STARTED,
    Build,
    cancelled,
    half_then_done,
    recorded,
)


async def test_a_run_that_is_cancelled_hands_its_job_back_to_the_queue(
    build: Build,
    records: FragileJobRecords,
    queue: FragileJobQueue,
    watcher: RecordingSubscriber,
    book: EventBook,
) -> None:
    running = asyncio.create_task(build(SLOW, half_then_done).run(ID))
    await watcher.wait_for(1)

    await cancelled(running)

    job = await recorded(records)
    assert (job.state, job.attempt, job.lost) == (JobState.QUEUED, 1, 0)
    assert await queue.take() == ID
    assert book.heard_by(watcher) == [STARTED]


async def test_a_job_handed_back_is_run_to_its_end_by_another_worker(
    build: Build, watcher: RecordingSubscriber, book: EventBook
) -> None:
    running = asyncio.create_task(build(SLOW, half_then_done).run(ID))
    await watcher.wait_for(1)
    await cancelled(running)

    await build(AT_ONCE, half_then_done).run(ID)

    assert book.heard_by(watcher) == [STARTED, JobStarted(ID, 2), HALF, DONE]


async def test_a_second_cancellation_does_not_stop_the_handing_back(
    build: Build,
    records: FragileJobRecords,
    queue: FragileJobQueue,
    watcher: RecordingSubscriber,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, release = asyncio.Event(), asyncio.Event()
    hand_back = records.hand_back

    async def hand_back_slowly(job_id: JobId, attempt: int) -> bool:
        begun.set()
        await release.wait()
        return await hand_back(job_id, attempt)

    monkeypatch.setattr(records, "hand_back", hand_back_slowly)
    running = asyncio.create_task(build(SLOW, half_then_done).run(ID))
    await watcher.wait_for(1)
    running.cancel()
    await begun.wait()
    running.cancel()
    await asyncio.sleep(0)

    release.set()
    await cancelled(running)

    assert await queue.take() == ID
    assert (await recorded(records)).state is JobState.QUEUED


async def test_a_stop_while_the_backend_is_away_leaves_the_job_to_its_lease(
    build: Build, records: FragileJobRecords, clock: ManualClock, watcher: RecordingSubscriber
) -> None:
    running = asyncio.create_task(build(SLOW, half_then_done).run(ID))
    await watcher.wait_for(1)
    records.broken.add("hand_back")

    await cancelled(running)

    await clock.advance(SLOW.lease)
    assert [job.id for job in await records.lapsed(9)] == [ID]


async def test_a_job_that_has_ended_is_not_handed_back(
    build: Build,
    records: FragileJobRecords,
    fragile: FragileBroadcaster,
    queue: FragileJobQueue,
    watcher: RecordingSubscriber,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish = fragile.publish

    async def never_told(*arguments: object, **options: object) -> None:
        if DONE in arguments:
            await asyncio.Event().wait()
        await publish(*arguments, **options)  # type: ignore[arg-type] # passed on as they came

    monkeypatch.setattr(fragile, "publish", never_told)
    running = asyncio.create_task(build(AT_ONCE, half_then_done).run(ID))
    await records.wait_for("end")

    await cancelled(running)

    assert (await recorded(records)).state is JobState.SUCCEEDED
    assert await queue.depth() == 0
    assert [job.id for job in await records.untold(0, 9)] == [ID]
