"""Job records in memory: the contract, and how many ended jobs they keep."""

from collections import OrderedDict
from typing import NoReturn

import pytest

from adapters.storage.job_records_memory import MemoryJobRecords, Record
from application.job_ports import JobRecords
from domain.identity import JobId
from domain.jobs import JobSucceeded
from tests.contracts.every_job_record import JobRecordsContract
from tests.contracts.job_records import (
    ADA,
    BOB,
    BRIEF_RETENTION,
    KEY,
    LEASE,
    RETENTION,
    ended,
    job,
    running,
)
from tests.doubles import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def job_records(clock: ManualClock) -> JobRecords:
    return MemoryJobRecords(clock, retention=RETENTION, capacity=100)


@pytest.fixture
def brief_job_records(clock: ManualClock) -> JobRecords:
    return MemoryJobRecords(clock, retention=BRIEF_RETENTION, capacity=100)


class TestJobRecords(JobRecordsContract):
    """The contract."""


async def end(records: JobRecords, *job_ids: str) -> None:
    for job_id in job_ids:
        await ended(records, JobSucceeded(JobId(job_id), "done"), job_id)


async def known(records: JobRecords) -> list[str]:
    return [found.id for found in await records.of_owner(ADA.id, 99)]


async def test_of_too_many_ended_jobs_the_first_to_end_expire_first(
    clock: ManualClock,
) -> None:
    records = MemoryJobRecords(clock, retention=RETENTION, capacity=2)
    await running(records, "first to start")
    await end(records, "a", "b")

    await records.end(JobId("first to start"), 1, JobSucceeded(JobId("first to start"), ""))

    assert await known(records) == ["b", "first to start"]


async def test_jobs_that_are_not_over_do_not_count_towards_the_capacity(
    clock: ManualClock,
) -> None:
    records = MemoryJobRecords(clock, retention=RETENTION, capacity=1)
    for number in range(5):
        await records.add(job(str(number)))
    await records.claim(JobId("0"), LEASE)

    await end(records, "ended")

    assert await known(records) == ["ended", "4", "3", "2", "1", "0"]


async def test_retention_begins_with_a_jobs_end(clock: ManualClock) -> None:
    records = MemoryJobRecords(clock, retention=10, capacity=9)
    await running(records, "slow")
    clock.shift(9)
    await end(records, "quick")
    clock.shift(9)
    await records.end(JobId("slow"), 1, JobSucceeded(JobId("slow"), ""))

    clock.shift(5)
    assert await known(records) == ["slow"]
    clock.shift(5)
    assert await known(records) == []


@pytest.mark.parametrize("seconds", [-3600, 3600], ids=["back", "ahead"])
async def test_a_clock_that_is_set_changes_no_lease_no_wait_and_no_retention(
    clock: ManualClock, seconds: float
) -> None:
    records = MemoryJobRecords(clock, retention=10, capacity=9)
    await end(records, "ended")
    await running(records, "running", lease=10)
    await records.add(job("waiting"))

    clock.set(seconds)
    assert await records.get(JobId("ended")) is not None
    assert await records.lapsed(9) == await records.unclaimed(10, 9) == []
    assert await records.untold(10, 9) == []

    clock.shift(10)
    assert await records.get(JobId("ended")) is None
    assert [found.id for found in await records.lapsed(9)] == ["running"]
    assert [found.id for found in await records.unclaimed(10, 9)] == ["waiting"]


async def test_nothing_is_kept_of_expired_jobs(clock: ManualClock) -> None:
    records = MemoryJobRecords(clock, retention=10, capacity=9)
    await end(records, "a", "b")
    await records.add(job("keyed", key=KEY))
    await records.cancel(JobId("keyed"))
    clock.shift(10)

    await records.get(JobId("a"))

    assert not records._records
    assert not records._ended
    assert not records._keyed
    assert not records._owned


class NeverWalked(OrderedDict[JobId, Record]):
    """Records that are only ever found by their ids."""

    def values(self) -> NoReturn:
        raise AssertionError("all records were looked at")

    __iter__ = __reversed__ = items = values


async def test_a_list_looks_at_the_jobs_of_its_member_alone(clock: ManualClock) -> None:
    records = MemoryJobRecords(clock, retention=10, capacity=9)
    for number in range(5):
        await records.add(job(f"ada's {number}"))
        await records.add(job(f"bob's {number}", owner=BOB))
    records._records = NeverWalked(records._records)

    assert [found.id for found in await records.of_owner(BOB.id, 2)] == ["bob's 4", "bob's 3"]
