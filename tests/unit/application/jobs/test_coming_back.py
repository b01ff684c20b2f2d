"""Coming back to a job with a cursor."""

import pytest

from application.ports import Cursor, LossReason, Recovery
from domain.chat import RELIABLE
from domain.events import MemberJoined
from domain.identity import JobId
from domain.jobs import (
    JobOutputGrew,
    JobOutputShown,
    JobProgressed,
    JobStarted,
    JobSucceeded,
)
from tests.contracts.broadcasting import PLANS
from tests.doubles import RecordingSubscriber
from tests.unit.application.jobs.stage import FIRST, JOBS, Stage
from tests.unit.application.people import ADA, BOB


async def test_a_cursor_brings_the_rest_of_the_jobs_way(stage: Stage) -> None:
    await stage.jobs.submit(ADA, stage.ada, "translate", "hello")
    await stage.jobs.leave(stage.ada)
    await stage.tell(JobStarted(FIRST, 1))
    again = RecordingSubscriber("ada again")

    assert await stage.jobs.resume(ADA, again, stage.ada.cursor) is None
    await stage.tell(JobProgressed(FIRST, 1, 0.5, "Half"))

    assert again.recoveries == [Recovery(1)]
    assert stage.heard_by(again) == [JobStarted(FIRST, 1), JobProgressed(FIRST, 1, 0.5, "Half")]


async def test_an_ending_that_was_missed_is_heard_from_history_and_only_there(stage: Stage) -> None:
    await stage.jobs.submit(ADA, stage.ada, "translate", "hello")
    await stage.jobs.leave(stage.ada)
    await stage.run_to_its_end(JobSucceeded(FIRST, "hola"))
    again = RecordingSubscriber("ada again")

    assert await stage.jobs.resume(ADA, again, stage.ada.cursor) is None

    assert again.recoveries == [Recovery(2)]
    assert stage.heard_by(again) == [JobStarted(FIRST, 1), JobSucceeded(FIRST, "hola")]
    assert stage.attached(again) == 0


async def test_when_history_no_longer_tells_the_end_the_record_does(stage: Stage) -> None:
    await stage.jobs.submit(ADA, stage.ada, "translate", "hello")
    await stage.run_to_its_end(JobSucceeded(FIRST, "hola"))
    first_cursor = RecordingSubscriber("first")
    first_cursor.deliver(stage.ada.frames[0])
    await stage.clock.advance(PLANS[JOBS].expiry + 1)
    again = RecordingSubscriber("ada again")

    job = await stage.jobs.resume(ADA, again, first_cursor.cursor)

    assert again.recoveries == [Recovery(0, LossReason.EXPIRED)]
    assert job is not None
    assert job.ending() == JobSucceeded(FIRST, "hola")


async def test_when_what_is_left_of_history_tells_the_end_the_record_does_not_repeat_it(
    stage: Stage,
) -> None:
    await stage.jobs.submit(ADA, stage.ada, "translate", "hello")
    await stage.jobs.leave(stage.ada)
    for _ in range(PLANS[JOBS].capacity):
        await stage.tell(JobProgressed(FIRST, 1, 0.5, "Half"))
    await stage.run_to_its_end(JobSucceeded(FIRST, "hola"))
    again = RecordingSubscriber("ada again")

    assert await stage.jobs.resume(ADA, again, stage.ada.cursor) is None

    assert again.recoveries == [Recovery(PLANS[JOBS].capacity, LossReason.TRIMMED)]
    assert stage.heard_by(again)[-1] == JobSucceeded(FIRST, "hola")
    assert stage.heard_by(again).count(JobSucceeded(FIRST, "hola")) == 1


async def test_whoever_heard_the_end_already_is_not_told_it_again(stage: Stage) -> None:
    await stage.jobs.submit(ADA, stage.ada, "translate", "hello")
    await stage.run_to_its_end(JobSucceeded(FIRST, "hola"))
    again = RecordingSubscriber("ada again")

    assert await stage.jobs.resume(ADA, again, stage.ada.cursor) is None

    assert again.recoveries == [Recovery(0)]
    assert again.frames == []


async def test_a_loss_while_the_job_still_runs_is_told_and_the_watcher_goes_on(
    stage: Stage,
) -> None:
    await stage.jobs.submit(ADA, stage.ada, "translate", "hello")
    await stage.jobs.leave(stage.ada)
    await stage.tell(JobStarted(FIRST, 1))
    await stage.clock.advance(PLANS[JOBS].expiry + 1)
    again = RecordingSubscriber("ada again")

    assert await stage.jobs.resume(ADA, again, stage.ada.cursor) is None
    await stage.tell(JobProgressed(FIRST, 1, 0.5, "Half"))

    assert again.recoveries == [Recovery(0, LossReason.EXPIRED)]
    assert stage.heard_by(again) == [JobProgressed(FIRST, 1, 0.5, "Half")]


