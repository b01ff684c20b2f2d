"""Jobs, from the side of whoever runs them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from application import job_runner
from application.errors import Unavailable
from application.job_runner import JobRunner, JobRunnerSettings
from domain import audiences
from domain.events import (
    JobCancelled,
    JobEvent,
    JobFailed,
    JobProgressed,
    JobStarted,
    JobSucceeded,
)
from domain.identity import JobId
from domain.job_kinds import Outcome, Step, Work, work
from domain.jobs import Job, JobKind, JobState
from tests.doubles import (
    DEADLINE,
    EventBook,
    FragileBroadcaster,
    FragileJobQueue,
    FragileJobRecords,
    ManualClock,
    RecordingSubscriber,
)
from tests.unit.application.people import ADA

ID = JobId("7")
STEP_SECONDS = 1000.0

AT_ONCE = JobRunnerSettings(pace=0, timeout=60, lease=3000, waiting=5, losses=3)
"""No step takes any time."""

SLOW = replace(AT_ONCE, pace=1, timeout=5000, lease=3000)
"""A step takes until the test moves the clock, and only an interrupt has the worker look."""

WATCHFUL = replace(SLOW, lease=0.03)
"""The worker looks by itself every few milliseconds of real time; no lease lapses by that,
since leases go by the clock of the test."""

STARTED = JobStarted(ID, 1)
HALF = JobProgressed(ID, 0.5, "Half", "so far")
DONE = JobSucceeded(ID, "done")


def half_then_done(_kind: JobKind, _content: str) -> Iterator[Step | Outcome]:
    yield Step(0.5, "Half", STEP_SECONDS, "so far")
    yield Outcome("done")


def two_steps(_kind: JobKind, _content: str) -> Iterator[Step | Outcome]:
    yield Step(0.3, "One", STEP_SECONDS)
    yield Step(0.6, "Two", STEP_SECONDS)
    yield Outcome("done")


@pytest.fixture(autouse=True)
def _ask_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_runner, "RETRY_SECONDS", 0)


@pytest.fixture
def records(clock: ManualClock) -> FragileJobRecords:
    return FragileJobRecords(clock)


@pytest.fixture
def queue() -> FragileJobQueue:
    return FragileJobQueue()


@pytest.fixture
def fragile(broadcaster: LaneBroadcaster) -> FragileBroadcaster:
    return FragileBroadcaster(broadcaster)


Build: TypeAlias = Callable[[JobRunnerSettings, Work], JobRunner]


@pytest.fixture
def build(
    fragile: FragileBroadcaster,
    records: FragileJobRecords,
    queue: FragileJobQueue,
    clock: ManualClock,
) -> Build:
    def build_one(settings: JobRunnerSettings, what: Work = half_then_done) -> JobRunner:
        return JobRunner(fragile, records, queue, clock, what, settings)

    return build_one


@pytest.fixture
async def watcher(
    broadcaster: LaneBroadcaster, records: FragileJobRecords
) -> AsyncIterator[RecordingSubscriber]:
    """Somebody who watches a job that waits in the records."""
    await records.add(Job.ask(ID, JobKind.DEFAULT, "hello", ADA, 0))
    watcher = RecordingSubscriber("watcher")
    await broadcaster.subscribe(audiences.job(ID), watcher)
    yield watcher
    await broadcaster.drop(watcher)


async def recorded(records: FragileJobRecords) -> Job:
    job = await records.get(ID)
    assert job is not None
    return job


async def cancelled(task: asyncio.Task[None]) -> None:
    """Cancel a run and see it end so. Awaiting it would take a cancelled test for success."""
    task.cancel()
    await asyncio.wait([task], timeout=DEADLINE)
    assert task.cancelled()


class TestRunning:
    async def test_a_job_is_told_from_its_start_to_its_result(
        self,
        build: Build,
        records: FragileJobRecords,
        watcher: RecordingSubscriber,
        book: EventBook,
    ) -> None:
        await build(AT_ONCE, half_then_done).run(ID)

        assert book.heard_by(watcher) == [STARTED, HALF, DONE]
        job = await recorded(records)
        assert (job.state, job.outcome, job.progress) == (JobState.SUCCEEDED, "done", 1.0)
        assert await records.untold(0, 9) == []

    @pytest.mark.parametrize("kind", JobKind)
    async def test_each_kind_of_job_comes_to_its_result(
        self,
        build: Build,
        broadcaster: LaneBroadcaster,
        records: FragileJobRecords,
        book: EventBook,
        kind: JobKind,
    ) -> None:
        await records.add(Job.ask(ID, kind, "help me", ADA, 0))
        watcher = RecordingSubscriber()
        await broadcaster.subscribe(audiences.job(ID), watcher)

        await build(AT_ONCE, work).run(ID)

        *steps, outcome = work(kind, "help me")
        assert isinstance(outcome, Outcome)
        expected: list[JobEvent] = [STARTED]
        for step in steps:
            assert isinstance(step, Step)
            expected.append(JobProgressed(ID, step.progress, step.note, step.text))
        assert book.heard_by(watcher) == [*expected, JobSucceeded(ID, outcome.text)]

    async def test_work_is_given_the_kind_and_content_that_were_asked_for(
        self, build: Build, watcher: RecordingSubscriber, book: EventBook
    ) -> None:
        def repeat(kind: JobKind, content: str) -> Iterator[Step | Outcome]:
            yield Outcome(f"{kind}: {content}")

        await build(AT_ONCE, repeat).run(ID)

        assert book.heard_by(watcher)[-1] == JobSucceeded(ID, "default: hello")

    async def test_an_unknown_job_is_not_run(
        self, build: Build, records: FragileJobRecords, book: EventBook
    ) -> None:
        await build(AT_ONCE, half_then_done).run(JobId("unknown"))

        assert book.encoded == []
        assert records.calls == {"claim": 1}

    async def test_a_job_that_another_worker_runs_is_left_alone(
        self, build: Build, records: FragileJobRecords, watcher: RecordingSubscriber
    ) -> None:
        theirs = await records.claim(ID, 60)

        await build(AT_ONCE, half_then_done).run(ID)

        assert watcher.frames == []
        assert await recorded(records) == theirs

    async def test_a_step_takes_its_time_at_the_pace_that_is_set(
        self,
        build: Build,
        records: FragileJobRecords,
        clock: ManualClock,
        watcher: RecordingSubscriber,
        book: EventBook,
    ) -> None:
        service = build(replace(WATCHFUL, pace=2), half_then_done)
        running = asyncio.create_task(service.run(ID))
        await records.wait_for("report")

        await clock.advance(STEP_SECONDS * 2 - 1)
        await records.wait_for("report", 2)
        assert book.heard_by(watcher) == [STARTED]
        await clock.advance(1)
        await running

        assert book.heard_by(watcher) == [STARTED, HALF, DONE]

    async def test_without_pace_no_time_is_waited_for(
        self, build: Build, clock: ManualClock, watcher: RecordingSubscriber, book: EventBook
    ) -> None:
        before = clock.now()

        await build(AT_ONCE, two_steps).run(ID)

        assert clock.now() == before
        assert book.heard_by(watcher)[-1] == DONE

    async def test_progress_is_recorded_once_a_step_is_done(
        self, build: Build, records: FragileJobRecords, clock: ManualClock
    ) -> None:
        await records.add(Job.ask(ID, JobKind.DEFAULT, "hello", ADA, 0))
        running = asyncio.create_task(build(WATCHFUL, two_steps).run(ID))
        await records.wait_for("report")
        assert (await recorded(records)).progress == 0.0

        await clock.advance(STEP_SECONDS)
        await records.wait_for("report", 2)

        assert (await recorded(records)).progress == 0.3
        await cancelled(running)

    async def test_a_long_step_shows_signs_of_life_that_keep_the_job(
        self, build: Build, records: FragileJobRecords, clock: ManualClock
    ) -> None:
        await records.add(Job.ask(ID, JobKind.DEFAULT, "hello", ADA, 0))
        running = asyncio.create_task(build(WATCHFUL, half_then_done).run(ID))
        await records.wait_for("report")

        for _ in range(3):
            await clock.advance(0.02)
            # The first may have been under way while the clock was moved.
            await records.wait_for("report", 2)

        assert await records.lapsed(9) == []
        await cancelled(running)

    async def test_many_jobs_run_at_once(
        self,
        build: Build,
        records: FragileJobRecords,
        clock: ManualClock,
    ) -> None:
        ids = [JobId(str(number)) for number in range(5)]
        for job_id in ids:
            await records.add(Job.ask(job_id, JobKind.DEFAULT, "hello", ADA, 0))
        service = build(WATCHFUL, half_then_done)
        running = [asyncio.create_task(service.run(job_id)) for job_id in ids]
        await records.wait_for("report", 5)

        await clock.advance(STEP_SECONDS)
        await asyncio.gather(*running)

        states = [job.state for job in await records.of_owner(ADA.id, 9)]
        assert states == [JobState.SUCCEEDED] * 5

    async def test_nothing_is_kept_of_jobs_that_ran(
        self, build: Build, watcher: RecordingSubscriber
    ) -> None:
        service = build(AT_ONCE, half_then_done)

        await service.run(ID)

        assert service._interrupts == {}
        assert len(watcher.frames) == 3


class TestFailing:
    @pytest.mark.parametrize("error", [RuntimeError("hunter2"), KeyError("hunter2"), OSError(2)])
    async def test_an_error_in_its_work_fails_the_job_without_telling_what_it_said(
        self,
        build: Build,
        records: FragileJobRecords,
        watcher: RecordingSubscriber,
        book: EventBook,
        caplog: pytest.LogCaptureFixture,
        error: Exception,
    ) -> None:
        def raising(_kind: JobKind, _content: str) -> Iterator[Step | Outcome]:
            yield Step(0.5, "Half", 0, "so far")
            raise error

        await build(AT_ONCE, raising).run(ID)

        failed = JobFailed(ID, "The job failed because of an error in its work.")
        assert book.heard_by(watcher) == [STARTED, HALF, failed]
        job = await recorded(records)
        assert (job.state, job.outcome) == (JobState.FAILED, failed.reason)
        assert "hunter2" not in repr(job) + "".join(watcher.frames)
        assert [line.exc_info is not None for line in caplog.records] == [True]

    async def test_an_error_before_the_first_step_fails_the_job(
        self, build: Build, watcher: RecordingSubscriber, book: EventBook
    ) -> None:
        def raising(_kind: JobKind, _content: str) -> Iterator[Step | Outcome]:
            raise ValueError("hunter2")

        await build(AT_ONCE, raising).run(ID)

        assert book.heard_by(watcher) == [
            STARTED,
            JobFailed(ID, "The job failed because of an error in its work."),
        ]

    async def test_a_timeout_inside_its_work_is_not_the_jobs_own(
        self, build: Build, watcher: RecordingSubscriber, book: EventBook
    ) -> None:
        def raising(_kind: JobKind, _content: str) -> Iterator[Step | Outcome]:
            yield Step(0.5, "Half", 0, "so far")
            raise TimeoutError("some server did not answer")

        await build(AT_ONCE, raising).run(ID)

        assert book.heard_by(watcher)[-1] == JobFailed(
            ID, "The job failed because of an error in its work."
        )

    async def test_work_without_a_result_fails_the_job(
        self, build: Build, watcher: RecordingSubscriber, book: EventBook
    ) -> None:
        def resultless(_kind: JobKind, _content: str) -> Iterator[Step | Outcome]:
            yield Step(0.5, "Half", 0, "so far")

        await build(AT_ONCE, resultless).run(ID)

        assert book.heard_by(watcher)[-1] == JobFailed(ID, "The job ended without a result.")

    async def test_a_job_that_takes_too_long_fails(
        self,
        build: Build,
        records: FragileJobRecords,
        watcher: RecordingSubscriber,
        book: EventBook,
    ) -> None:
        await build(replace(SLOW, timeout=0.01), half_then_done).run(ID)

        failed = JobFailed(ID, "The job took longer than 0.01 s.")
        assert book.heard_by(watcher) == [STARTED, failed]
        job = await recorded(records)
        assert (job.state, job.outcome) == (JobState.FAILED, failed.reason)


class TestCancelling:
    async def test_a_job_cancelled_while_it_waits_is_not_run(
        self, build: Build, records: FragileJobRecords, watcher: RecordingSubscriber
    ) -> None:
        await records.cancel(ID)

        await build(AT_ONCE, half_then_done).run(ID)

        assert watcher.frames == []

    async def test_an_interrupt_has_a_cancelled_job_end_at_once(
        self,
        build: Build,
        records: FragileJobRecords,
        watcher: RecordingSubscriber,
        book: EventBook,
    ) -> None:
        service = build(SLOW, half_then_done)
        running = asyncio.create_task(service.run(ID))
        await watcher.wait_for(1)
        await records.cancel(ID)

        service.interrupt(ID)
        await running

        assert book.heard_by(watcher) == [STARTED, JobCancelled(ID)]
        assert (await recorded(records)).state is JobState.CANCELLED

    async def test_an_interrupt_that_was_lost_is_made_up_for_by_the_next_sign_of_life(
        self,
        build: Build,
        records: FragileJobRecords,
        watcher: RecordingSubscriber,
        book: EventBook,
    ) -> None:
        running = asyncio.create_task(build(WATCHFUL, half_then_done).run(ID))
        await watcher.wait_for(1)

        await records.cancel(ID)
        await running

        assert book.heard_by(watcher) == [STARTED, JobCancelled(ID)]

    async def test_a_cancelled_job_ends_also_where_no_step_takes_any_time(
        self,
        build: Build,
        records: FragileJobRecords,
        watcher: RecordingSubscriber,
        book: EventBook,
    ) -> None:
        await records.claim(ID, 60)
        await records.cancel(ID)
        await records.hand_back(ID, 1)

        await build(AT_ONCE, half_then_done).run(ID)

        assert book.heard_by(watcher) == [JobStarted(ID, 2), JobCancelled(ID)]

    async def test_an_interrupt_without_a_request_to_cancel_changes_nothing(
        self,
        build: Build,
        records: FragileJobRecords,
        clock: ManualClock,
        watcher: RecordingSubscriber,
        book: EventBook,
    ) -> None:
        service = build(SLOW, half_then_done)
        running = asyncio.create_task(service.run(ID))
        await watcher.wait_for(1)

        service.interrupt(ID)
        await records.wait_for("report")
        assert book.heard_by(watcher) == [STARTED]
        await clock.advance(STEP_SECONDS)
        service.interrupt(ID)
        await running

        assert book.heard_by(watcher) == [STARTED, HALF, DONE]

    async def test_an_interrupt_of_one_job_does_not_wake_another(
        self,
        build: Build,
        records: FragileJobRecords,
        watcher: RecordingSubscriber,
    ) -> None:
        service = build(SLOW, half_then_done)
        running = asyncio.create_task(service.run(ID))
        await watcher.wait_for(1)
        other = JobId("other")
        await records.add(Job.ask(other, JobKind.DEFAULT, "hello", ADA, 0))
        running_too = asyncio.create_task(service.run(other))
        await records.wait_for("claim")

        service.interrupt(other)
        await records.wait_for("report")

        assert records.calls["report"] == 1
        await cancelled(running)
        await cancelled(running_too)

    async def test_interrupting_a_job_that_does_not_run_here_is_no_error(
        self, build: Build
    ) -> None:
        build(AT_ONCE, half_then_done).interrupt(JobId("elsewhere"))


class TestFencing:
    async def test_an_attempt_that_lost_its_job_tells_nothing_more(
        self,
        build: Build,
        records: FragileJobRecords,
        clock: ManualClock,
        watcher: RecordingSubscriber,
        book: EventBook,
    ) -> None:
        service = build(SLOW, half_then_done)
        running = asyncio.create_task(service.run(ID))
        await watcher.wait_for(1)
        await records.hand_back(ID, 1, lost=True)
        theirs = await records.claim(ID, 60)

        await clock.advance(STEP_SECONDS)
        service.interrupt(ID)
        await running

        assert book.heard_by(watcher) == [STARTED]
        assert await recorded(records) == theirs

    async def test_an_attempt_that_loses_its_job_at_the_very_end_does_not_tell_its_result(
        self,
        build: Build,
        records: FragileJobRecords,
        watcher: RecordingSubscriber,
        book: EventBook,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        end = records.end

        async def end_too_late(job_id: JobId, attempt: int, ending: JobSucceeded) -> bool:
            await records.hand_back(job_id, attempt, lost=True)
            await records.claim(job_id, 60)
            return await end(job_id, attempt, ending)

        monkeypatch.setattr(records, "end", end_too_late)

        await build(AT_ONCE, half_then_done).run(ID)

        assert book.heard_by(watcher) == [STARTED, HALF]
        job = await recorded(records)
        assert (job.state, job.attempt) == (JobState.RUNNING, 2)

    async def test_an_attempt_that_lost_its_job_leaves_the_next_in_the_same_worker_alone(
        self,
        build: Build,
        records: FragileJobRecords,
        clock: ManualClock,
        watcher: RecordingSubscriber,
        book: EventBook,
    ) -> None:
        service = build(WATCHFUL, two_steps)
        first = asyncio.create_task(service.run(ID))
        await watcher.wait_for(1)
        await records.hand_back(ID, 1, lost=True)
        second = asyncio.create_task(service.run(ID))
        await watcher.wait_for(2)
        await first

        await clock.advance(STEP_SECONDS)
        await watcher.wait_for(3)
        await clock.advance(STEP_SECONDS)
        await second

        assert book.heard_by(watcher) == [
            STARTED,
            JobStarted(ID, 2),
            JobProgressed(ID, 0.3, "One"),
            JobProgressed(ID, 0.6, "Two"),
            DONE,
        ]


class TestStopping:
    async def test_a_run_that_is_cancelled_hands_its_job_back_to_the_queue(
        self,
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
        self, build: Build, watcher: RecordingSubscriber, book: EventBook
    ) -> None:
        running = asyncio.create_task(build(SLOW, half_then_done).run(ID))
        await watcher.wait_for(1)
        await cancelled(running)

        await build(AT_ONCE, half_then_done).run(ID)

        assert book.heard_by(watcher) == [STARTED, JobStarted(ID, 2), HALF, DONE]

    async def test_a_second_cancellation_does_not_stop_the_handing_back(
        self,
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
        self,
        build: Build,
        records: FragileJobRecords,
        clock: ManualClock,
        watcher: RecordingSubscriber,
    ) -> None:
        running = asyncio.create_task(build(SLOW, half_then_done).run(ID))
        await watcher.wait_for(1)
        records.broken.add("hand_back")

        await cancelled(running)

        await clock.advance(SLOW.lease)
        assert [job.id for job in await records.lapsed(9)] == [ID]

    async def test_a_job_that_has_ended_is_not_handed_back(
        self,
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


class TestOutages:
    async def test_a_job_that_can_not_be_claimed_stays_queued(
        self, build: Build, records: FragileJobRecords, watcher: RecordingSubscriber
    ) -> None:
        records.broken.add("claim")

        with pytest.raises(Unavailable):
            await build(AT_ONCE, half_then_done).run(ID)

        assert (await recorded(records)).state is JobState.QUEUED
        assert watcher.frames == []

    @pytest.mark.parametrize("method", ["report", "end"])
    async def test_a_running_job_outlives_records_that_do_not_answer_for_a_while(
        self,
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
        self,
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
        self,
        build: Build,
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
        await clock.advance(job_runner.SETTLED_SECONDS)
        await service.reap()
        await service.reap()

        assert book.heard_by(watcher) == [STARTED, HALF, DONE]
        assert await records.untold(0, 9) == []

    async def test_a_job_taken_over_during_an_outage_is_let_go_afterwards(
        self,
        build: Build,
        records: FragileJobRecords,
        watcher: RecordingSubscriber,
        book: EventBook,
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


class TestRounds:
    async def test_a_job_whose_worker_vanished_is_queued_again(
        self,
        build: Build,
        records: FragileJobRecords,
        queue: FragileJobQueue,
        clock: ManualClock,
        watcher: RecordingSubscriber,
        book: EventBook,
    ) -> None:
        service = build(AT_ONCE, half_then_done)
        await records.claim(ID, lease=10)
        await clock.advance(10)

        await service.reap()

        job = await recorded(records)
        assert (job.state, job.attempt, job.lost) == (JobState.QUEUED, 1, 1)
        assert await queue.take() == ID
        await service.run(ID)
        assert book.heard_by(watcher) == [JobStarted(ID, 2), HALF, DONE]

    async def test_a_job_that_shows_signs_of_life_is_left_alone(
        self,
        build: Build,
        records: FragileJobRecords,
        queue: FragileJobQueue,
        clock: ManualClock,
        watcher: RecordingSubscriber,
    ) -> None:
        theirs = await records.claim(ID, lease=10)
        await clock.advance(9)

        await build(AT_ONCE, half_then_done).reap()

        assert await recorded(records) == theirs
        assert await queue.depth() == 0
        assert watcher.frames == []

    async def test_a_job_that_is_asked_to_stop_is_not_taken_from_its_worker(
        self,
        build: Build,
        records: FragileJobRecords,
        queue: FragileJobQueue,
        watcher: RecordingSubscriber,
    ) -> None:
        await records.claim(ID, lease=10)
        theirs = await records.cancel(ID)

        await build(AT_ONCE, half_then_done).reap()

        assert await recorded(records) == theirs
        assert await queue.depth() == 0
        assert watcher.frames == []

    async def test_a_job_over_which_too_many_workers_vanished_is_given_up(
        self,
        build: Build,
        records: FragileJobRecords,
        queue: FragileJobQueue,
        clock: ManualClock,
        watcher: RecordingSubscriber,
        book: EventBook,
    ) -> None:
        service = build(AT_ONCE, half_then_done)
        for _ in range(AT_ONCE.losses):
            assert await records.claim(ID, lease=10) is not None
            await clock.advance(10)
            await service.reap()

        failed = JobFailed(ID, "The job was given up: 3 workers vanished over it.")
        assert book.heard_by(watcher) == [failed]
        assert (await recorded(records)).ending() == failed
        assert await queue.depth() == AT_ONCE.losses - 1
        assert await records.untold(0, 9) == []

    async def test_workers_that_stop_in_good_order_cost_a_job_nothing(
        self,
        build: Build,
        records: FragileJobRecords,
        clock: ManualClock,
        watcher: RecordingSubscriber,
    ) -> None:
        for attempt in range(1, 10):
            await records.claim(ID, lease=10)
            await records.hand_back(ID, attempt)
        await records.claim(ID, lease=10)
        await clock.advance(10)

        await build(AT_ONCE, half_then_done).reap()

        assert (await recorded(records)).state is JobState.QUEUED
        assert watcher.frames == []

    async def test_a_job_that_waits_for_long_is_put_on_the_queue_again_each_time(
        self,
        build: Build,
        queue: FragileJobQueue,
        clock: ManualClock,
        watcher: RecordingSubscriber,
    ) -> None:
        service = build(AT_ONCE, half_then_done)
        await service.reap()
        assert await queue.depth() == 0

        for put in (1, 2):
            await clock.advance(AT_ONCE.waiting)
            await service.reap()
            await service.reap()
            assert await queue.depth() == put
        assert watcher.frames == []

    async def test_a_round_that_could_not_put_a_job_on_the_queue_is_made_up_for_later(
        self,
        build: Build,
        records: FragileJobRecords,
        queue: FragileJobQueue,
        clock: ManualClock,
        watcher: RecordingSubscriber,
    ) -> None:
        service = build(AT_ONCE, half_then_done)
        await records.claim(ID, lease=10)
        await clock.advance(10)
        queue.broken = True
        with pytest.raises(Unavailable):
            await service.reap()

        queue.broken = False
        await clock.advance(AT_ONCE.waiting)
        await service.reap()

        assert await queue.take() == ID
        assert watcher.frames == []

    async def test_an_ending_that_is_probably_being_told_is_left_alone(
        self,
        build: Build,
        records: FragileJobRecords,
        clock: ManualClock,
        watcher: RecordingSubscriber,
    ) -> None:
        await records.claim(ID, 60)
        await records.end(ID, 1, DONE)
        await clock.advance(job_runner.SETTLED_SECONDS - 0.1)

        await build(AT_ONCE, half_then_done).reap()

        assert watcher.frames == []

    async def test_an_ending_told_by_many_rounds_is_heard_once(
        self,
        build: Build,
        records: FragileJobRecords,
        clock: ManualClock,
        watcher: RecordingSubscriber,
        book: EventBook,
    ) -> None:
        await records.claim(ID, 60)
        await records.end(ID, 1, DONE)
        await clock.advance(job_runner.SETTLED_SECONDS)
        services = [build(AT_ONCE, half_then_done) for _ in range(3)]

        await asyncio.gather(*(service.reap() for service in services))

        assert book.heard_by(watcher) == [DONE]

    async def test_a_round_with_nothing_to_do_does_nothing(
        self, build: Build, queue: FragileJobQueue, book: EventBook
    ) -> None:
        await build(AT_ONCE, half_then_done).reap()

        assert await queue.depth() == 0
        assert book.encoded == []
