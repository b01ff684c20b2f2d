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
    "queue_read_limit": int,
    "sem": asyncio.BoundedSemaphore,
    "tasks": dict,
}

METHOD = "_poll_iteration"
"""Takes at most `queue_read_limit` jobs from the queue, and starts a task for each."""

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


def test_one_round_of_its_loop_is_a_method_without_arguments() -> None:
    method = getattr(Worker, METHOD, None)
    assert inspect.iscoroutinefunction(method), f"{ARQ}: Worker.{METHOD} is no coroutine function"
    parameters = list(inspect.signature(method).parameters)
    assert parameters == ["self"], f"{ARQ}: Worker.{METHOD} takes {parameters}"


@pytest.mark.parametrize(
    ("method", "names"),
    [
        (Worker._poll_iteration, {"queue_read_limit", "tasks", "job_counter", "max_jobs"}),
        (Worker.start_jobs, {"sem", "tasks", "job_counter", "max_jobs"}),
    ],
    ids=["_poll_iteration", "start_jobs"],
)
def test_its_round_still_goes_by_what_we_set(
    method: Callable[..., object], names: set[str]
) -> None:
    missing = names - attributes_of_self(method)
    assert not missing, f"{ARQ}: Worker.{method.__name__} no longer uses {missing}"


async def test_whatever_we_use_of_it_is_listed(worker: HandingOver) -> None:
    inherited = set(dir(worker)) - vars(HandingOver).keys()
    assert attributes_of_self(HandingOver) & inherited == {*INSIDE, METHOD}


def attributes_of_self(source: type | Callable[..., object]) -> set[str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(source)))
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self"
    }
