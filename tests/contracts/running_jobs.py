"""What records promise to those who run jobs: see `application.job_ports.RunningJobs`."""

import asyncio

import pytest

from application.job_ports import JobRecords
from domain.identity import JobId
from domain.jobs import JobEnded, JobState, JobSucceeded
from tests.contracts.job_records import (
    ENDINGS,
    ID,
    LEASE,
    ended,
    every_ending,
    job,
    running,
)
from tests.contracts.passing_time import PassingTime


class RunningJobsContract:
    """Takes the fixtures that `tests.contracts.job_records` names."""

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
