"""The ARQ worker, without what it works on: waking, slots, trouble, stopping."""

import asyncio
import contextlib
import json
import pickle
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from arq.connections import ArqRedis
from redis.exceptions import ConnectionError as RedisConnectionError

from adapters.jobs.queue_arq import ArqJobQueue, queue_name
from adapters.jobs.worker_arq import ArqWorker, WorkerCalls, live_workers
from adapters.redis_connection import Client
from application.errors import Unavailable
from domain.identity import JobId
from tests.integration.client import until
from tests.waiting import Signal

pytestmark = pytest.mark.redis


class Work:
    """What a worker runs: each job goes on until the test says so."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.running: set[str] = set()
        self.finished: list[str] = []
        self.handed_back: list[str] = []
        self.interrupted: list[str] = []
        self.most_at_once = 0
        self.rounds = 0
        self.trouble: dict[str, Exception] = {}
        self.reap_trouble: list[Exception] = []
        self.is_quick = False
        self.signal = Signal()
        self._released: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    @property
    def calls(self) -> WorkerCalls:
        return WorkerCalls(self._run, self._reap, self._interrupt)

    def release(self, *job_ids: str) -> None:
        for job_id in job_ids:
            self._released[job_id].set()

    async def until(self, enough: Callable[[], bool]) -> None:
        await self.signal.until(enough, lambda: f"{self.started=} {self.finished=} {self.rounds=}")

    async def until_started(self, count: int) -> None:
        await self.until(lambda: len(self.started) >= count)

    async def _run(self, job_id: JobId) -> None:
        self.started.append(job_id)
        self.running.add(job_id)
        self.most_at_once = max(self.most_at_once, len(self.running))
        self.signal.changed()
        try:
            if job_id in self.trouble:
                raise self.trouble[job_id]
            if not self.is_quick:
                await self._released[job_id].wait()
            self.finished.append(job_id)
        except asyncio.CancelledError:
            self.handed_back.append(job_id)
            raise
        finally:
            self.running.discard(job_id)
            self.signal.changed()

    async def _reap(self) -> None:
        self.rounds += 1
        self.signal.changed()
        if self.reap_trouble:
            raise self.reap_trouble.pop()

    def _interrupt(self, job_id: JobId) -> None:
        self.interrupted.append(job_id)
        self.signal.changed()


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def queue(redis_client: Client, prefix: str) -> ArqJobQueue:
    return ArqJobQueue(redis_client, prefix)


@contextlib.asynccontextmanager
async def working(
    client: Client, service: str, work: Work, *, slots: int = 2
) -> AsyncIterator[ArqWorker]:
    """A worker that runs meanwhile; it has had its first look at the queue."""
    stop = asyncio.Event()
    worker = ArqWorker(client, service, work.calls, slots=slots)
    serving = asyncio.create_task(worker.serve(stop))
    try:
        await work.until(lambda: work.rounds > 0)
        yield worker
    finally:
        stop.set()
        await serving


async def put(queue: ArqJobQueue, *job_ids: str) -> None:
    for job_id in job_ids:
        await queue.put(JobId(job_id))


async def until_depth(queue: ArqJobQueue, depth: int) -> None:
    """ARQ takes a job off the queue a moment after it has started it."""

    async def is_reached() -> bool:
        return await queue.depth() == depth

    await until(is_reached, f"{depth} jobs wait")


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
        await until_subscribed(redis_client, f"{prefix}:interrupts", 2)
        await queue.interrupt(JobId("7"))
        await work.until(lambda: work.interrupted == ["7", "7"])


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


@pytest.mark.parametrize(
    "trouble", [Unavailable(), RuntimeError("a bug")], ids=["unavailable", "a bug"]
)
async def test_one_jobs_trouble_takes_no_slot_with_it(
    redis_client: Client, prefix: str, queue: ArqJobQueue, work: Work, trouble: Exception
) -> None:
    work.is_quick = True
    work.trouble = dict.fromkeys("abc", trouble)
    async with working(redis_client, prefix, work, slots=1):
        await put(queue, *"abcd")
        await work.until(lambda: work.finished == ["d"])
    assert work.started == list("abcd")


@pytest.mark.parametrize(
    "trouble", [Unavailable(), RuntimeError("a bug")], ids=["unavailable", "a bug"]
)
async def test_a_round_that_fails_is_followed_by_the_next(
    redis_client: Client, prefix: str, work: Work, trouble: Exception
) -> None:
    work.reap_trouble = [trouble]
    async with working(redis_client, prefix, work):
        await work.until(lambda: work.rounds == 3)


class Exploit:
    """What pickle would run while it reads this."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return (exec, ("import builtins; builtins.exploited = True",))


def arq_job(function: object = "run_job", args: object = ("evil",)) -> dict[str, object]:
    return {"t": None, "f": function, "a": args, "k": {}, "et": 1}


STRANGE: dict[str, bytes] = {
    "a pickle that runs code": pickle.dumps(arq_job(args=(Exploit(),))),
    "a pickle": pickle.dumps(arq_job()),
    "nothing": b"",
    "no text": b"\xff",
    "a list": b"[]",
    "null": b"null",
    "an empty object": b"{}",
    "another function": json.dumps(arq_job("os.system")).encode(),
    "no function": json.dumps(arq_job(None)).encode(),
    "no argument": json.dumps(arq_job(args=[])).encode(),
    "an object as argument": json.dumps(arq_job(args=[{}])).encode(),
    "a number for arguments": json.dumps(arq_job(args=7)).encode(),
    "too many arguments": json.dumps(arq_job(args=["a", "b"])).encode(),
}


@pytest.mark.parametrize("payload", STRANGE.values(), ids=STRANGE)
async def test_what_a_stranger_puts_on_the_queue_is_refused_and_the_worker_goes_on(
    redis_client: Client, prefix: str, queue: ArqJobQueue, work: Work, payload: bytes
) -> None:
    work.is_quick = True
    await redis_client.set(f"arq:job:{prefix}:evil", payload)
    await redis_client.zadd(queue_name(prefix), {f"{prefix}:evil": 1})
    async with working(redis_client, prefix, work, slots=1):
        await put(queue, "good")
        await work.until(lambda: work.finished == ["good"])

        await until_depth(queue, 0)
    import builtins  # noqa: PLC0415

    assert not hasattr(builtins, "exploited")


async def test_a_connection_that_breaks_in_the_handover_costs_no_slot(
    redis_client: Client,
    prefix: str,
    queue: ArqJobQueue,
    work: Work,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    work.is_quick = True
    await put(queue, "a")
    pipeline = ArqRedis.pipeline
    left = [RedisConnectionError("it broke") for _ in range(4)]

    def breaking_pipeline(arq: ArqRedis, *args: Any, **kwargs: Any) -> Any:
        if left:
            raise left.pop()
        return pipeline(arq, *args, **kwargs)

    monkeypatch.setattr(ArqRedis, "pipeline", breaking_pipeline)
    async with working(redis_client, prefix, work, slots=1):
        await work.until(lambda: work.finished == ["a"])
    assert left == []
