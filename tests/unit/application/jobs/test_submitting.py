"""Submitting a job: what is accepted is recorded, queued and watched."""

import asyncio

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from adapters.layers.lane_memory import MemoryLane
from application.errors import QueueIsFull, TooManySubscriptions, Unavailable
from application.jobs import JobService, Submitted
from domain.errors import BrokenRule, JobIsUnknown, TextIsEmpty, TextIsTooLong
from domain.identity import JobId
from domain.jobs import Job, JobEvent, JobKind, JobProgressed, JobQueued, JobStarted, JobSucceeded
from tests.doubles import (
    BEGINNING,
    EventBook,
    FragileJobQueue,
    FragileJobRecords,
    ManualClock,
    RecordingSubscriber,
)
from tests.unit.application.jobs.asking import FIRST, JOBS, tell
from tests.unit.application.people import ADA, BOB


async def test_an_accepted_job_is_recorded_queued_and_watched(
    jobs: JobService,
    records: FragileJobRecords,
    queue: FragileJobQueue,
    book: EventBook,
    ada: RecordingSubscriber,
) -> None:
    submitted = await jobs.submit(ADA, ada, "translate", "hello")

    assert submitted == Submitted(FIRST, again=False)
    assert await records.get(FIRST) == Job.ask(FIRST, JobKind.TRANSLATE, "hello", ADA, BEGINNING)
    assert await queue.take() == FIRST
    assert book.heard_by(ada) == [JobQueued(FIRST)]


async def test_its_whole_way_is_heard(
    jobs: JobService, broadcaster: LaneBroadcaster, book: EventBook, ada: RecordingSubscriber
) -> None:
    await jobs.submit(ADA, ada, "translate", "hello")
    events: list[JobEvent] = [
        JobStarted(FIRST, 1),
        JobProgressed(FIRST, 0.5, "Half"),
        JobSucceeded(FIRST, "hola"),
    ]

    await tell(broadcaster, *events)

    assert book.heard_by(ada) == [JobQueued(FIRST), *events]


async def test_nobody_else_hears_of_it(jobs: JobService) -> None:
    bob = RecordingSubscriber("bob")
    await jobs.submit(BOB, bob, "translate", "hello")
    before = list(bob.frames)

    await jobs.submit(ADA, RecordingSubscriber("ada"), "translate", "hello")

    assert bob.frames == before


async def test_an_unknown_kind_runs_as_default(
    jobs: JobService, records: FragileJobRecords, ada: RecordingSubscriber
) -> None:
    await jobs.submit(ADA, ada, "launch rockets", "hello")

    job = await records.get(FIRST)
    assert job is not None
    assert job.kind is JobKind.DEFAULT


async def test_each_job_has_an_id_of_its_own(jobs: JobService, ada: RecordingSubscriber) -> None:
    first = await jobs.submit(ADA, ada, "translate", "hello")
    second = await jobs.submit(ADA, ada, "translate", "hello")

    assert first != second


async def test_asking_again_under_the_same_key_finds_the_job(
    jobs: JobService, queue: FragileJobQueue, book: EventBook, ada: RecordingSubscriber
) -> None:
    first = await jobs.submit(ADA, ada, "translate", "hello", "k")

    again = await jobs.submit(ADA, ada, "translate", "hello", "k")

    assert not first.again
    assert again == Submitted(first.job_id, again=True)
    assert await queue.depth() == 1
    assert book.heard_by(ada) == [JobQueued(first.job_id)]


async def test_asking_again_is_no_matter_of_room_in_the_queue(
    jobs: JobService, queue: FragileJobQueue, ada: RecordingSubscriber
) -> None:
    first = await jobs.submit(ADA, ada, "translate", "hello", "k")
    for number in range(5):
        await queue.put(JobId(f"waiting {number}"))

    assert (await jobs.submit(ADA, ada, "translate", "hello", "k")).job_id == first.job_id


async def test_of_many_at_once_with_one_key_one_is_a_new_job(
    jobs: JobService, queue: FragileJobQueue, ada: RecordingSubscriber
) -> None:
    asked = await asyncio.gather(
        *(jobs.submit(ADA, ada, "translate", "hello", "k") for _ in range(5))
    )

    assert [one.again for one in asked].count(False) == 1
    assert len({one.job_id for one in asked}) == 1
    assert await queue.depth() == 1


