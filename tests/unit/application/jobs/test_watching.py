"""Watching a job: where it stands, and all that follows."""

import pytest

from domain.audiences import Audience
from domain.errors import JobIsUnknown
from domain.identity import JobId
from domain.jobs import (
    Job,
    JobCancelled,
    JobEnded,
    JobEvent,
    JobFailed,
    JobOutputGrew,
    JobOutputShown,
    JobProgressed,
    JobQueued,
    JobStarted,
    JobSucceeded,
)
from tests.unit.application.jobs.stage import FIRST, Stage
from tests.unit.application.people import ADA, BOB, STRANGER


async def test_a_watcher_hears_where_the_job_stands_and_all_that_follows(stage: Stage) -> None:
    await stage.submit()
    await stage.tell(JobStarted(FIRST, 1), JobProgressed(FIRST, 1, 0.5, "Half"))

    assert await stage.jobs.watch(ADA, stage.ada, FIRST) is None
    await stage.tell(JobSucceeded(FIRST, "hola"))

    assert stage.heard_by(stage.ada) == [
        JobProgressed(FIRST, 1, 0.5, "Half"),
        JobSucceeded(FIRST, "hola"),
    ]


@pytest.mark.parametrize(
    "ending",
    [JobSucceeded(FIRST, "hola"), JobFailed(FIRST, "no"), JobCancelled(FIRST)],
    ids=lambda ending: type(ending).__name__,
)
async def test_of_a_job_that_is_over_the_watcher_gets_the_record(
    stage: Stage, ending: JobEnded
) -> None:
    await stage.submit()
    await stage.run_to_its_end(ending)

    job = await stage.jobs.watch(ADA, stage.ada, FIRST)

    assert job is not None
    assert job.ending() == ending
    assert stage.ada.frames == []
    assert stage.attached(stage.ada) == 0


async def test_a_job_that_ends_while_a_watcher_comes_is_heard_to_end(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.submit()
    get = stage.records.get

    async def get_just_before_the_end(job_id: JobId) -> Job | None:
        job = await get(job_id)
        await stage.run_to_its_end(JobSucceeded(FIRST, "hola"))
        return job

    monkeypatch.setattr(stage.records, "get", get_just_before_the_end)

    assert await stage.jobs.watch(ADA, stage.ada, FIRST) is None

    assert stage.heard_by(stage.ada) == [JobSucceeded(FIRST, "hola")]
    assert stage.attached(stage.ada) == 0


async def test_an_unknown_job_can_not_be_watched(stage: Stage) -> None:
    with pytest.raises(JobIsUnknown):
        await stage.jobs.watch(ADA, stage.ada, JobId("unknown"))

    assert stage.attached(stage.ada) == 0


async def test_a_private_job_looks_to_strangers_as_if_there_were_none(stage: Stage) -> None:
    await stage.submit(BOB)

    with pytest.raises(JobIsUnknown) as hidden:
        await stage.jobs.watch(ADA, stage.ada, FIRST)
    with pytest.raises(JobIsUnknown) as missing:
        await stage.jobs.watch(ADA, stage.ada, JobId("unknown"))

    assert hidden.value.detail == missing.value.detail
    assert stage.attached(stage.ada) == 0
    assert stage.ada.frames == []


async def test_its_owner_can_watch_a_private_job_over_another_connection(stage: Stage) -> None:
    await stage.submit(ADA)

    await stage.jobs.watch(ADA, stage.ada, FIRST)

    assert stage.heard_by(stage.ada) == [JobQueued(FIRST, ADA.member)]


async def test_whoever_knows_its_id_can_watch_the_job_of_somebody_unrecognised(
    stage: Stage,
) -> None:
    await stage.submit(STRANGER)

    await stage.jobs.watch(ADA, stage.ada, FIRST)

    assert stage.heard_by(stage.ada) == [JobQueued(FIRST, STRANGER.member)]


async def test_watching_twice_hears_what_follows_once(stage: Stage) -> None:
    await stage.jobs.submit(ADA, stage.ada, "translate", "hello")

    await stage.jobs.watch(ADA, stage.ada, FIRST)
    await stage.tell(JobStarted(FIRST, 1))

    assert stage.heard_by(stage.ada)[-1] == JobStarted(FIRST, 1)
    assert stage.heard_by(stage.ada).count(JobStarted(FIRST, 1)) == 1


# Output.


async def test_a_newcomer_gets_where_the_job_stands_and_all_of_its_output(stage: Stage) -> None:
    await stage.submit()
    running = await stage.records.claim(FIRST, 60)
    assert running is not None
    assert await stage.records.report(FIRST, 1, 60, 0.5) is not None
    await stage.tell(JobStarted(FIRST, 1))
    await stage.grow("so ", "far")

    assert await stage.jobs.watch(ADA, stage.ada, FIRST) is None
    await stage.grow(" so good")

    newest, *shown, grown = stage.heard_by(stage.ada)
    assert newest == JobOutputGrew(FIRST, 1, 3, "far")
    assert shown == [
        JobProgressed(FIRST, 1, 0.5, "⚙️ The job is running."),
        JobOutputShown(FIRST, 1, "so far"),
    ]
    assert grown == JobOutputGrew(FIRST, 1, 6, " so good")


async def test_of_a_job_that_is_over_the_output_is_shown_before_its_end(stage: Stage) -> None:
    await stage.submit()
    assert await stage.records.claim(FIRST, 60) is not None
    await stage.grow("so far")
    assert await stage.records.end(FIRST, 1, JobFailed(FIRST, "no"))
    await stage.tell(JobFailed(FIRST, "no"))

    job = await stage.jobs.watch(ADA, stage.ada, FIRST)

    assert stage.heard_by(stage.ada) == [JobOutputShown(FIRST, 1, "so far")]
    assert job is not None
    assert job.ending() == JobFailed(FIRST, "no")


async def test_a_job_that_ends_before_its_output_is_shown_is_told_to_have_ended_after_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.submit()
    assert await stage.records.claim(FIRST, 60) is not None
    await stage.grow("so far")
    text = stage.broadcaster.text

    async def text_just_after_the_end(audience: Audience[JobEvent]) -> str:
        assert await stage.records.end(FIRST, 1, JobSucceeded(FIRST, "so far"))
        await stage.tell(JobSucceeded(FIRST, "so far"))
        return await text(audience)

    monkeypatch.setattr(stage.broadcaster, "text", text_just_after_the_end)

    job = await stage.jobs.watch(ADA, stage.ada, FIRST)

    assert stage.heard_by(stage.ada)[-2:] == [
        JobSucceeded(FIRST, "so far"),
        JobOutputShown(FIRST, 1, "so far"),
    ]
    assert job is not None
    assert job.ending() == JobSucceeded(FIRST, "so far")
