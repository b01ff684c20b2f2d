"""What records promise of shares: see `application.job_ports.AskedJobs.add`."""

import asyncio

import pytest

from application.job_ports import JobRecords, Share, ShareIsUsedUp, bytes_of
from domain.identity import JobId
from domain.jobs import JobFailed
from tests.contracts.job_records import KEY, LEASE, job

PLENTY = 1_000_000_000
HERS = Share("member", "ada", 2, PLENTY)
THERE = Share("address", "192.0.2.1", 3, PLENTY)


async def fits(records: JobRecords, job_id: str, *shares: Share) -> bool:
    try:
        return await records.add(job(job_id), shares)
    except ShareIsUsedUp:
        return False


class JobSharesContract:
    """Takes the fixtures that `tests.contracts.job_records` names."""

    async def test_so_many_jobs_of_a_share_wait_and_no_more(self, job_records: JobRecords) -> None:
        assert [await fits(job_records, str(n), HERS) for n in range(3)] == [True, True, False]
        assert await job_records.get(JobId("2")) is None
        assert await fits(job_records, "of another", Share("member", "bob", 2, PLENTY))
        assert await fits(job_records, "of an address", Share("address", "ada", 2, PLENTY))

    async def test_the_share_that_is_used_up_is_named(self, job_records: JobRecords) -> None:
        for number in range(3):
            await job_records.add(job(str(number)), [THERE])

        with pytest.raises(ShareIsUsedUp) as refused:
            await job_records.add(job("more"), [HERS, THERE])

        assert (refused.value.scope, refused.value.is_bytes) == ("address", False)
        assert refused.value.retry_after > 0

    async def test_what_does_not_fit_takes_no_place_in_another_share(
        self, job_records: JobRecords
    ) -> None:
        for number in range(3):
            await job_records.add(job(str(number)), [THERE])
        for number in range(9):
            assert not await fits(job_records, f"refused {number}", HERS, THERE)

        assert [await fits(job_records, f"hers {n}", HERS) for n in range(2)] == [True, True]

    async def test_of_many_who_add_at_once_no_more_fit(self, job_records: JobRecords) -> None:
        added = await asyncio.gather(*(fits(job_records, str(n), HERS) for n in range(10)))

        assert sorted(added) == [False] * 8 + [True] * 2

    async def test_a_job_that_is_begun_or_cancelled_waits_no_more(
        self, job_records: JobRecords
    ) -> None:
        for number in range(2):
            await job_records.add(job(str(number)), [HERS])
        await job_records.claim(JobId("0"), LEASE)
        assert await fits(job_records, "third", HERS)
        assert not await fits(job_records, "fourth", HERS)

        await job_records.cancel(JobId("1"))
        assert await fits(job_records, "fifth", HERS)
        assert not await fits(job_records, "sixth", HERS)

    async def test_a_job_that_is_known_is_no_news_to_a_share_that_is_used_up(
        self, job_records: JobRecords
    ) -> None:
        await job_records.add(job("first", key=KEY), [HERS])
        await job_records.add(job("second"), [HERS])

        assert not await job_records.add(job("first"), [HERS])
        assert not await job_records.add(job("other", key=KEY), [HERS])

    async def test_half_of_the_bytes_may_come_at_once_and_stay_counted_after_the_end(
        self, job_records: JobRecords
    ) -> None:
        three = Share("member", "ada", 99, 2 * 3 * bytes_of(job("0")))
        for number in range(3):
            await job_records.add(job(str(number)), [three])
            claimed = await job_records.claim(JobId(str(number)), LEASE)
            assert claimed is not None
            await job_records.end(claimed.id, claimed.attempt, JobFailed(claimed.id, "no"))

        with pytest.raises(ShareIsUsedUp) as refused:
            await job_records.add(job("3"), [three])

        assert (refused.value.scope, refused.value.is_bytes) == ("member", True)
        # A third of half of it comes back in a third of the retention.
        assert 10 < refused.value.retry_after <= 20

    async def test_a_job_larger_than_its_share_fits_where_nothing_is(
        self, job_records: JobRecords
    ) -> None:
        small = Share("member", "ada", 99, 1)

        assert await fits(job_records, "first", small)
        assert not await fits(job_records, "second", small)
