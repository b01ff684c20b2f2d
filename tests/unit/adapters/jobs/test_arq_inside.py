"""The canary for what we use of ARQ's worker that it doesn't document.

If a test fails here after an upgrade, read what the release changed, then `arq_inside.py`.
"""

import ast
import asyncio
import inspect
import textwrap
from collections.abc import Callable
from importlib.metadata import version

import pytest
from arq.connections import ArqRedis
from arq.worker import Worker
from redis.asyncio import ConnectionPool

from adapters.jobs.arq_inside import HandingOver

INSIDE: dict[str, type] = {
    "job_counter": int,
    "max_jobs": int,
    "pool": ArqRedis,
    "queue_name": str,
    "sem": asyncio.BoundedSemaphore,
    "tasks": dict,
}

METHODS: dict[str, list[str]] = {
    "start_jobs": ["self", "job_ids"],
    "run_job": ["self", "job_id", "score"],
    "finish_failed_job": ["self", "job_id", "result_data"],
}
"""Starts a task for each entry that is not locked; what that task does; and how one ends that
can't be done: nothing of it is left."""

ARQ = f"ARQ {version('arq')}"


@pytest.fixture
async def worker() -> HandingOver:
    """One that has not reached Redis, and need not."""
    arq = ArqRedis(pool_or_conn=ConnectionPool())
    return HandingOver(arq, "queue", lambda _job_id: None, slots=3)


@pytest.mark.parametrize(("name", "kind"), INSIDE.items(), ids=INSIDE)
async def test_an_attribute_that_we_rely_on_is_there(
    worker: HandingOver, name: str, kind: type
) -> None:
    assert hasattr(worker, name), f"{ARQ}: Worker.{name} is gone; arq_inside.py relies on it"
    value = getattr(worker, name)
    assert isinstance(value, kind), f"{ARQ}: Worker.{name} is {value!r}, not of {kind}"


@pytest.mark.parametrize(("name", "parameters"), METHODS.items(), ids=METHODS)
def test_a_method_that_we_rely_on_takes_what_we_give_it(name: str, parameters: list[str]) -> None:
    method = getattr(Worker, name, None)
    assert inspect.iscoroutinefunction(method), f"{ARQ}: Worker.{name} is no coroutine function"
    taken = list(inspect.signature(method).parameters)
    assert taken == parameters, f"{ARQ}: Worker.{name} takes {taken}"


def test_its_starting_still_goes_by_what_we_set_and_calls_what_we_replace() -> None:
    names = {"sem", "tasks", "job_counter", "max_jobs", "run_job"}
    missing = names - attributes_of_self(Worker.start_jobs)
    assert not missing, f"{ARQ}: Worker.start_jobs no longer uses {missing}"


async def test_whatever_we_use_of_it_is_listed(worker: HandingOver) -> None:
    inherited = set(dir(worker)) - vars(HandingOver).keys()
    assert attributes_of_self(HandingOver) & inherited == {*INSIDE, *METHODS} - {"run_job"}


def attributes_of_self(source: type | Callable[..., object]) -> set[str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(source)))
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self"
    }
