"""Background tasks: what ends them, and what becomes of them then."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from adapters import background_task
from adapters.background_task import BackgroundTask
from application.errors import Unavailable
from tests.waiting import Signal, eventually


@contextlib.asynccontextmanager
async def running(work: Callable[[], Awaitable[None]]) -> AsyncIterator[BackgroundTask]:
    task = BackgroundTask("tea", work)
    task.start()
    try:
        yield task
    finally:
        await task.stop()


def is_down(task: BackgroundTask) -> bool:
    try:
        task.check()
    except Unavailable as error:
        return "'tea'" in error.detail
    return False


async def return_at_once() -> None:
    """Which it never should."""


async def divide_by_zero() -> None:
    raise ZeroDivisionError


async def recurse() -> None:
    raise RecursionError


async def await_what_is_cancelled() -> None:
    task = asyncio.ensure_future(asyncio.sleep(9))
    task.cancel()
    await task


ENDINGS = [return_at_once, divide_by_zero, recurse, await_what_is_cancelled]


@pytest.mark.parametrize("ending", ENDINGS)
async def test_whatever_ends_it_is_logged_and_it_is_down(
    ending: Callable[[], Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(background_task, "FIRST_PAUSE", 3600)
    async with running(ending) as task:
        await eventually(lambda: is_down(task))
        assert not task.is_running
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert vars(caplog.records[0])["task"] == "tea"


@pytest.mark.parametrize("ending", ENDINGS)
async def test_it_is_started_again_and_then_it_is_not_down_any_more(
    ending: Callable[[], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background_task, "FIRST_PAUSE", 0.001)
    begun = 0

    async def fail_once() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            await ending()
        else:
            await asyncio.Event().wait()

    async with running(fail_once) as task:
        await eventually(lambda: begun == 2)
        assert task.is_running
        assert not is_down(task)


async def test_one_that_fails_again_and_again_is_started_less_and_less_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []
    signal = Signal()

    async def note(seconds: float) -> None:
        pauses.append(seconds)
        signal.changed()
        if len(pauses) == 7:
            await asyncio.Event().wait()

    monkeypatch.setattr(asyncio, "sleep", note)
    async with running(divide_by_zero):
        await signal.until(lambda: len(pauses) == 7, lambda: f"paused for {pauses}")
    assert pauses == [0.5, 1, 2, 4, 8, 10, 10]


async def test_stopping_one_that_was_never_started_changes_nothing() -> None:
    task = BackgroundTask("tea", divide_by_zero)
    await task.stop()
    assert not task.is_running
    assert not is_down(task)
