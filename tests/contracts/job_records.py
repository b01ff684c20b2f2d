"""What job records promise: see `application.ports.JobRecords`."""

import asyncio

import pytest

from application.ports import JobRecords
from domain.identity import JobId, Member, MemberId
from domain.jobs import Job, JobCancelled, JobEnded, JobFailed, JobKind, JobState, JobSucceeded
from tests.contracts.passing_time import PassingTime

ADA = Member(MemberId("ada"), "Ada", recognised=True)
BOB = Member(MemberId("bob"), "Bob")
ID = JobId("7")
LEASE = 60.0

RETENTION = 60.0
"""Seconds for which the fixture `job_records` keeps ended jobs."""

BRIEF_RETENTION = 1.0
"""The same for `brief_job_records`."""

ENDINGS: list[JobEnded] = [JobSucceeded(ID, "done"), JobFailed(ID, "no"), JobCancelled(ID)]
every_ending = pytest.mark.parametrize("ending", ENDINGS, ids=lambda it: type(it).__name__)


def job(job_id: str = ID, owner: Member = ADA, at: float = 1_700_000_000.25) -> Job:
    return Job.ask(JobId(job_id), JobKind.TRANSLATE, f"content of {job_id}", owner, at)


async def running(records: JobRecords, job_id: str = ID, lease: float = LEASE) -> Job:
    """Add a job and claim it."""
    await records.add(job(job_id))
    claimed = await records.claim(JobId(job_id), lease)
    assert claimed is not None
    return claimed


async def ended(records: JobRecords, ending: JobEnded, job_id: str = ID) -> None:
    attempt = (await running(records, job_id)).attempt
    assert await records.end(JobId(job_id), attempt, ending)