async def test_whoever_missed_output_gets_that_and_no_more(stage: Stage) -> None:
    await stage.jobs.submit(ADA, stage.ada, "translate", "hello")
    await stage.grow("one ", "two ")
    await stage.jobs.leave(stage.ada)
    await stage.grow("three")
    again = RecordingSubscriber("ada again")

    assert await stage.jobs.resume(ADA, again, stage.ada.cursor) is None

    assert stage.heard_by(again) == [JobOutputGrew(FIRST, 1, 8, "three")]


@pytest.mark.parametrize("is_over", [False, True], ids=["running", "over"])
async def test_whoever_missed_more_than_is_kept_gets_all_output_at_once(
    stage: Stage, is_over: bool
) -> None:
    await stage.jobs.submit(ADA, stage.ada, "translate", "hello")
    await stage.jobs.leave(stage.ada)
    assert await stage.records.claim(FIRST, 60) is not None
    parts = [f"{number} " for number in range(PLANS[JOBS].capacity + 2)]
    await stage.grow(*parts)
    if is_over:
        assert await stage.records.end(FIRST, 1, JobSucceeded(FIRST, "done"))
        await stage.tell(JobSucceeded(FIRST, "done"))
    again = RecordingSubscriber("ada again")

    job = await stage.jobs.resume(ADA, again, stage.ada.cursor)

    assert again.recoveries == [Recovery(PLANS[JOBS].capacity, LossReason.TRIMMED)]
    assert stage.heard_by(again)[-1] == JobOutputShown(FIRST, 1, "".join(parts))
    # The end comes last, also if it was among what was left.
    assert (job and job.ending()) == (JobSucceeded(FIRST, "done") if is_over else None)


@pytest.mark.parametrize("garbage", ["", "nonsense", "job-1", "💥", "chat~000000000000-1-1"])
async def test_what_is_no_cursor_of_a_job_is_told_as_invalid(stage: Stage, garbage: str) -> None:
    assert await stage.jobs.resume(ADA, stage.ada, Cursor(garbage)) is None

    assert stage.ada.recoveries == [Recovery(0, LossReason.INVALID)]
    assert stage.ada.frames == []
    assert stage.attached(stage.ada) == 0


async def test_a_cursor_of_another_socket_is_told_as_invalid(stage: Stage) -> None:
    elsewhere = RecordingSubscriber("elsewhere")
    await stage.broadcaster.subscribe(RELIABLE, elsewhere)
    await stage.broadcaster.publish(RELIABLE, MemberJoined(ADA.member))

    assert await stage.jobs.resume(ADA, stage.ada, elsewhere.cursor) is None

    assert stage.ada.recoveries == [Recovery(0, LossReason.INVALID)]
    assert stage.ada.frames == []
    assert [lane.attached(stage.ada) for lane in stage.lanes.values()] == [0] * len(stage.lanes)


async def test_a_cursor_of_a_job_that_expired_is_told_as_unknown(stage: Stage) -> None:
    # Raising would end the connection, and its client would come back with the same cursor.
    await stage.jobs.submit(ADA, stage.ada, "translate", "hello")
    await stage.run_to_its_end(JobSucceeded(FIRST, "hola"))
    await stage.clock.advance(3600)
    assert await stage.records.get(FIRST) is None
    again = RecordingSubscriber("ada again")

    assert await stage.jobs.resume(ADA, again, stage.ada.cursor) is None

    assert again.recoveries == [Recovery(0, LossReason.UNKNOWN_POSITION)]
    assert again.frames == []


async def test_a_cursor_of_a_strangers_private_job_is_told_as_unknown(stage: Stage) -> None:
    bob = RecordingSubscriber("bob")
    await stage.jobs.submit(BOB, bob, "translate", "secret")

    assert await stage.jobs.resume(ADA, stage.ada, bob.cursor) is None

    assert stage.ada.recoveries == [Recovery(0, LossReason.UNKNOWN_POSITION)]
    assert stage.ada.frames == []
    assert stage.attached(stage.ada) == 0


async def test_one_connection_can_resume_several_jobs(stage: Stage) -> None:
    cursors = []
    for _ in range(3):
        await stage.jobs.submit(ADA, stage.ada, "translate", "hello")
        cursors.append(stage.ada.cursor)
    again = RecordingSubscriber("ada again")

    for cursor in cursors:
        await stage.jobs.resume(ADA, again, cursor)
    for number in (2, 1, 3):
        await stage.tell(JobStarted(JobId(f"job-{number}"), 1))

    assert again.recoveries == [Recovery(0)] * 3
    assert stage.heard_by(again) == [JobStarted(JobId(f"job-{n}"), 1) for n in (2, 1, 3)]
