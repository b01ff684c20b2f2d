"""What records promise to those who ask for jobs: see `application.job_ports.AskedJobs`."""

import asyncio

import pytest

from application.job_ports import LISTED_BACK, JobRecords
from domain.errors import JobInputIsFull, JobIsNotRunning, JobIsOver
from domain.identity import JobId
from domain.jobs import INPUT_BYTES, MOST_INPUTS, Job, JobKind, JobState
from tests.contracts.job_records import (
    ADA,
    BOB,
    ID,
    KEY,
    LEASE,
    job,
    running,
)


class AskedJobsContract:
    """Takes the fixtures that `tests.contracts.job_records` names."""

    # Adding and finding.

    @pytest.mark.parametrize("kind", JobKind)
    async def test_a_job_comes_back_as_it_was_added(
        self, job_records: JobRecords, kind: JobKind
    ) -> None:
        asked = Job.ask(ID, kind, 'Grüße "👋"\n\\ \x00', BOB, 1_700_000_000.123)

        assert await job_records.add(asked)

        assert await job_records.get(ID) == asked

    async def test_a_job_that_was_added_is_not_gone(self, job_records: JobRecords) -> None:
        assert await job_records.is_gone(ID)
        await job_records.add(job())
        assert not await job_records.is_gone(ID)

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

    # Asking again under a key.

    async def test_a_job_is_found_by_the_key_it_was_added_with(
        self, job_records: JobRecords
    ) -> None:
        assert await job_records.keyed(KEY) is None

        await job_records.add(job(key=KEY))

        assert await job_records.keyed(KEY) == job(key=KEY)

    async def test_a_job_with_a_known_key_is_not_added(self, job_records: JobRecords) -> None:
        await job_records.add(job("first", key=KEY))

        assert not await job_records.add(job("second", key=KEY))

        assert await job_records.get(JobId("second")) is None
        assert [found.id for found in await job_records.of_owner(ADA.id, 9)] == ["first"]
        assert await job_records.unclaimed(0, 9) == [job("first", key=KEY)]

    async def test_of_many_who_add_with_one_key_one_does(self, job_records: JobRecords) -> None:
        added = await asyncio.gather(*(job_records.add(job(str(n), key=KEY)) for n in range(10)))

        assert sorted(added) == [False] * 9 + [True]

    async def test_a_key_finds_its_job_as_it_stands_now(self, job_records: JobRecords) -> None:
        await job_records.add(job(key=KEY))
        claimed = await job_records.claim(ID, LEASE)

        assert await job_records.keyed(KEY) == claimed

    # Listing.

    async def test_the_jobs_of_one_member_come_newest_first(self, job_records: JobRecords) -> None:
        for number in range(5):
            await job_records.add(job(str(number), at=1_700_000_000.0 + number))
        await job_records.add(job("of bob", owner=BOB))

        newest = [found.id for found in await job_records.of_owner(ADA.id, 3)]
        all_of_them = [found.id for found in await job_records.of_owner(ADA.id, 9)]

        assert newest == ["4", "3", "2"]
        assert all_of_them == ["4", "3", "2", "1", "0"]

    async def test_the_newest_job_is_the_one_added_last_whatever_its_servers_clock_says(
        self, job_records: JobRecords
    ) -> None:
        for at in (3, 1, 2):
            await job_records.add(job(str(at), at=at))

        assert [found.id for found in await job_records.of_owner(ADA.id, 2)] == ["2", "1"]

    async def test_so_many_jobs_of_a_member_can_be_listed_at_least(
        self, job_records: JobRecords
    ) -> None:
        for number in range(LISTED_BACK + 1):
            await job_records.add(job(str(number), at=number))

        newest = [found.id for found in await job_records.of_owner(ADA.id, LISTED_BACK)]

        assert newest == [str(number) for number in range(LISTED_BACK, 0, -1)]
        assert await job_records.get(JobId("0")) == job("0", at=0)

    async def test_whoever_never_asked_has_no_jobs(self, job_records: JobRecords) -> None:
        await job_records.add(job())

        assert await job_records.of_owner(BOB.id, 9) == []

    async def test_a_list_shows_each_job_as_it_stands_now(self, job_records: JobRecords) -> None:
        claimed = await running(job_records)

        assert await job_records.of_owner(ADA.id, 9) == [claimed]

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

    # Input.

    async def test_input_reaches_whoever_runs_the_job_in_its_order(
        self, job_records: JobRecords
    ) -> None:
        claimed = await running(job_records)

        assert await job_records.give(ID, "one ☕") == claimed.give("one ☕")
        given = await job_records.give(ID, "two")

        assert given is not None
        assert given.inputs == ("one ☕", "two")
        assert await job_records.report(ID, 1, LEASE) == given
        assert await job_records.get(ID) == given

    async def test_the_next_worker_is_given_the_same_again(self, job_records: JobRecords) -> None:
        await running(job_records)
        await job_records.give(ID, "one")
        await job_records.hand_back(ID, 1, lost=True)

        again = await job_records.claim(ID, LEASE)

        assert again is not None
        assert again.inputs == ("one",)

    async def test_a_job_that_does_not_run_or_is_unknown_is_given_nothing(
        self, job_records: JobRecords
    ) -> None:
        assert await job_records.give(ID, "one") is None
        await job_records.add(job())
        with pytest.raises(JobIsNotRunning):
            await job_records.give(ID, "one")
        await job_records.cancel(ID)
        with pytest.raises(JobIsOver):
            await job_records.give(ID, "one")

    async def test_a_job_is_given_so_much_and_no_more(self, job_records: JobRecords) -> None:
        await running(job_records)
        await job_records.give(ID, "x" * (INPUT_BYTES - 1))
        with pytest.raises(JobInputIsFull):
            await job_records.give(ID, "☕")
        for _ in range(MOST_INPUTS - 1):
            await job_records.give(ID, "")
        with pytest.raises(JobInputIsFull):
            await job_records.give(ID, "")

    async def test_of_input_that_comes_at_once_none_is_lost(self, job_records: JobRecords) -> None:
        await running(job_records)
        await asyncio.gather(*(job_records.give(ID, str(number)) for number in range(5)))
        given = await job_records.get(ID)
        assert given is not None
        assert sorted(given.inputs) == ["0", "1", "2", "3", "4"]
