"""A worker that stops hands its jobs back."""

import asyncio

import pytest

from domain.identity import JobId
from domain.jobs import JobStarted, JobState
from tests.doubles import RecordingSubscriber
from tests.unit.application.jobs.running import (
    AT_ONCE,
    DONE,
    ID,
    SECOND_HALF,
    SLOW,
    STARTED,
    begun,
    cancelled,
)
from tests.unit.application.jobs.stage import Stage


async def test_a_run_that_is_cancelled_hands_its_job_back_to_the_queue(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    running = await begun(stage.runner(SLOW), watcher)

    await cancelled(running)

    job = await stage.recorded()
    assert (job.state, job.attempt, job.lost) == (JobState.QUEUED, 1, 0)
    assert await stage.queue.take() == ID
    assert stage.heard_by(watcher) == [STARTED]


async def test_a_job_handed_back_is_run_to_its_end_by_another_worker(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    running = await begun(stage.runner(SLOW), watcher)
    await cancelled(running)

    await stage.runner(AT_ONCE).run(ID)

    assert stage.heard_by(watcher) == [STARTED, JobStarted(ID, 2), SECOND_HALF, DONE]


async def test_a_second_cancellation_does_not_stop_the_handing_back(
    stage: Stage, watcher: RecordingSubscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, release = asyncio.Event(), asyncio.Event()
    hand_back = stage.records.hand_back

    async def hand_back_slowly(job_id: JobId, attempt: int) -> bool:
        entered.set()
        await release.wait()
        return await hand_back(job_id, attempt)

    monkeypatch.setattr(stage.records, "hand_back", hand_back_slowly)
    running = await begun(stage.runner(SLOW), watcher)
    running.cancel()
    await entered.wait()
    running.cancel()
    await asyncio.sleep(0)

    release.set()
    await cancelled(running)

    assert await stage.queue.take() == ID
    assert (await stage.recorded()).state is JobState.QUEUED


async def test_a_stop_while_the_backend_is_away_leaves_the_job_to_its_lease(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    running = await begun(stage.runner(SLOW), watcher)
    stage.records.broken.add("hand_back")

    await cancelled(running)

    await stage.clock.advance(SLOW.lease)
    assert [job.id for job in await stage.records.lapsed(9)] == [ID]


async def test_a_job_that_has_ended_is_not_handed_back(
    stage: Stage, watcher: RecordingSubscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = stage.fragile.publish

    async def never_told(*arguments: object, **options: object) -> None:
        if DONE in arguments:
            await asyncio.Event().wait()
        await publish(*arguments, **options)  # type: ignore[arg-type] # passed on as they came

    monkeypatch.setattr(stage.fragile, "publish", never_told)
    running = asyncio.create_task(stage.runner(AT_ONCE).run(ID))
    await stage.records.wait_for("end")

    await cancelled(running)

    assert (await stage.recorded()).state is JobState.SUCCEEDED
    assert await stage.queue.depth() == 0
    assert [job.id for job in await stage.records.untold(0, 9)] == [ID]