class JobRecordsContract:
    """Takes the fixtures `job_records` and `brief_job_records` (`JobRecords`, empty, keeping
    ended jobs for `RETENTION` and `BRIEF_RETENTION` seconds), and `clock` (`PassingTime`)."""

    # Adding and finding.

    async def test_a_job_comes_back_as_it_was_added(self, job_records: JobRecords) -> None:
        asked = Job.ask(ID, JobKind.GENERATE, 'Grüße "👋"\n\\ \x00', BOB, 1_700_000_000.123)

        assert await job_records.add(asked)

        assert await job_records.get(ID) == asked

    async def test_a_job_added_twice_stays_as_it_was(self, job_records: JobRecords) -> None:
        claimed = await running(job_records)

        assert not await job_records.add(job(owner=BOB))

        assert await job_records.get(ID) == claimed
        assert await job_records.of_owner(BOB.id, 9) == []
        assert await job_records.of_owner(ADA.id, 9) == [claimed]

    async def test_of_many_who_add_the_same_id_one_does(self, job_records: JobRecords) -> None:
        added = await asyncio.gather(*(job_records.add(job()) for _ in range(10)))

        assert sorted(added) == [False] * 9 + [True]

    async def test_an_unknown_job_is_none(self, job_records: JobRecords) -> None:
        assert await job_records.get(JobId("unknown")) is None

    async def test_the_jobs_of_one_member_come_newest_first(self, job_records: JobRecords) -> None:
        for number in range(5):
            await job_records.add(job(str(number), at=1_700_000_000.0 + number))
        await job_records.add(job("of bob", owner=BOB))

        newest = [found.id for found in await job_records.of_owner(ADA.id, 3)]
        all_of_them = [found.id for found in await job_records.of_owner(ADA.id, 9)]

        assert newest == ["4", "3", "2"]
        assert all_of_them == ["4", "3", "2", "1", "0"]

    async def test_whoever_never_asked_has_no_jobs(self, job_records: JobRecords) -> None:
        await job_records.add(job())

        assert await job_records.of_owner(BOB.id, 9) == []

    async def test_a_list_shows_each_job_as_it_stands_now(self, job_records: JobRecords) -> None:
        claimed = await running(job_records)

        assert await job_records.of_owner(ADA.id, 9) == [claimed]

    # Claiming.

    async def test_claiming_starts_a_queued_job(self, job_records: JobRecords) -> None:
        await job_records.add(job())

        claimed = await job_records.claim(ID, LEASE)

        assert claimed == job().start()
        assert await job_records.get(ID) == claimed

    async def test_a_job_is_claimed_once_also_when_many_try(self, job_records: JobRecords) -> None:
        await job_records.add(job())

        claims = await asyncio.gather(*(job_records.claim(ID, LEASE) for _ in range(20)))

        assert [claimed for claimed in claims if claimed is not None] == [job().start()]

    async def test_an_unknown_job_can_not_be_claimed(self, job_records: JobRecords) -> None:
        assert await job_records.claim(JobId("unknown"), LEASE) is None
        assert await job_records.get(JobId("unknown")) is None

    @every_ending
    async def test_a_job_that_is_over_can_not_be_claimed(
        self, job_records: JobRecords, ending: JobEnded
    ) -> None:
        await ended(job_records, ending)
        before = await job_records.get(ID)

        assert await job_records.claim(ID, LEASE) is None
        assert await job_records.get(ID) == before

    # Reporting.

    async def test_a_report_notes_progress(self, job_records: JobRecords) -> None:
        claimed = await running(job_records)

        held = await job_records.report(ID, 1, LEASE, 0.5)

        assert held == claimed.advance(0.5)
        assert await job_records.get(ID) == held

    async def test_a_report_without_progress_keeps_what_was_noted(
        self, job_records: JobRecords
    ) -> None:
        claimed = await running(job_records)
        await job_records.report(ID, 1, LEASE, 0.25)

        assert await job_records.report(ID, 1, LEASE) == claimed.advance(0.25)

    async def test_a_report_keeps_the_job_for_another_lease(
        self, job_records: JobRecords, clock: PassingTime
    ) -> None:
        await running(job_records, lease=0.2)

        await job_records.report(ID, 1, LEASE)
        await clock.advance(0.3)

        assert await job_records.lapsed(9) == []

    async def test_a_lapsed_lease_is_renewed_if_nobody_took_the_job_meanwhile(
        self, job_records: JobRecords, clock: PassingTime
    ) -> None:
        await running(job_records, lease=0.1)
        await clock.advance(0.2)

        assert await job_records.report(ID, 1, LEASE) is not None
        assert await job_records.lapsed(9) == []

    @pytest.mark.parametrize("attempt", [0, 1, 3])
    async def test_another_attempt_holds_nothing_and_changes_nothing(
        self, job_records: JobRecords, attempt: int
    ) -> None:
        await running(job_records)
        await job_records.hand_back(ID, 1)
        second = await job_records.claim(ID, LEASE)

        assert await job_records.report(ID, attempt, LEASE, 0.9) is None
        assert not await job_records.end(ID, attempt, ENDINGS[0])
        assert not await job_records.hand_back(ID, attempt)

        assert await job_records.get(ID) == second

    async def test_a_fenced_report_does_not_renew_the_lease(
        self, job_records: JobRecords, clock: PassingTime
    ) -> None:
        await running(job_records)
        await job_records.hand_back(ID, 1)
        await job_records.claim(ID, 0.1)

        await job_records.report(ID, 1, LEASE)
        await clock.advance(0.2)

        assert [lapsed.id for lapsed in await job_records.lapsed(9)] == [ID]

    async def test_nobody_holds_a_queued_job(self, job_records: JobRecords) -> None:
        await job_records.add(job())

        assert await job_records.report(ID, 0, LEASE, 0.5) is None
        assert not await job_records.end(ID, 0, ENDINGS[0])
        assert not await job_records.hand_back(ID, 0)
        assert await job_records.get(ID) == job()

    async def test_nobody_holds_an_unknown_job(self, job_records: JobRecords) -> None:
        assert await job_records.report(ID, 1, LEASE, 0.5) is None
        assert not await job_records.end(ID, 1, ENDINGS[0])
        assert not await job_records.hand_back(ID, 1)
        assert await job_records.get(ID) is None

    # Ending.

    @every_ending
    async def test_an_ended_job_tells_how(self, job_records: JobRecords, ending: JobEnded) -> None:
        claimed = await running(job_records)
        await job_records.report(ID, 1, LEASE, 0.5)

        assert await job_records.end(ID, 1, ending)

        found = await job_records.get(ID)
        assert found == claimed.advance(0.5).end(ending)
        assert found.ending() == ending

    @every_ending
    async def test_a_job_ends_once(self, job_records: JobRecords, ending: JobEnded) -> None:
        await ended(job_records, ending)
        before = await job_records.get(ID)

        for other in ENDINGS:
            assert not await job_records.end(ID, 1, other)
        assert await job_records.report(ID, 1, LEASE, 0.1) is None
        assert not await job_records.hand_back(ID, 1)
        assert await job_records.cancel(ID) is None

        assert await job_records.get(ID) == before

    async def test_of_many_who_end_a_job_one_does(self, job_records: JobRecords) -> None:
        await running(job_records)

        done = await asyncio.gather(
            *(job_records.end(ID, 1, JobSucceeded(ID, f"result {n}")) for n in range(10))
        )

        assert sorted(done) == [False] * 9 + [True]
        found = await job_records.get(ID)
        assert found is not None
        assert found.outcome == f"result {done.index(True)}"

    async def test_a_long_result_is_kept_whole(self, job_records: JobRecords) -> None:
        result = "Grüße 👋\n" * 2000
        await ended(job_records, JobSucceeded(ID, result))

        found = await job_records.get(ID)
        assert found is not None
        assert found.outcome == result

    # Handing back.

    async def test_a_job_handed_back_waits_as_at_first_and_is_claimed_as_a_higher_attempt(
        self, job_records: JobRecords
    ) -> None:
        claimed = await running(job_records)
        await job_records.report(ID, 1, LEASE, 0.5)

        assert await job_records.hand_back(ID, 1)
        waiting = await job_records.get(ID)
        again = await job_records.claim(ID, LEASE)

        assert waiting == claimed.hand_back()
        assert waiting.progress == 0.0
        assert again is not None
        assert (again.state, again.attempt) == (JobState.RUNNING, 2)

    async def test_a_job_remembers_how_many_workers_vanished_over_it(
        self, job_records: JobRecords
    ) -> None:
        await running(job_records)

        for attempt, lost in ((1, True), (2, False), (3, True)):
            assert await job_records.hand_back(ID, attempt, lost=lost)
            await job_records.claim(ID, LEASE)

        found = await job_records.get(ID)
        assert found is not None
        assert (found.attempt, found.lost) == (4, 2)

    async def test_a_job_is_handed_back_once(self, job_records: JobRecords) -> None:
        await running(job_records)

        assert await job_records.hand_back(ID, 1)
        assert not await job_records.hand_back(ID, 1)

    async def test_a_job_handed_back_is_not_lapsed(
        self, job_records: JobRecords, clock: PassingTime
    ) -> None:
        await running(job_records, lease=0.1)
        await job_records.hand_back(ID, 1)
        await clock.advance(0.2)

        assert await job_records.lapsed(9) == []

    # Cancelling.

    async def test_cancelling_a_queued_job_ends_it(self, job_records: JobRecords) -> None:
        await job_records.add(job())

        cancelled = await job_records.cancel(ID)

        assert cancelled == job().cancel()
        assert cancelled.state is JobState.CANCELLED
        assert await job_records.get(ID) == cancelled
        assert await job_records.claim(ID, LEASE) is None

    async def test_cancelling_a_running_job_asks_its_worker(self, job_records: JobRecords) -> None:
        claimed = await running(job_records)

        asked = await job_records.cancel(ID)

        assert asked == claimed.cancel()
        assert asked.state is JobState.RUNNING
        assert asked.cancel_requested
        assert await job_records.report(ID, 1, LEASE) == asked

    async def test_cancelling_a_running_job_twice_asks_the_same(
        self, job_records: JobRecords
    ) -> None:
        await running(job_records)

        assert await job_records.cancel(ID) == await job_records.cancel(ID)

    async def test_a_request_to_cancel_reaches_the_next_worker(
        self, job_records: JobRecords
    ) -> None:
        await running(job_records)
        await job_records.cancel(ID)
        await job_records.hand_back(ID, 1)

        again = await job_records.claim(ID, LEASE)

        assert again is not None
        assert again.cancel_requested

    async def test_an_unknown_job_can_not_be_cancelled(self, job_records: JobRecords) -> None:
        assert await job_records.cancel(ID) is None
        assert await job_records.get(ID) is None

    async def test_a_cancelled_job_can_not_be_cancelled_again(
        self, job_records: JobRecords
    ) -> None:
        await job_records.add(job())
        await job_records.cancel(ID)

        assert await job_records.cancel(ID) is None

    async def test_a_job_is_either_claimed_or_cancelled_when_both_are_tried_at_once(
        self, job_records: JobRecords
    ) -> None:
        for number in range(10):
            job_id = JobId(str(number))
            await job_records.add(job(job_id))

            claimed, cancelled = await asyncio.gather(
                job_records.claim(job_id, LEASE), job_records.cancel(job_id)
            )

            assert cancelled is not None
            assert (claimed is None) == (cancelled.state is JobState.CANCELLED)
            assert (claimed is not None) == cancelled.cancel_requested

    # Lapsing.

    async def test_a_job_lapses_when_its_lease_is_over(
        self, job_records: JobRecords, clock: PassingTime
    ) -> None:
        claimed = await running(job_records, lease=1)
        assert await job_records.lapsed(9) == []

        await clock.advance(1.1)

        assert await job_records.lapsed(9) == [claimed]

    async def test_lapsed_jobs_come_longest_over_first(
        self, job_records: JobRecords, clock: PassingTime
    ) -> None:
        for job_id, lease in (("c", 0.9), ("a", 0.1), ("d", LEASE), ("b", 0.5)):
            await running(job_records, job_id, lease)

        await clock.advance(1.1)

        assert [lapsed.id for lapsed in await job_records.lapsed(9)] == ["a", "b", "c"]
        assert [lapsed.id for lapsed in await job_records.lapsed(2)] == ["a", "b"]

    async def test_only_running_jobs_lapse(
        self, job_records: JobRecords, clock: PassingTime
    ) -> None:
        await job_records.add(job("queued"))
        await job_records.add(job("cancelled"))
        await job_records.cancel(JobId("cancelled"))
        await running(job_records, "ended", lease=0.1)
        await job_records.end(JobId("ended"), 1, JobFailed(JobId("ended"), "no"))

        await clock.advance(0.2)

        assert await job_records.lapsed(9) == []

    async def test_asking_a_running_job_to_stop_neither_ends_nor_renews_its_lease(
        self, job_records: JobRecords, clock: PassingTime
    ) -> None:
        await running(job_records, lease=1)

        await job_records.cancel(ID)

        assert await job_records.lapsed(9) == []
        await clock.advance(1.1)
        assert [lapsed.id for lapsed in await job_records.lapsed(9)] == [ID]

    async def test_asking_what_has_lapsed_takes_nothing_away(
        self, job_records: JobRecords, clock: PassingTime
    ) -> None:
        await running(job_records, lease=0.1)
        await clock.advance(0.2)

        assert await job_records.lapsed(9) == await job_records.lapsed(9) != []

    async def test_a_lapsed_job_handed_back_can_be_claimed_by_another(
        self, job_records: JobRecords, clock: PassingTime
    ) -> None:
        await running(job_records, lease=0.1)
        await clock.advance(0.2)

        (lapsed,) = await job_records.lapsed(9)
        assert await job_records.hand_back(lapsed.id, lapsed.attempt)
        again = await job_records.claim(ID, LEASE)

        assert again is not None
        assert again.attempt == 2
        assert await job_records.report(ID, 1, LEASE) is None

    # Waiting for too long.

    async def test_a_job_that_waits_for_long_is_unclaimed(
        self, job_records: JobRecords, clock: PassingTime
    ) -> None:
        await job_records.add(job())
        assert await job_records.unclaimed(0.5, 9) == []

        await clock.advance(0.6)

        assert await job_records.unclaimed(0.5, 9) == [job()]

    async def test_unclaimed_jobs_come_longest_waiting_first(
        self, job_records: JobRecords, clock: PassingTime
    ) -> None:
        for job_id in ("b", "c", "a"):
            await job_records.add(job(job_id))
            await clock.advance(0.1)
        await clock.advance(0.5)

        assert [waiting.id for waiting in await job_records.unclaimed(0.5, 2)] == ["b", "c"]

    async def test_an_unclaimed_job_given_out_waits_anew(
        self, job_records: JobRecords, clock: PassingTime
    ) -> None:
        for job_id in ("a", "b"):
            await job_records.add(job(job_id))
            await clock.advance(0.1)
        await clock.advance(0.5)

        assert [waiting.id for waiting in await job_records.unclaimed(0.5, 1)] == ["a"]
        assert [waiting.id for waiting in await job_records.unclaimed(0.5, 9)] == ["b"]
        assert await job_records.unclaimed(0.5, 9) == []
        await clock.advance(0.6)
        assert {waiting.id for waiting in await job_records.unclaimed(0.5, 9)} == {"a", "b"}

    async def test_only_queued_jobs_are_unclaimed(
        self, job_records: JobRecords, clock: PassingTime
    ) -> None:
        await running(job_records, "running")
        await running(job_records, "lapsed", lease=0.1)
        await job_records.add(job("cancelled"))
        await job_records.cancel(JobId("cancelled"))

        await clock.advance(0.6)

        assert await job_records.unclaimed(0.5, 9) == []

    async def test_a_job_handed_back_begins_to_wait_then(
        self, job_records: JobRecords, clock: PassingTime
    ) -> None:
        await running(job_records)
        await clock.advance(0.6)
        await job_records.hand_back(ID, 1)
        assert await job_records.unclaimed(0.5, 9) == []

        await clock.advance(0.6)

        assert [waiting.id for waiting in await job_records.unclaimed(0.5, 9)] == [ID]

    # Telling.

    async def test_an_ended_job_is_untold_until_somebody_says_otherwise(
        self, job_records: JobRecords
    ) -> None:
        ending = ENDINGS[0]
        await ended(job_records, ending)

        assert (
            await job_records.untold(0, 9)
            == await job_records.untold(0, 9)
            == ([job().start().end(ending)])
        )
        await job_records.told(ID)
        assert await job_records.untold(0, 9) == []

    async def test_untold_jobs_come_in_the_order_of_their_end(
        self, job_records: JobRecords, clock: PassingTime
    ) -> None:
        for job_id in ("a", "b", "c", "told"):
            await job_records.add(job(job_id))
        for job_id in ("b", "told", "c", "a"):
            await job_records.cancel(JobId(job_id))
            await clock.advance(0.01)
        await job_records.told(JobId("told"))

        assert [untold.id for untold in await job_records.untold(0, 9)] == ["b", "c", "a"]
        assert [untold.id for untold in await job_records.untold(0, 2)] == ["b", "c"]

    async def test_an_ending_is_left_out_until_it_has_settled(
        self, job_records: JobRecords, clock: PassingTime
    ) -> None:
        await ended(job_records, ENDINGS[0])
        await clock.advance(0.6)
        await job_records.add(job("later"))
        await job_records.cancel(JobId("later"))

        assert [untold.id for untold in await job_records.untold(0, 9)] == [ID, "later"]
        assert [untold.id for untold in await job_records.untold(0.5, 9)] == [ID]
        assert await job_records.untold(60, 9) == []

    async def test_only_a_job_that_is_over_can_be_told(self, job_records: JobRecords) -> None:
        await job_records.add(job("queued"))
        await running(job_records, "running")
        await job_records.cancel(JobId("running"))
        for job_id in ("queued", "running", "unknown"):
            await job_records.told(JobId(job_id))

        await job_records.cancel(JobId("queued"))

        # Neither the running job, nor lost what was told too early.
        assert [untold.id for untold in await job_records.untold(0, 9)] == ["queued"]

    async def test_an_expired_ending_needs_no_telling(
        self, brief_job_records: JobRecords, clock: PassingTime
    ) -> None:
        await ended(brief_job_records, ENDINGS[0])

        await clock.advance(BRIEF_RETENTION + 0.1)

        assert await brief_job_records.untold(0, 9) == []

    # Expiring.

    @every_ending
    async def test_an_ended_job_is_kept_for_a_while_then_expires(
        self, brief_job_records: JobRecords, clock: PassingTime, ending: JobEnded
    ) -> None:
        await ended(brief_job_records, ending)
        assert await brief_job_records.get(ID) is not None

        await clock.advance(BRIEF_RETENTION + 0.1)

        assert await brief_job_records.get(ID) is None
        assert await brief_job_records.of_owner(ADA.id, 9) == []

    async def test_a_job_cancelled_while_queued_expires_too(
        self, brief_job_records: JobRecords, clock: PassingTime
    ) -> None:
        await brief_job_records.add(job())
        await brief_job_records.cancel(ID)

        await clock.advance(BRIEF_RETENTION + 0.1)

        assert await brief_job_records.get(ID) is None

    async def test_a_job_that_is_not_over_never_expires(
        self, brief_job_records: JobRecords, clock: PassingTime
    ) -> None:
        await brief_job_records.add(job("queued"))
        await running(brief_job_records, "running")
        await running(brief_job_records, "lapsed", lease=0.1)
        await running(brief_job_records, "handed back")
        await brief_job_records.hand_back(JobId("handed back"), 1)

        await clock.advance(BRIEF_RETENTION + 0.1)

        found = {found.id for found in await brief_job_records.of_owner(ADA.id, 9)}
        assert found == {"queued", "running", "lapsed", "handed back"}
        assert await brief_job_records.claim(JobId("queued"), LEASE) is not None

    async def test_an_id_that_expired_is_unknown_like_any_other(
        self, brief_job_records: JobRecords, clock: PassingTime
    ) -> None:
        await ended(brief_job_records, ENDINGS[0])
        await clock.advance(BRIEF_RETENTION + 0.1)

        assert await brief_job_records.cancel(ID) is None
        assert await brief_job_records.claim(ID, LEASE) is None
        assert await brief_job_records.add(job())
        assert await brief_job_records.get(ID) == job()
