"""The queue and the worker in memory: the contract, slots, trouble and stopping."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from adapters.jobs.queue_memory import MemoryJobQueue, MemoryWorker
from application.errors import Unavailable
from application.job_ports import JobQueue
from domain.identity import JobId
from tests.contracts.job_queue import JobQueueContract
from tests.runs import Runs
from tests.waiting import DEADLINE


@pytest.fixture
def job_queue() -> JobQueue:
    return MemoryJobQueue()


class TestMemoryJobQueue(JobQueueContract):
    """The contract, in one process."""


async def test_jobs_are_taken_in_the_order_they_were_put() -> None:
    queue = MemoryJobQueue()
    for number in range(5):
        await queue.put(JobId(str(number)))

    assert [await queue.take() for _ in range(5)] == ["0", "1", "2", "3", "4"]
    assert await queue.depth() == 0


async def test_an_interrupt_goes_to_whoever_runs_jobs_here() -> None:
    queue = MemoryJobQueue()
    interrupted: list[JobId] = []
    queue.on_interrupt = interrupted.append

    await queue.interrupt(JobId("7"))

    assert interrupted == ["7"]


@pytest.fixture
def queue() -> MemoryJobQueue:
    return MemoryJobQueue()


@pytest.fixture
def runs() -> Runs:
    return Runs()


@pytest.fixture
async def start(
    queue: MemoryJobQueue, runs: Runs
) -> AsyncIterator[Callable[[int], Awaitable[MemoryWorker]]]:
    workers: list[MemoryWorker] = []

    async def start_one(slots: int) -> MemoryWorker:
        worker = MemoryWorker(queue, runs, slots=slots)
        worker.start()
        workers.append(worker)
        return worker

    yield start_one
    for worker in workers:
        await worker.stop()


Start = Callable[[int], Awaitable[MemoryWorker]]


async def put(queue: MemoryJobQueue, *job_ids: str) -> None:
    for job_id in job_ids:
        await queue.put(JobId(job_id))


async def test_a_worker_runs_what_is_put(queue: MemoryJobQueue, runs: Runs, start: Start) -> None:
    await start(1)
    runs.release("a", "b")

    await put(queue, "a", "b")

    await runs.until(lambda: runs.finished == ["a", "b"])
    assert await queue.depth() == 0


async def test_a_worker_runs_what_was_put_before_it_started(
    queue: MemoryJobQueue, runs: Runs, start: Start
) -> None:
    runs.release("a")
    await put(queue, "a")

    await start(1)

    await runs.until(lambda: runs.finished == ["a"])


async def test_a_worker_runs_as_many_at_once_as_it_has_slots(
    queue: MemoryJobQueue, runs: Runs, start: Start
) -> None:
    await start(3)

    await put(queue, *"abcdefg")
    await runs.until(lambda: len(runs.running) == 3)

    assert runs.started == ["a", "b", "c"]
    assert await queue.depth() == 4
    runs.release("b")
    await runs.until(lambda: runs.started == ["a", "b", "c", "d"])
    runs.release(*"abcdefg")
    await runs.until(lambda: len(runs.finished) == 7)
    assert runs.most_at_once == 3


@pytest.mark.parametrize("trouble", [RuntimeError("boom"), Unavailable(), TimeoutError()])
async def test_a_slot_survives_a_run_that_raises(
    queue: MemoryJobQueue,
    runs: Runs,
    start: Start,
    caplog: pytest.LogCaptureFixture,
    trouble: Exception,
) -> None:
    runs.trouble[JobId("bad")] = trouble
    runs.release("good")
    await start(1)

    with caplog.at_level(logging.ERROR, "adapters.jobs.queue_memory"):
        await put(queue, "bad", "good")
        await runs.until(lambda: runs.finished == ["good"])

    assert "bad" in caplog.text


async def test_stopping_hands_running_jobs_back_and_takes_no_more(
    queue: MemoryJobQueue, runs: Runs, start: Start
) -> None:
    worker = await start(2)
    await put(queue, "a", "b", "waiting")
    await runs.until(lambda: len(runs.running) == 2)

    async with asyncio.timeout(DEADLINE):
        await worker.stop()

    assert sorted(runs.handed_back) == ["a", "b"]
    assert runs.started == ["a", "b"]
    assert runs.finished == []
    assert await queue.depth() == 1


async def test_stopping_an_idle_worker_or_stopping_twice_is_no_error(
    queue: MemoryJobQueue, runs: Runs, start: Start
) -> None:
    worker = await start(2)

    await worker.stop()
    await worker.stop()
    await put(queue, "a")

    assert runs.started == []


async def test_a_worker_that_was_stopped_can_be_started_again(
    queue: MemoryJobQueue, runs: Runs, start: Start
) -> None:
    worker = await start(1)
    await worker.stop()
    runs.release("a")

    worker.start()
    await put(queue, "a")

    await runs.until(lambda: runs.finished == ["a"])
