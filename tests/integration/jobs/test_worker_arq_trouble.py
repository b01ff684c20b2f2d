"""What an ARQ worker survives: jobs and rounds that fail, strangers, a broken connection."""

import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from arq.connections import ArqRedis
from redis.exceptions import ConnectionError as RedisConnectionError

from adapters.jobs.queue_arq import ArqJobQueue, queue_name
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
