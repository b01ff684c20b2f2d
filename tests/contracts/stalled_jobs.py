"""What records tell of jobs that nobody carries on: see `application.job_ports.StalledJobs`."""

from application.job_ports import JobRecords
from domain.identity import JobId
from domain.jobs import JobFailed
from tests.contracts.job_records import ID, LEASE, job, running
from tests.contracts.passing_time import PassingTime


class StalledJobsContract:
    """Takes the fixtures that `tests.contracts.job_records` names."""

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
