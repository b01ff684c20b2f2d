"""Jobs, from the side of whoever asks for them."""

import asyncio

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from adapters.layers.lane_memory import MemoryLane
from application.errors import QueueIsFull, TooManySubscriptions, Unavailable
from application.jobs import LISTED_JOBS, JobService, Submitted
from application.ports import Cursor, LossReason, Recovery
from domain import audiences
from domain.chat import RELIABLE
from domain.errors import (
    BrokenRule,
    JobIsNotYours,
    JobIsOver,
    JobIsUnknown,
    TextIsEmpty,
    TextIsTooLong,
)
from domain.events import (
    JobCancelled,
    JobEnded,
    JobEvent,
    JobFailed,
    JobProgressed,
    JobQueued,
    JobStarted,
    JobSucceeded,
    MemberJoined,
)
from domain.identity import JobId, Member
from domain.jobs import Job, JobKind, JobState
from tests.contracts.broadcaster import PLANS
from tests.doubles import (
    BEGINNING,
    EventBook,
    FragileBroadcaster,
    FragileJobQueue,
    FragileJobRecords,
    ManualClock,
    NumberedIds,
    RecordingSubscriber,
)
from tests.unit.application.people import ADA, BOB, STRANGER

FIRST = JobId("job-1")
JOBS = "jobs"


@pytest.fixture
def records(clock: ManualClock) -> FragileJobRecords:
    return FragileJobRecords(clock)


@pytest.fixture
def queue() -> FragileJobQueue:
    return FragileJobQueue()


@pytest.fixture
def fragile(broadcaster: LaneBroadcaster) -> FragileBroadcaster:
    return FragileBroadcaster(broadcaster)


@pytest.fixture
def jobs(
    fragile: FragileBroadcaster,
    broadcaster: LaneBroadcaster,
    records: FragileJobRecords,
    queue: FragileJobQueue,
    clock: ManualClock,
) -> JobService:
    return JobService(
        fragile,
        broadcaster,
        records,
        queue,
        clock,
        NumberedIds(),
        text_limit=10,
        queue_limit=5,
    )


@pytest.fixture
def ada() -> RecordingSubscriber:
    return RecordingSubscriber("ada")


async def submit(jobs: JobService, member: Member = ADA, name: str = "somebody") -> JobId:
    """Have a job asked for over a connection that then goes away."""
    subscriber = RecordingSubscriber(name)
    submitted = await jobs.submit(member, subscriber, "translate", "hello")
    await jobs.leave(subscriber)
    return submitted.job_id


async def tell(broadcaster: LaneBroadcaster, *events: JobEvent) -> None:
    for event in events:
        await broadcaster.publish(audiences.job(event.job_id), event)


async def run_to_its_end(
    broadcaster: LaneBroadcaster, records: FragileJobRecords, ending: JobEnded
) -> None:
    """What a worker does."""
    claimed = await records.claim(ending.job_id, 60)
    assert claimed is not None
    await tell(broadcaster, JobStarted(ending.job_id, claimed.attempt))
    assert await records.end(ending.job_id, claimed.attempt, ending)
    await tell(broadcaster, ending)


