"""What records tell of endings, and how they expire: see `application.job_ports.EndedJobs`."""

from application.job_ports import JobRecords
from domain.identity import JobId
from domain.jobs import JobEnded
from tests.contracts.job_records import (
    ADA,
    BOB,
    BRIEF_RETENTION,
    ENDINGS,
    ID,
    KEY,
    LEASE,
    ended,
    every_ending,
    job,
    running,
)
from tests.contracts.passing_time import PassingTime


class EndedJobsContract:
    """Takes the fixtures that `tests.contracts.job_records` names."""

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

    async def test_a_key_is_known_as_long_as_its_jobs_record(
        self, brief_job_records: JobRecords, clock: PassingTime
    ) -> None:
        await brief_job_records.add(job(key=KEY))
        await clock.advance(BRIEF_RETENTION + 0.1)
        assert not await brief_job_records.add(job("other", key=KEY))
        await brief_job_records.cancel(ID)
        assert await brief_job_records.keyed(KEY) == job(key=KEY).cancel()

        await clock.advance(BRIEF_RETENTION + 0.1)

        assert await brief_job_records.keyed(KEY) is None
        assert await brief_job_records.add(job("other", key=KEY))
        assert await brief_job_records.keyed(KEY) == job("other", key=KEY)

    async def test_a_job_with_the_id_of_one_that_expired_has_no_ending_to_tell(
        self, brief_job_records: JobRecords, clock: PassingTime
    ) -> None:
        await ended(brief_job_records, ENDINGS[0])
        await clock.advance(BRIEF_RETENTION + 0.1)

        await brief_job_records.add(job())

        assert await brief_job_records.untold(0, 9) == []

    async def test_an_id_that_expired_may_become_another_members_job(
        self, brief_job_records: JobRecords, clock: PassingTime
    ) -> None:
        await ended(brief_job_records, ENDINGS[0])
        await clock.advance(BRIEF_RETENTION + 0.1)

        await brief_job_records.add(job(owner=BOB))

        assert await brief_job_records.of_owner(ADA.id, 9) == []
        assert await brief_job_records.of_owner(BOB.id, 9) == [job(owner=BOB)]

    async def test_expired_jobs_hide_no_older_ones_from_a_short_list(
        self, brief_job_records: JobRecords, clock: PassingTime
    ) -> None:
        await brief_job_records.add(job("old", at=1))
        for job_id, at in (("b", 2), ("c", 3)):
            await brief_job_records.add(job(job_id, at=at))
            await brief_job_records.cancel(JobId(job_id))

        await clock.advance(BRIEF_RETENTION + 0.1)

        assert [found.id for found in await brief_job_records.of_owner(ADA.id, 1)] == ["old"]
