"""Coming back to a job with a cursor."""

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from adapters.layers.lane_memory import MemoryLane
from application.jobs import JobService
from application.ports import Cursor, LossReason, Recovery
from domain.chat import RELIABLE
from domain.events import MemberJoined
from domain.identity import JobId
from domain.jobs import JobProgressed, JobStarted, JobSucceeded
from tests.contracts.broadcasting import PLANS
from tests.doubles import EventBook, FragileJobRecords, ManualClock, RecordingSubscriber
from tests.unit.application.jobs.asking import FIRST, JOBS, run_to_its_end, tell
from tests.unit.application.people import ADA, BOB


async def test_a_cursor_brings_the_rest_of_the_jobs_way(
    jobs: JobService, broadcaster: LaneBroadcaster, book: EventBook, ada: RecordingSubscriber
) -> None:
    await jobs.submit(ADA, ada, "translate", "hello")
    await jobs.leave(ada)
    await tell(broadcaster, JobStarted(FIRST, 1))
    again = RecordingSubscriber("ada again")

    assert await jobs.resume(ADA, again, ada.cursor) is None
    await tell(broadcaster, JobProgressed(FIRST, 0.5, "Half"))

    assert again.recoveries == [Recovery(1)]
    assert book.heard_by(again) == [JobStarted(FIRST, 1), JobProgressed(FIRST, 0.5, "Half")]


async def test_an_ending_that_was_missed_is_heard_from_history_and_only_there(
    jobs: JobService,
    broadcaster: LaneBroadcaster,
    records: FragileJobRecords,
    lanes: dict[str, MemoryLane],
    book: EventBook,
    ada: RecordingSubscriber,
) -> None:
    await jobs.submit(ADA, ada, "translate", "hello")
    await jobs.leave(ada)
    await run_to_its_end(broadcaster, records, JobSucceeded(FIRST, "hola"))
    again = RecordingSubscriber("ada again")

    assert await jobs.resume(ADA, again, ada.cursor) is None

    assert again.recoveries == [Recovery(2)]
    assert book.heard_by(again) == [JobStarted(FIRST, 1), JobSucceeded(FIRST, "hola")]
    assert lanes[JOBS].attached(again) == 0


async def test_when_history_no_longer_tells_the_end_the_record_does(
    jobs: JobService,
    broadcaster: LaneBroadcaster,
    records: FragileJobRecords,
    clock: ManualClock,
    ada: RecordingSubscriber,
) -> None:
    await jobs.submit(ADA, ada, "translate", "hello")
    await run_to_its_end(broadcaster, records, JobSucceeded(FIRST, "hola"))
    first_cursor = RecordingSubscriber("first")
    first_cursor.deliver(ada.frames[0])
    await clock.advance(PLANS[JOBS].expiry + 1)
    again = RecordingSubscriber("ada again")

    job = await jobs.resume(ADA, again, first_cursor.cursor)

    assert again.recoveries == [Recovery(0, LossReason.EXPIRED)]
    assert job is not None
    assert job.ending() == JobSucceeded(FIRST, "hola")


async def test_when_what_is_left_of_history_tells_the_end_the_record_does_not_repeat_it(
    jobs: JobService,
    broadcaster: LaneBroadcaster,
    records: FragileJobRecords,
    book: EventBook,
    ada: RecordingSubscriber,
) -> None:
    await jobs.submit(ADA, ada, "translate", "hello")
    await jobs.leave(ada)
    for _ in range(PLANS[JOBS].capacity):
        await tell(broadcaster, JobProgressed(FIRST, 0.5, "Half"))
    await run_to_its_end(broadcaster, records, JobSucceeded(FIRST, "hola"))
    again = RecordingSubscriber("ada again")

    assert await jobs.resume(ADA, again, ada.cursor) is None

    assert again.recoveries == [Recovery(PLANS[JOBS].capacity, LossReason.TRIMMED)]
    assert book.heard_by(again)[-1] == JobSucceeded(FIRST, "hola")
    assert book.heard_by(again).count(JobSucceeded(FIRST, "hola")) == 1


async def test_whoever_heard_the_end_already_is_not_told_it_again(
    jobs: JobService,
    broadcaster: LaneBroadcaster,
    records: FragileJobRecords,
    ada: RecordingSubscriber,
) -> None:
    await jobs.submit(ADA, ada, "translate", "hello")
    await run_to_its_end(broadcaster, records, JobSucceeded(FIRST, "hola"))
    again = RecordingSubscriber("ada again")

    assert await jobs.resume(ADA, again, ada.cursor) is None

    assert again.recoveries == [Recovery(0)]
    assert again.frames == []