class TestSubmitting:
    async def test_an_accepted_job_is_recorded_queued_and_watched(
        self,
        jobs: JobService,
        records: FragileJobRecords,
        queue: FragileJobQueue,
        book: EventBook,
        ada: RecordingSubscriber,
    ) -> None:
        submitted = await jobs.submit(ADA, ada, "translate", "hello")

        assert submitted == Submitted(FIRST, again=False)
        assert await records.get(FIRST) == Job.ask(
            FIRST, JobKind.TRANSLATE, "hello", ADA, BEGINNING
        )
        assert await queue.take() == FIRST
        assert book.heard_by(ada) == [JobQueued(FIRST)]

    async def test_its_whole_way_is_heard(
        self,
        jobs: JobService,
        broadcaster: LaneBroadcaster,
        book: EventBook,
        ada: RecordingSubscriber,
    ) -> None:
        await jobs.submit(ADA, ada, "translate", "hello")
        events: list[JobEvent] = [
            JobStarted(FIRST, 1),
            JobProgressed(FIRST, 0.5, "Half"),
            JobSucceeded(FIRST, "hola"),
        ]

        await tell(broadcaster, *events)

        assert book.heard_by(ada) == [JobQueued(FIRST), *events]

    async def test_nobody_else_hears_of_it(self, jobs: JobService) -> None:
        bob = RecordingSubscriber("bob")
        await jobs.submit(BOB, bob, "translate", "hello")
        before = list(bob.frames)

        await jobs.submit(ADA, RecordingSubscriber("ada"), "translate", "hello")

        assert bob.frames == before

    async def test_an_unknown_kind_runs_as_default(
        self, jobs: JobService, records: FragileJobRecords, ada: RecordingSubscriber
    ) -> None:
        await jobs.submit(ADA, ada, "launch rockets", "hello")

        job = await records.get(FIRST)
        assert job is not None
        assert job.kind is JobKind.DEFAULT

    async def test_each_job_has_an_id_of_its_own(
        self, jobs: JobService, ada: RecordingSubscriber
    ) -> None:
        first = await jobs.submit(ADA, ada, "translate", "hello")
        second = await jobs.submit(ADA, ada, "translate", "hello")

        assert first != second

    async def test_asking_again_under_the_same_key_finds_the_job(
        self, jobs: JobService, queue: FragileJobQueue, book: EventBook, ada: RecordingSubscriber
    ) -> None:
        first = await jobs.submit(ADA, ada, "translate", "hello", "k")

        again = await jobs.submit(ADA, ada, "translate", "hello", "k")

        assert not first.again
        assert again == Submitted(first.job_id, again=True)
        assert await queue.depth() == 1
        assert book.heard_by(ada) == [JobQueued(first.job_id)]

    async def test_asking_again_is_no_matter_of_room_in_the_queue(
        self, jobs: JobService, queue: FragileJobQueue, ada: RecordingSubscriber
    ) -> None:
        first = await jobs.submit(ADA, ada, "translate", "hello", "k")
        for number in range(5):
            await queue.put(JobId(f"waiting {number}"))

        assert (await jobs.submit(ADA, ada, "translate", "hello", "k")).job_id == first.job_id

    async def test_of_many_at_once_with_one_key_one_is_a_new_job(
        self, jobs: JobService, queue: FragileJobQueue, ada: RecordingSubscriber
    ) -> None:
        asked = await asyncio.gather(
            *(jobs.submit(ADA, ada, "translate", "hello", "k") for _ in range(5))
        )

        assert [one.again for one in asked].count(False) == 1
        assert len({one.job_id for one in asked}) == 1
        assert await queue.depth() == 1

    async def test_another_text_under_the_same_key_is_another_job(
        self, jobs: JobService, ada: RecordingSubscriber
    ) -> None:
        first = await jobs.submit(ADA, ada, "translate", "hello", "k")

        for kind, text in (("translate", "world"), ("analyze", "hello")):
            other = await jobs.submit(ADA, ada, kind, text, "k")
            assert not other.again
            assert other.job_id != first.job_id

    async def test_a_visitors_job_is_not_found_by_somebody_else_with_its_key(
        self, jobs: JobService, ada: RecordingSubscriber
    ) -> None:
        await jobs.submit(BOB, RecordingSubscriber("bob"), "translate", "hello", "k")

        with pytest.raises(JobIsUnknown):
            await jobs.submit(ADA, ada, "translate", "hello", "k")

    @pytest.mark.parametrize(("text", "broken"), [("", TextIsEmpty), ("x" * 11, TextIsTooLong)])
    async def test_an_impossible_text_leaves_nothing_behind(
        self,
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
        self,
        jobs: JobService,
        queue: FragileJobQueue,
        lanes: dict[str, MemoryLane],
        ada: RecordingSubscriber,
    ) -> None:
        for number in range(5):
            await queue.put(JobId(f"waiting {number}"))

        with pytest.raises(QueueIsFull, match="5 jobs are waiting"):
            await jobs.submit(ADA, ada, "translate", "hello")

        assert await jobs.list(ADA) == []
        assert await queue.depth() == 5
        assert lanes[JOBS].attached(ada) == 0

    async def test_a_place_in_the_queue_that_is_free_again_is_taken(
        self, jobs: JobService, queue: FragileJobQueue, ada: RecordingSubscriber
    ) -> None:
        for number in range(5):
            await queue.put(JobId(f"waiting {number}"))
        await queue.take()

        assert (await jobs.submit(ADA, ada, "translate", "hello")).job_id == FIRST

    async def test_whoever_follows_too_many_jobs_can_not_ask_for_another(
        self, jobs: JobService, queue: FragileJobQueue, ada: RecordingSubscriber
    ) -> None:
        for _ in range(4):
            await jobs.submit(ADA, ada, "translate", "hello")

        with pytest.raises(TooManySubscriptions):
            await jobs.submit(ADA, ada, "translate", "hello")

        assert len(await jobs.list(ADA)) == 4
        assert await queue.depth() == 4

    async def test_records_that_do_not_answer_refuse_the_job(
        self,
        jobs: JobService,
        records: FragileJobRecords,
        queue: FragileJobQueue,
        ada: RecordingSubscriber,
    ) -> None:
        records.broken.add("add")

        with pytest.raises(Unavailable):
            await jobs.submit(ADA, ada, "translate", "hello")

        assert ada.frames == []
        assert await queue.depth() == 0

    async def test_a_refused_job_is_not_followed_for_ever(
        self,
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
        self,
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


class TestWatching:
    async def test_a_watcher_hears_where_the_job_stands_and_all_that_follows(
        self,
        jobs: JobService,
        broadcaster: LaneBroadcaster,
        book: EventBook,
        ada: RecordingSubscriber,
    ) -> None:
        await submit(jobs)
        await tell(broadcaster, JobStarted(FIRST, 1), JobProgressed(FIRST, 0.5, "Half"))

        assert await jobs.watch(ADA, ada, FIRST) is None
        await tell(broadcaster, JobSucceeded(FIRST, "hola"))

        assert book.heard_by(ada) == [
            JobProgressed(FIRST, 0.5, "Half"),
            JobSucceeded(FIRST, "hola"),
        ]

    @pytest.mark.parametrize(
        "ending",
        [JobSucceeded(FIRST, "hola"), JobFailed(FIRST, "no"), JobCancelled(FIRST)],
        ids=lambda ending: type(ending).__name__,
    )
    async def test_of_a_job_that_is_over_the_watcher_gets_the_record(
        self,
        jobs: JobService,
        broadcaster: LaneBroadcaster,
        records: FragileJobRecords,
        lanes: dict[str, MemoryLane],
        ada: RecordingSubscriber,
        ending: JobEnded,
    ) -> None:
        await submit(jobs)
        await run_to_its_end(broadcaster, records, ending)

        job = await jobs.watch(ADA, ada, FIRST)

        assert job is not None
        assert job.ending() == ending
        assert ada.frames == []
        assert lanes[JOBS].attached(ada) == 0

    async def test_a_job_that_ends_while_a_watcher_comes_is_heard_to_end(
        self,
        jobs: JobService,
        broadcaster: LaneBroadcaster,
        records: FragileJobRecords,
        lanes: dict[str, MemoryLane],
        book: EventBook,
        ada: RecordingSubscriber,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        await submit(jobs)
        get = records.get

        async def get_just_before_the_end(job_id: JobId) -> Job | None:
            job = await get(job_id)
            await run_to_its_end(broadcaster, records, JobSucceeded(FIRST, "hola"))
            return job

        monkeypatch.setattr(records, "get", get_just_before_the_end)

        assert await jobs.watch(ADA, ada, FIRST) is None

        assert book.heard_by(ada) == [JobSucceeded(FIRST, "hola")]
        assert lanes[JOBS].attached(ada) == 0

    async def test_an_unknown_job_can_not_be_watched(
        self, jobs: JobService, lanes: dict[str, MemoryLane], ada: RecordingSubscriber
    ) -> None:
        with pytest.raises(JobIsUnknown):
            await jobs.watch(ADA, ada, JobId("unknown"))

        assert lanes[JOBS].attached(ada) == 0

    async def test_a_private_job_looks_to_strangers_as_if_there_were_none(
        self, jobs: JobService, lanes: dict[str, MemoryLane], ada: RecordingSubscriber
    ) -> None:
        await submit(jobs, BOB)

        with pytest.raises(JobIsUnknown) as hidden:
            await jobs.watch(ADA, ada, FIRST)
        with pytest.raises(JobIsUnknown) as missing:
            await jobs.watch(ADA, ada, JobId("unknown"))

        assert hidden.value.detail == missing.value.detail
        assert lanes[JOBS].attached(ada) == 0
        assert ada.frames == []

    async def test_its_owner_can_watch_a_private_job_over_another_connection(
        self, jobs: JobService, book: EventBook, ada: RecordingSubscriber
    ) -> None:
        await submit(jobs, ADA)

        await jobs.watch(ADA, ada, FIRST)

        assert book.heard_by(ada) == [JobQueued(FIRST)]

    async def test_whoever_knows_its_id_can_watch_the_job_of_somebody_unrecognised(
        self, jobs: JobService, book: EventBook, ada: RecordingSubscriber
    ) -> None:
        await submit(jobs, STRANGER)

        await jobs.watch(ADA, ada, FIRST)

        assert book.heard_by(ada) == [JobQueued(FIRST)]

    async def test_watching_twice_hears_what_follows_once(
        self,
        jobs: JobService,
        broadcaster: LaneBroadcaster,
        book: EventBook,
        ada: RecordingSubscriber,
    ) -> None:
        await jobs.submit(ADA, ada, "translate", "hello")

        await jobs.watch(ADA, ada, FIRST)
        await tell(broadcaster, JobStarted(FIRST, 1))

        assert book.heard_by(ada)[-1] == JobStarted(FIRST, 1)
        assert book.heard_by(ada).count(JobStarted(FIRST, 1)) == 1


class TestComingBack:
    async def test_a_cursor_brings_the_rest_of_the_jobs_way(
        self,
        jobs: JobService,
        broadcaster: LaneBroadcaster,
        book: EventBook,
        ada: RecordingSubscriber,
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
        self,
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
        self,
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
        self,
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
        self,
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
        self,
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
        self,
        jobs: JobService,
        lanes: dict[str, MemoryLane],
        ada: RecordingSubscriber,
        garbage: str,
    ) -> None:
        assert await jobs.resume(ADA, ada, Cursor(garbage)) is None

        assert ada.recoveries == [Recovery(0, LossReason.INVALID)]
        assert ada.frames == []
        assert lanes[JOBS].attached(ada) == 0

    async def test_a_cursor_of_another_socket_is_told_as_invalid(
        self,
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
        self,
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
        self, jobs: JobService, lanes: dict[str, MemoryLane], ada: RecordingSubscriber
    ) -> None:
        bob = RecordingSubscriber("bob")
        await jobs.submit(BOB, bob, "translate", "secret")

        assert await jobs.resume(ADA, ada, bob.cursor) is None

        assert ada.recoveries == [Recovery(0, LossReason.UNKNOWN_POSITION)]
        assert ada.frames == []
        assert lanes[JOBS].attached(ada) == 0

    async def test_one_connection_can_resume_several_jobs(
        self,
        jobs: JobService,
        broadcaster: LaneBroadcaster,
        book: EventBook,
        ada: RecordingSubscriber,
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


class TestCancelling:
    async def test_a_queued_job_ends_at_once_and_everybody_who_watches_hears_it(
        self,
        jobs: JobService,
        records: FragileJobRecords,
        book: EventBook,
        ada: RecordingSubscriber,
    ) -> None:
        laptop = RecordingSubscriber("laptop")
        await jobs.submit(ADA, laptop, "translate", "hello")

        await jobs.cancel(ADA, ada, FIRST)

        assert book.heard_by(laptop) == [JobQueued(FIRST), JobCancelled(FIRST)]
        assert book.heard_by(ada) == [JobCancelled(FIRST)]
        job = await records.get(FIRST)
        assert job is not None
        assert job.state is JobState.CANCELLED
        assert await records.untold(0, 9) == []

    async def test_the_worker_of_a_running_job_is_told_to_look(
        self,
        jobs: JobService,
        broadcaster: LaneBroadcaster,
        records: FragileJobRecords,
        queue: FragileJobQueue,
        book: EventBook,
        ada: RecordingSubscriber,
    ) -> None:
        interrupted: list[JobId] = []
        queue.on_interrupt = interrupted.append
        await submit(jobs)
        running = await records.claim(FIRST, 60)

        await jobs.cancel(ADA, ada, FIRST)

        assert interrupted == [FIRST]
        assert running is not None
        assert await records.get(FIRST) == running.cancel()
        assert ada.frames == []
        await tell(broadcaster, JobCancelled(FIRST))
        assert book.heard_by(ada) == [JobCancelled(FIRST)]

    async def test_a_job_that_is_over_can_not_be_cancelled(
        self,
        jobs: JobService,
        broadcaster: LaneBroadcaster,
        records: FragileJobRecords,
        queue: FragileJobQueue,
        lanes: dict[str, MemoryLane],
        ada: RecordingSubscriber,
    ) -> None:
        interrupted: list[JobId] = []
        queue.on_interrupt = interrupted.append
        await submit(jobs)
        await run_to_its_end(broadcaster, records, JobSucceeded(FIRST, "hola"))

        with pytest.raises(JobIsOver):
            await jobs.cancel(ADA, ada, FIRST)

        assert interrupted == []
        assert ada.frames == []
        assert lanes[JOBS].attached(ada) == 0

    async def test_an_unknown_job_can_not_be_cancelled(
        self, jobs: JobService, ada: RecordingSubscriber
    ) -> None:
        with pytest.raises(JobIsUnknown):
            await jobs.cancel(ADA, ada, JobId("unknown"))

    async def test_a_private_job_looks_to_strangers_as_if_there_were_none(
        self, jobs: JobService, records: FragileJobRecords, ada: RecordingSubscriber
    ) -> None:
        await submit(jobs, BOB)

        with pytest.raises(JobIsUnknown):
            await jobs.cancel(ADA, ada, FIRST)

        assert await records.claim(FIRST, 60) is not None

    async def test_whoever_may_watch_a_job_may_not_therefore_cancel_it(
        self,
        jobs: JobService,
        records: FragileJobRecords,
        lanes: dict[str, MemoryLane],
        ada: RecordingSubscriber,
    ) -> None:
        await submit(jobs, STRANGER)

        with pytest.raises(JobIsNotYours):
            await jobs.cancel(ADA, ada, FIRST)

        assert await records.claim(FIRST, 60) is not None
        assert lanes[JOBS].attached(ada) == 0

    async def test_whoever_follows_as_many_jobs_as_possible_can_still_cancel_one_of_them(
        self,
        jobs: JobService,
        book: EventBook,
        ada: RecordingSubscriber,
    ) -> None:
        for _ in range(4):
            await jobs.submit(ADA, ada, "translate", "hello")

        await jobs.cancel(ADA, ada, FIRST)

        assert book.heard_by(ada)[-1] == JobCancelled(FIRST)

    async def test_a_cancelled_job_that_could_not_be_told_is_told_by_the_workers_round(
        self,
        jobs: JobService,
        fragile: FragileBroadcaster,
        records: FragileJobRecords,
        ada: RecordingSubscriber,
    ) -> None:
        await submit(jobs)
        fragile.broken_for = (JobCancelled,)

        with pytest.raises(Unavailable):
            await jobs.cancel(ADA, ada, FIRST)

        assert [job.id for job in await records.untold(0, 9)] == [FIRST]


class TestListing:
    async def test_a_member_sees_its_own_jobs_newest_first(self, jobs: JobService) -> None:
        for member in (ADA, BOB, ADA):
            await submit(jobs, member)

        assert [job.id for job in await jobs.list(ADA)] == ["job-3", "job-1"]
        assert [job.id for job in await jobs.list(BOB)] == ["job-2"]
        assert await jobs.list(STRANGER) == []

    async def test_fifty_jobs_are_listed_at_most(
        self, jobs: JobService, records: FragileJobRecords
    ) -> None:
        for number in range(60):
            job_id = JobId(f"{number}")
            await records.add(Job.ask(job_id, JobKind.DEFAULT, "x", ADA, BEGINNING + number))

        listed = await jobs.list(ADA)

        assert len(listed) == LISTED_JOBS == 50
        assert listed[0].id == "59"

    async def test_a_job_can_be_looked_at_by_whoever_may_watch_it(self, jobs: JobService) -> None:
        await submit(jobs, BOB)
        await submit(jobs, STRANGER)

        assert (await jobs.get(BOB, FIRST)).id == FIRST
        assert (await jobs.get(ADA, JobId("job-2"))).id == "job-2"
        with pytest.raises(JobIsUnknown):
            await jobs.get(ADA, FIRST)


async def test_whoever_leaves_hears_nothing_more_but_the_jobs_go_on(
    jobs: JobService,
    broadcaster: LaneBroadcaster,
    records: FragileJobRecords,
    ada: RecordingSubscriber,
) -> None:
    await jobs.submit(ADA, ada, "translate", "hello")
    before = list(ada.frames)

    await jobs.leave(ada)
    await tell(broadcaster, JobStarted(FIRST, 1))

    assert ada.frames == before
    assert await records.claim(FIRST, 60) is not None
