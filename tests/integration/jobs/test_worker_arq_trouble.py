"""What an ARQ worker survives: jobs and rounds that fail, strangers, a broken connection."""

import json
import logging
import pickle
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from arq.connections import ArqRedis
from redis.exceptions import ConnectionError as RedisConnectionError

from adapters.jobs.queue_arq import ArqJobQueue, queue_name, wakeups_name
from adapters.redis_connection import Client
from application.errors import Unavailable
from tests.integration.jobs.working import Work, put, until_depth, working

pytestmark = pytest.mark.redis


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
    "trouble", [Unavailable(), ValueError("a bug")], ids=["unavailable", "a bug"]
)
async def test_a_round_that_fails_is_followed_by_the_next_and_logged_once_until_one_goes_well(
    redis_client: Client,
    prefix: str,
    work: Work,
    trouble: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "adapters.jobs")
    work.reap_trouble = [trouble] * 3
    async with working(redis_client, prefix, work):
        await work.until(lambda: work.rounds == 5)

    failed, worked = caplog.records
    assert "looking after jobs" in failed.getMessage()
    assert (failed.levelno == logging.ERROR) == isinstance(trouble, ValueError)
    assert worked.getMessage() == "the worker goes on as usual"


@pytest.mark.parametrize("name", [queue_name, wakeups_name])
async def test_a_queue_of_another_type_is_removed_and_logged_once(
    redis_client: Client,
    prefix: str,
    queue: ArqJobQueue,
    work: Work,
    name: Callable[[str], str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    work.is_quick = True
    await redis_client.set(name(prefix), "x")
    async with working(redis_client, prefix, work):
        await work.until(lambda: work.rounds > 2)
        (warning,) = caplog.records
        assert warning.getMessage().startswith(f"{name(prefix)} is removed: it was a string")

        await put(queue, "good")
        await work.until(lambda: work.finished == ["good"])


class Exploit:
    """What pickle would run while it reads this."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return (exec, ("import builtins; builtins.exploited = True",))


def arq_job(
    function: object = "run_job", args: object = ("evil",), **more: object
) -> dict[str, object]:
    return {"t": None, "f": function, "a": args, "k": {}, "et": 1, **more}


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
    "another job": json.dumps(arq_job(args=["good"])).encode(),
    "a list for a function": json.dumps(arq_job([])).encode(),
    "a word for a time": json.dumps(arq_job(et="x")).encode(),
    "a word for a try": json.dumps(arq_job(t="x")).encode(),
    "more arguments by name": json.dumps(arq_job(k={"x": 1})).encode(),
    "a list for arguments by name": json.dumps(arq_job(k=[])).encode(),
    "nested": b"[" * 100_000,
}


@pytest.fixture
def refused(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Sees that one entry was refused, and that nothing else was logged."""
    yield
    (warning,) = caplog.get_records("call")
    # Of one that is empty ARQ itself says that it expired.
    assert re.search("is malformed and taken off it: | expired$", warning.getMessage())
    assert warning.exc_info is None


@pytest.mark.parametrize("payload", STRANGE.values(), ids=STRANGE)
@pytest.mark.usefixtures("refused")
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


@pytest.mark.parametrize(
    ("entry", "score"),
    [(b"evil", float("-inf")), (b"evil", -1), (b"evil", 0), (b"\xff", 1)],
    ids=["no beginning", "negative", "zero", "no text"],
)
@pytest.mark.usefixtures("refused")
async def test_an_entry_that_arq_would_never_start_is_taken_off_the_queue(
    redis_client: Client,
    prefix: str,
    queue: ArqJobQueue,
    work: Work,
    entry: bytes,
    score: float,
) -> None:
    work.is_quick = True
    await redis_client.zadd(queue_name(prefix), {prefix.encode() + b":" + entry: score})
    async with working(redis_client, prefix, work, slots=1):
        await put(queue, "good")
        await work.until(lambda: work.finished == ["good"])
        await until_depth(queue, 0)


@pytest.mark.parametrize("what", ["job", "retry"])
@pytest.mark.usefixtures("refused")
async def test_an_entry_with_keys_of_another_type_is_taken_off_with_them_and_can_be_put_again(
    redis_client: Client, prefix: str, queue: ArqJobQueue, work: Work, what: str
) -> None:
    work.is_quick = True
    await put(queue, "bad")
    key = f"arq:{what}:{prefix}:bad"
    await redis_client.delete(key)
    await redis_client.execute_command("HSET", key, "a", "b")  # type: ignore[no-untyped-call]
    async with working(redis_client, prefix, work, slots=1):
        await put(queue, "good")
        await work.until(lambda: work.finished == ["good"])
        await until_depth(queue, 0)
        await put(queue, "bad")
        await work.until(lambda: work.finished == ["good", "bad"])


async def test_entries_that_stay_locked_delay_nobody_behind_them(
    redis_client: Client, prefix: str, queue: ArqJobQueue, work: Work
) -> None:
    work.is_quick = True
    locked = [f"locked {number}" for number in range(10)]
    await put(queue, *locked, "good")
    for job_id in locked:
        await redis_client.set(f"arq:in-progress:{prefix}:{job_id}", "1")
    async with working(redis_client, prefix, work, slots=1):
        await work.until(lambda: work.finished == ["good"])
    assert await queue.depth() == 10


async def test_an_entry_without_its_job_is_taken_off_without_a_traceback(
    redis_client: Client,
    prefix: str,
    queue: ArqJobQueue,
    work: Work,
    caplog: pytest.LogCaptureFixture,
) -> None:
    work.is_quick = True
    await redis_client.zadd(queue_name(prefix), {f"{prefix}:expired": 1})
    async with working(redis_client, prefix, work, slots=1):
        await put(queue, "good")
        await work.until(lambda: work.finished == ["good"])
        await until_depth(queue, 0)
    assert [record.exc_info for record in caplog.records] == [None]


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