async def test_another_text_under_the_same_key_is_another_job(
    jobs: JobService, ada: RecordingSubscriber
) -> None:
    first = await jobs.submit(ADA, ada, "translate", "hello", "k")

    for kind, text in (("translate", "world"), ("analyze", "hello")):
        other = await jobs.submit(ADA, ada, kind, text, "k")
        assert not other.again
        assert other.job_id != first.job_id


async def test_a_visitors_job_is_not_found_by_somebody_else_with_its_key(
    jobs: JobService, ada: RecordingSubscriber
) -> None:
    await jobs.submit(BOB, RecordingSubscriber("bob"), "translate", "hello", "k")

    with pytest.raises(JobIsUnknown):
        await jobs.submit(ADA, ada, "translate", "hello", "k")


@pytest.mark.parametrize(("text", "broken"), [("", TextIsEmpty), ("x" * 11, TextIsTooLong)])
async def test_an_impossible_text_leaves_nothing_behind(
    jobs: JobService,
    queue: FragileJobQueue,
    lanes: dict[str, MemoryLane],
    ada: RecordingSubscriber,
    text: str,
    broken: type[BrokenRule],
) -> None:
    with pytest.raises(broken):
        await jobs.submit(ADA, ada, "translate", text)

    assert await jobs.list(ADA) == []
    assert await queue.depth() == 0
    assert lanes[JOBS].attached(ada) == 0
    assert ada.frames == []


async def test_a_full_queue_takes_no_more(
    jobs: JobService, queue: FragileJobQueue, lanes: dict[str, MemoryLane], ada: RecordingSubscriber
) -> None:
    for number in range(5):
        await queue.put(JobId(f"waiting {number}"))

    with pytest.raises(QueueIsFull, match="5 jobs are waiting"):
        await jobs.submit(ADA, ada, "translate", "hello")

    assert await jobs.list(ADA) == []
    assert await queue.depth() == 5
    assert lanes[JOBS].attached(ada) == 0


async def test_a_place_in_the_queue_that_is_free_again_is_taken(
    jobs: JobService, queue: FragileJobQueue, ada: RecordingSubscriber
) -> None:
    for number in range(5):
        await queue.put(JobId(f"waiting {number}"))
    await queue.take()

    assert (await jobs.submit(ADA, ada, "translate", "hello")).job_id == FIRST


async def test_whoever_follows_too_many_jobs_can_not_ask_for_another(
    jobs: JobService, queue: FragileJobQueue, ada: RecordingSubscriber
) -> None:
    for _ in range(4):
        await jobs.submit(ADA, ada, "translate", "hello")

    with pytest.raises(TooManySubscriptions):
        await jobs.submit(ADA, ada, "translate", "hello")

    assert len(await jobs.list(ADA)) == 4
    assert await queue.depth() == 4


async def test_records_that_do_not_answer_refuse_the_job(
    jobs: JobService, records: FragileJobRecords, queue: FragileJobQueue, ada: RecordingSubscriber
) -> None:
    records.broken.add("add")

    with pytest.raises(Unavailable):
        await jobs.submit(ADA, ada, "translate", "hello")

    assert ada.frames == []
    assert await queue.depth() == 0


async def test_a_refused_job_is_not_followed_for_ever(
    jobs: JobService,
    records: FragileJobRecords,
    lanes: dict[str, MemoryLane],
    ada: RecordingSubscriber,
) -> None:
    records.broken.add("add")

    with pytest.raises(Unavailable):
        await jobs.submit(ADA, ada, "translate", "hello")

    assert lanes[JOBS].attached(ada) == 0


async def test_a_job_in_the_records_is_accepted_even_if_the_queue_does_not_answer(
    jobs: JobService,
    records: FragileJobRecords,
    queue: FragileJobQueue,
    clock: ManualClock,
    book: EventBook,
    ada: RecordingSubscriber,
) -> None:
    queue.broken = True

    job_id = (await jobs.submit(ADA, ada, "translate", "hello")).job_id

    assert book.heard_by(ada) == [JobQueued(job_id)]
    await clock.advance(5)
    assert [job.id for job in await records.unclaimed(5, 9)] == [job_id]
