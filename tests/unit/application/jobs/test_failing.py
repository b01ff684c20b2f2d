"""Jobs that fail, by their own work or by their time."""

from dataclasses import replace

import pytest

from domain.job_kinds import Step, Work
from domain.jobs import JobFailed, JobKind, JobState
from tests.doubles import RecordingSubscriber
from tests.unit.application.jobs.running import AT_ONCE, HALF, ID, SLOW, STARTED
from tests.unit.application.jobs.stage import Stage


@pytest.mark.parametrize("error", [RuntimeError("hunter2"), KeyError("hunter2"), OSError(2)])
async def test_an_error_in_its_work_fails_the_job_without_telling_what_it_said(
    stage: Stage, watcher: RecordingSubscriber, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def raising(_kind: JobKind, _content: str) -> Work:
        yield Step(0.5, "Half", 0)
        raise error

    await stage.runner(AT_ONCE, raising).run(ID)

    failed = JobFailed(ID, "The job failed because of an error in its work.")
    assert stage.heard_by(watcher) == [STARTED, HALF, failed]
    job = await stage.recorded()
    assert (job.state, job.outcome) == (JobState.FAILED, failed.reason)
    assert "hunter2" not in repr(job) + "".join(watcher.frames)
    assert [line.exc_info is not None for line in caplog.records] == [True]


async def test_an_error_before_the_first_step_fails_the_job(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    def raising(_kind: JobKind, _content: str) -> Work:
        raise ValueError("hunter2")

    await stage.runner(AT_ONCE, raising).run(ID)

    assert stage.heard_by(watcher) == [
        STARTED,
        JobFailed(ID, "The job failed because of an error in its work."),
    ]


async def test_a_timeout_inside_its_work_is_not_the_jobs_own(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    def raising(_kind: JobKind, _content: str) -> Work:
        yield Step(0.5, "Half", 0)
        raise TimeoutError("some server did not answer")

    await stage.runner(AT_ONCE, raising).run(ID)

    assert stage.heard_by(watcher)[-1] == JobFailed(
        ID, "The job failed because of an error in its work."
    )


async def test_work_without_a_result_fails_the_job(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    def resultless(_kind: JobKind, _content: str) -> Work:
        yield Step(0.5, "Half", 0)

    await stage.runner(AT_ONCE, resultless).run(ID)

    assert stage.heard_by(watcher)[-1] == JobFailed(ID, "The job ended without a result.")


async def test_a_job_that_takes_too_long_fails(stage: Stage, watcher: RecordingSubscriber) -> None:
    await stage.runner(replace(SLOW, timeout=0.01)).run(ID)

    failed = JobFailed(ID, "The job took longer than 0.01 s.")
    assert stage.heard_by(watcher) == [STARTED, failed]
    job = await stage.recorded()
    assert (job.state, job.outcome) == (JobState.FAILED, failed.reason)
