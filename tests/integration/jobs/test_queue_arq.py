"""The ARQ queue: the contract, and what stands in Redis."""

import json

import pytest
from arq import connections
from arq.utils import timestamp_ms

from adapters.jobs.queue_arq import ArqJobQueue, queue_name, wakeups_name
from adapters.redis_connection import Client
from application.job_ports import JobQueue
from domain.identity import JobId
from tests.contracts.job_queue import JobQueueContract

pytestmark = pytest.mark.redis


@pytest.fixture
def job_queue(redis_client: Client, prefix: str) -> JobQueue:
    return ArqJobQueue(redis_client, prefix)


class TestArqJobQueue(JobQueueContract):
    """The contract, shared by all processes of a service."""


async def test_what_is_put_on_the_queue_is_json(
    redis_client: Client, prefix: str, job_queue: JobQueue
) -> None:
    await job_queue.put(JobId("7"))

    payload = json.loads(await redis_client.get(f"arq:job:{prefix}:7"))
    assert payload["f"] == "run_job"
    assert payload["a"] == ["7"]


async def test_a_job_put_twice_waits_once_and_wakes_two_workers(
    redis_client: Client, prefix: str, job_queue: JobQueue
) -> None:
    await job_queue.put(JobId("7"))
    await job_queue.put(JobId("7"))

    assert await job_queue.depth() == 1
    assert await redis_client.zrange(queue_name(prefix), 0, -1) == [f"{prefix}:7".encode()]
    assert await redis_client.execute_command("LLEN", wakeups_name(prefix)) == 2  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("ahead", [30, -30, 3600, -3600])
async def test_a_servers_clock_moves_no_job_in_the_queue(
    redis_client: Client,
    prefix: str,
    job_queue: JobQueue,
    monkeypatch: pytest.MonkeyPatch,
    ahead: float,
) -> None:
    await job_queue.put(JobId("b"))
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(connections, "timestamp_ms", lambda: timestamp_ms() + ahead * 1000)
        await job_queue.put(JobId("c"))
    await job_queue.put(JobId("a"))

    places = await redis_client.zrange(queue_name(prefix), 0, -1, withscores=True)
    assert places == [(f"{prefix}:{job_id}".encode(), n) for n, job_id in enumerate("bca", 1)]
    # As ARQ has it for jobs that wait for no moment.
    day = 24 * 3600 * 1000
    assert day - 60_000 < await redis_client.pttl(f"arq:job:{prefix}:c") <= day


async def test_a_job_whose_place_alone_was_lost_can_be_put_again(
    redis_client: Client, prefix: str, job_queue: JobQueue
) -> None:
    await job_queue.put(JobId("7"))
    await redis_client.delete(queue_name(prefix))

    await job_queue.put(JobId("7"))

    assert await job_queue.depth() == 1


async def test_two_services_on_one_redis_have_a_queue_each(
    redis_client: Client, prefix: str, job_queue: JobQueue
) -> None:
    other = ArqJobQueue(redis_client, f"{prefix}-other")

    await job_queue.put(JobId("7"))
    assert await other.depth() == 0
    await other.put(JobId("7"))

    assert await job_queue.depth() == await other.depth() == 1
