"""What jobs one member or one address may have, and who comes back to them at a time."""

import pytest

from adapters.limits.caller_limits import CallerLimits
from application.errors import RateLimited
from application.limits import Limit
from application.ports import Cursor
from domain.identity import OPERATOR, Caller
from tests.doubles import RecordingSubscriber, caller_limits
from tests.unit.application.jobs.stage import Stage
from tests.unit.application.people import ADA


@pytest.mark.parametrize(
    ("few", "scope", "limit"),
    [
        (caller_limits(member_jobs_waiting=1), "member", Limit.JOBS_WAITING),
        (caller_limits(address_jobs_waiting=1), "address", Limit.JOBS_WAITING),
        (caller_limits(member_job_bytes=1), "member", Limit.JOB_BYTES),
        (caller_limits(address_job_bytes=1), "address", Limit.JOB_BYTES),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else "",
)
async def test_one_client_does_not_fill_the_queue(
    stage: Stage, few: CallerLimits, scope: str, limit: Limit
) -> None:
    stage.jobs._limits = few
    await stage.submit(ADA)

    with pytest.raises(RateLimited) as told:
        await stage.jobs.submit(ADA, stage.ada, "translate", "hello")

    assert told.value.scope == scope
    assert told.value.retry_after > 0
    assert stage.attached(stage.ada) == 0
    assert await stage.queue.depth() == 1
    assert len(await stage.jobs.list(ADA)) == 1
    assert dict(few._limited.counts) == {(limit, scope): 1}
    await stage.submit(Caller(OPERATOR))


async def test_a_job_that_is_asked_for_again_is_found_where_no_more_may_wait(stage: Stage) -> None:
    stage.jobs._limits = caller_limits(member_jobs_waiting=1)
    first = await stage.jobs.submit(ADA, None, "translate", "hello", "k")

    again = await stage.jobs.submit(ADA, None, "translate", "hello", "k")

    assert (again.job_id, again.again) == (first.job_id, True)


async def test_a_dry_run_takes_jobs_over_the_limit(stage: Stage) -> None:
    limits = caller_limits(member_jobs_waiting=1)
    limits._limited._dry_run = True
    stage.jobs._limits = limits

    for _ in range(3):
        await stage.submit(ADA)

    assert await stage.queue.depth() == 3
    assert limits._limited.counts == {("jobs_waiting", "member"): 2}


async def test_whoever_comes_back_to_a_job_takes_a_turn(stage: Stage) -> None:
    limits = caller_limits(member_recoveries=1, recovery_wait=0.01)
    stage.jobs._limits = limits
    job_id, since = await stage.submit(ADA), Cursor("somewhere")

    async with limits.recovery(ADA, since):
        with pytest.raises(RateLimited):
            await stage.jobs.watch(ADA, stage.ada, job_id, since)
        await stage.jobs.watch(ADA, RecordingSubscriber("anew"), job_id)

    await stage.jobs.watch(ADA, stage.ada, job_id, since)
