"""The ARQ worker, without what it works on: waking, slots, interrupts, stopping."""

import asyncio
import time
from collections import Counter

import arq.worker
import pytest
from arq.utils import timestamp_ms

from adapters.environment import load_settings
from adapters.jobs.queue_arq import ArqJobQueue
from adapters.jobs.worker_arq import live_workers
from adapters.redis_connection import Client, connect
from domain.identity import JobId
from tests.integration.client import until
from tests.integration.jobs.working import Work, put, until_depth, working
from tests.integration.processes import Redis

pytestmark = pytest.mark.redis


async def test_an_idle_worker_starts_a_job_at_once(
    redis_client: Client, prefix: str, queue: ArqJobQueue, work: Work
) -> None:
    work.is_quick = True
    latencies = []
    async with working(redis_client, prefix, work):
        for number in range(10):
            begin = time.monotonic()
            await put(queue, str(number))
            await work.until_started(number + 1)
            latencies.append(time.monotonic() - begin)
    # It would take half a second if it looked only when it looks by itself.
    assert sorted(latencies)[5] < 0.1


@pytest.mark.parametrize("behind", [30, 3600])
async def test_a_worker_whose_clock_is_behind_starts_a_job_at_once(
    redis_client: Client,
    prefix: str,
    queue: ArqJobQueue,
    work: Work,
    monkeypatch: pytest.MonkeyPatch,
    behind: float,
) -> None:
    monkeypatch.setattr(arq.worker, "timestamp_ms", lambda: timestamp_ms() - behind * 1000)
    work.is_quick = True
    async with working(redis_client, prefix, work):
        await put(queue, "a")
        await work.until(lambda: work.finished == ["a"])


async def test_what_waited_before_the_worker_came_is_run(
    redis_client: Client, prefix: str, queue: ArqJobQueue, work: Work
) -> None:
    work.is_quick = True
    jobs = [str(number) for number in range(5)]
    await put(queue, *jobs)
    async with working(redis_client, prefix, work):
        await work.until(lambda: len(work.finished) == 5)
        await until_depth(queue, 0)
    assert work.started == jobs


async def test_a_worker_runs_as_many_as_it_has_slots_and_fills_each_freed_one(
    redis_client: Client, prefix: str, queue: ArqJobQueue, work: Work
) -> None:
    await put(queue, *"abcdef")
    async with working(redis_client, prefix, work, slots=2):
        await work.until(lambda: work.started == ["a", "b"])
        await until_depth(queue, 4)

        work.release("b")
        await work.until(lambda: work.started == ["a", "b", "c"])
        work.release("c", "d", "e", "f")
        await work.until(lambda: len(work.finished) == 5)

        # One long job keeps its slot only.
        assert work.running == {"a"}
        work.release("a")
        await work.until(lambda: len(work.finished) == 6)
    assert work.most_at_once == 2


async def test_several_workers_share_the_jobs_and_run_each_once(
    redis_client: Client, prefix: str, queue: ArqJobQueue, work: Work
) -> None:
    work.is_quick = True
    jobs = [str(number) for number in range(60)]
    async with (
        working(redis_client, prefix, work, slots=3),
        working(redis_client, prefix, work, slots=3),
        working(redis_client, prefix, work, slots=3),
    ):
        await asyncio.gather(*(put(queue, job_id) for job_id in jobs))
        await work.until(lambda: len(work.finished) >= 60)
    assert Counter(work.started) == Counter(jobs)


async def test_an_interrupt_reaches_every_worker(
    redis_client: Client, prefix: str, queue: ArqJobQueue, work: Work
) -> None:
    async with working(redis_client, prefix, work), working(redis_client, prefix, work):
        await until_subscribed(redis_client, f"{prefix}:0:interrupts", 2)
        await queue.interrupt(JobId("7"))
        await work.until(lambda: work.interrupted == ["7", "7"])


async def test_an_interrupt_stays_in_its_database(
    redis_server: Redis, redis_client: Client, prefix: str, queue: ArqJobQueue, work: Work
) -> None:
    url = redis_server.url.rsplit("/", 1)[0] + "/1"
    beside = connect(load_settings(_env_file=None, redis_url=url).redis)
    their_work = Work()
    try:
        async with (
            working(redis_client, prefix, work),
            working(beside, prefix, their_work),
        ):
            for database in (0, 1):
                await until_subscribed(redis_client, f"{prefix}:{database}:interrupts", 1)
            await queue.interrupt(JobId("7"))
            await work.until(lambda: work.interrupted == ["7"])
            await ArqJobQueue(beside, prefix).interrupt(JobId("8"))
            await their_work.until(lambda: their_work.interrupted == ["8"])
            assert work.interrupted == ["7"]
    finally:
        await beside.aclose(close_connection_pool=True)


async def test_after_a_lost_connection_all_jobs_that_run_are_interrupted_as_some_may_have_been(
    redis_client: Client, prefix: str, queue: ArqJobQueue, work: Work
) -> None:
    async with working(redis_client, prefix, work):
        await put(queue, "a", "b")
        await work.until_started(2)
        assert work.interrupted == []
        await redis_client.client_kill_filter(_type="pubsub")
        await work.until(lambda: sorted(work.interrupted) == ["a", "b"])


async def until_subscribed(client: Client, channel: str, count: int) -> None:
    async def are_there() -> bool:
        ((_, number),) = await client.pubsub_numsub(channel)
        return bool(number == count)

    await until(are_there, f"{count} listen to {channel}")


async def test_a_worker_that_stops_hands_back_what_it_runs(
    redis_client: Client, prefix: str, queue: ArqJobQueue, work: Work
) -> None:
    async with working(redis_client, prefix, work):
        await put(queue, "a", "b", "c")
        await work.until(lambda: len(work.started) == 2)
        await until_depth(queue, 1)
    assert sorted(work.handed_back) == ["a", "b"]
    assert await queue.depth() == 1


async def test_a_worker_stops_at_whatever_moment_it_is_told_to(
    redis_client: Client, prefix: str, queue: ArqJobQueue, work: Work
) -> None:
    work.is_quick = True
    for moment in range(12):
        await put(queue, *(f"{moment}-{number}" for number in range(5)))
        async with asyncio.timeout(5), working(redis_client, prefix, work):
            for _ in range(moment * 5):
                await asyncio.sleep(0)


async def test_a_worker_says_that_it_lives_as_long_as_it_does(
    redis_client: Client, prefix: str, work: Work
) -> None:
    assert await live_workers(redis_client, prefix) == 0
    async with working(redis_client, prefix, work):
        async with working(redis_client, prefix, work):
            await work.until(lambda: work.rounds > 1)
            assert await live_workers(redis_client, prefix) == 2
        assert await live_workers(redis_client, prefix) == 1
    assert await live_workers(redis_client, prefix) == 0