async def test_a_loss_while_the_job_still_runs_is_told_and_the_watcher_goes_on(
    jobs: JobService,
    broadcaster: LaneBroadcaster,
    clock: ManualClock,
    book: EventBook,
    ada: RecordingSubscriber,
) -> None:
    await jobs.submit(ADA, ada, "translate", "hello")
    await jobs.leave(ada)
    await tell(broadcaster, JobStarted(FIRST, 1))
    await clock.advance(PLANS[JOBS].expiry + 1)
    again = RecordingSubscriber("ada again")

    assert await jobs.resume(ADA, again, ada.cursor) is None
    await tell(broadcaster, JobProgressed(FIRST, 0.5, "Half"))

    assert again.recoveries == [Recovery(0, LossReason.EXPIRED)]
    assert book.heard_by(again) == [JobProgressed(FIRST, 0.5, "Half")]


@pytest.mark.parametrize("garbage", ["", "nonsense", "job-1", "💥", "chat~000000000000-1-1"])
async def test_what_is_no_cursor_of_a_job_is_told_as_invalid(
    jobs: JobService, lanes: dict[str, MemoryLane], ada: RecordingSubscriber, garbage: str
) -> None:
    assert await jobs.resume(ADA, ada, Cursor(garbage)) is None

    assert ada.recoveries == [Recovery(0, LossReason.INVALID)]
    assert ada.frames == []
    assert lanes[JOBS].attached(ada) == 0


async def test_a_cursor_of_another_socket_is_told_as_invalid(
    jobs: JobService,
    broadcaster: LaneBroadcaster,
    lanes: dict[str, MemoryLane],
    ada: RecordingSubscriber,
) -> None:
    elsewhere = RecordingSubscriber("elsewhere")
    await broadcaster.subscribe(RELIABLE, elsewhere)
    await broadcaster.publish(RELIABLE, MemberJoined(ADA))

    assert await jobs.resume(ADA, ada, elsewhere.cursor) is None

    assert ada.recoveries == [Recovery(0, LossReason.INVALID)]
    assert ada.frames == []
    assert [lane.attached(ada) for lane in lanes.values()] == [0] * len(lanes)


async def test_a_cursor_of_a_job_that_expired_is_told_as_unknown(
    jobs: JobService,
    broadcaster: LaneBroadcaster,
    records: FragileJobRecords,
    clock: ManualClock,
    ada: RecordingSubscriber,
) -> None:
    # Raising would end the connection, and its client would come back with the same cursor.
    await jobs.submit(ADA, ada, "translate", "hello")
    await run_to_its_end(broadcaster, records, JobSucceeded(FIRST, "hola"))
    await clock.advance(3600)
    assert await records.get(FIRST) is None
    again = RecordingSubscriber("ada again")

    assert await jobs.resume(ADA, again, ada.cursor) is None

    assert again.recoveries == [Recovery(0, LossReason.UNKNOWN_POSITION)]
    assert again.frames == []


async def test_a_cursor_of_a_strangers_private_job_is_told_as_unknown(
    jobs: JobService, lanes: dict[str, MemoryLane], ada: RecordingSubscriber
) -> None:
    bob = RecordingSubscriber("bob")
    await jobs.submit(BOB, bob, "translate", "secret")

    assert await jobs.resume(ADA, ada, bob.cursor) is None

    assert ada.recoveries == [Recovery(0, LossReason.UNKNOWN_POSITION)]
    assert ada.frames == []
    assert lanes[JOBS].attached(ada) == 0


async def test_one_connection_can_resume_several_jobs(
    jobs: JobService, broadcaster: LaneBroadcaster, book: EventBook, ada: RecordingSubscriber
) -> None:
    cursors = []
    for _ in range(3):
        await jobs.submit(ADA, ada, "translate", "hello")
        cursors.append(ada.cursor)
    again = RecordingSubscriber("ada again")

    for cursor in cursors:
        await jobs.resume(ADA, again, cursor)
    for number in (2, 1, 3):
        await tell(broadcaster, JobStarted(JobId(f"job-{number}"), 1))

    assert again.recoveries == [Recovery(0)] * 3
    assert book.heard_by(again) == [JobStarted(JobId(f"job-{n}"), 1) for n in (2, 1, 3)]
