"""Reaping while something is wrong with one job, or with one list of them."""

import logging

import pytest

from application.errors import Unavailable
from application.job_reaper import SETTLED_SECONDS
from domain.identity import JobId
from domain.jobs import Job, JobFailed, JobKind
from tests.doubles import RecordingSubscriber
from tests.unit.application.jobs.running import DONE, ID, WAITING
from tests.unit.application.jobs.stage import Stage
from tests.unit.application.people import ADA

BAD, GOOD = JobId("bad"), JobId("good")


@pytest.mark.parametrize("trouble", [Unavailable("why"), TypeError("why")], ids=["away", "a bug"])
async def test_a_job_that_can_not_be_looked_after_keeps_no_other_from_its_turn_and_is_logged_once(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    trouble: Exception,
) -> None:
    for job_id in (BAD, GOOD):
        await stage.records.add(Job.ask(job_id, JobKind.DEFAULT, "hello", ADA.member, 0))
    put = stage.queue.put

    async def put_the_good(job_id: JobId) -> None:
        if job_id == BAD:
            raise trouble
        await put(job_id)

    monkeypatch.setattr(stage.queue, "put", put_the_good)
    for _ in range(2):
        await stage.clock.advance(WAITING)
        with pytest.raises(type(trouble)):
            await stage.reaper.reap()
        assert await stage.queue.take() == GOOD

    (warning,) = caplog.records
    assert warning.levelno == logging.WARNING
    assert warning.__dict__["job"] == BAD
    assert warning.getMessage().endswith(": why")
    assert bool(warning.exc_info) == isinstance(trouble, TypeError)


@pytest.mark.parametrize("broken", ["lapsed", "unclaimed", "untold"])
async def test_a_list_that_can_not_be_read_keeps_no_other_from_its_turn(
    stage: Stage, watcher: RecordingSubscriber, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    lost, waits = JobId("lost"), JobId("waits")
    for job_id in (lost, waits):
        await stage.records.add(Job.ask(job_id, JobKind.DEFAULT, "hello", ADA.member, 0))
    await stage.records.claim(lost, lease=1)
    await stage.records.claim(ID, lease=60)
    await stage.records.end(ID, 1, DONE)
    await stage.clock.advance(max(WAITING, SETTLED_SECONDS))

    async def unreadable(*_args: object) -> list[Job]:
        raise Unavailable

    monkeypatch.setattr(stage.records, broken, unreadable)
    with pytest.raises(Unavailable):
        await stage.reaper.reap()

    put = {await stage.queue.take() for _ in range(await stage.queue.depth())}
    done = {"lapsed": lost in put, "unclaimed": waits in put, "untold": len(watcher.frames) == 1}
    assert done == {name: name != broken for name in done}


async def test_a_job_that_can_be_looked_after_again_is_logged_anew_when_it_can_not(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.fragile.broken_for = (JobFailed,)
    for number in range(2):
        job_id = JobId(str(number))
        await stage.records.add(Job.ask(job_id, JobKind.DEFAULT, "hello", ADA.member, 0))
        await stage.records.claim(job_id, 60)
        await stage.records.end(job_id, 1, JobFailed(job_id, "no"))
        await stage.clock.advance(SETTLED_SECONDS)
        with pytest.raises(Unavailable):
            await stage.reaper.reap()
        stage.fragile.broken_for = ()
        await stage.reaper.reap()
        stage.fragile.broken_for = (JobFailed,)

    assert len(caplog.records) == 2
