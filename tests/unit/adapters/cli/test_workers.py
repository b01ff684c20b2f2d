"""How servers are supervised, with small programs in their place."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.cli import workers
from adapters.cli.processes import NotReady, Part
from adapters.cli.workers import Slot, Supervisor
from tests.unit.adapters.cli.parts import FOR_EVER, Stage, part


class Run(logging.Handler):
    """A supervisor that runs, and all that it logs."""

    def __init__(self) -> None:
        super().__init__()
        self.renew = asyncio.Event()
        self.started = asyncio.Event()
        self.task: asyncio.Task[None]
        self.pids: list[int] = []
        self._lines: list[str] = []
        self._new_line = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())
        if "pid" in record.__dict__:
            self.pids.append(record.__dict__["pid"])
        self._new_line.set()

    async def logged(self, text: str, count: int = 1) -> None:
        """Until that many lines had `text` in them."""
        while sum(text in line for line in self._lines) < count:
            self._new_line.clear()
            await self._new_line.wait()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "RESTART_PAUSES", (0.0, 0.001, 0.002))


@pytest.fixture
async def run(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Run]:
    caplog.set_level(logging.INFO, workers.log.name)
    run = Run()
    workers.log.addHandler(run)
    yield run
    workers.log.removeHandler(run)


@asynccontextmanager
async def working(stage: Stage, run: Run, *parts: Part) -> AsyncIterator[None]:
    async with stage.group(at_once=True) as group:
        supervisor = Supervisor([Slot(one, group) for one in parts], on_started=run.started.set)
        run.task = asyncio.create_task(supervisor.run(run.renew))
        try:
            yield
        finally:
            run.task.cancel()
            await asyncio.wait({run.task})


def once(tmp_path: Path) -> str:
    """A program that runs the first time and fails from then on."""
    marker = str(tmp_path / "marker")
    return f"import os; os.open({marker!r}, os.O_CREAT | os.O_EXCL); {FOR_EVER}"


async def test_all_are_ready_before_the_start_is_announced(stage: Stage, run: Run) -> None:
    async with working(stage, run, part(FOR_EVER, "one"), part(FOR_EVER, "two")):
        await run.started.wait()
        assert len(run.pids) == 2


async def test_one_that_crashes_is_replaced_and_the_others_stay(stage: Stage, run: Run) -> None:
    async with working(stage, run, part(FOR_EVER, "one"), part(FOR_EVER, "two")):
        await run.started.wait()
        first, second = run.pids
        os.kill(first, signal.SIGKILL)
        await run.logged("was ended by SIGKILL; the next one starts in")
        await run.logged("is ready", 3)
        assert run.pids[:2] == [first, second]
        os.kill(second, 0)


async def test_pauses_grow_with_crashes_in_a_row(stage: Stage, run: Run) -> None:
    async with working(stage, run, part(FOR_EVER)):
        for count, pause in enumerate(["0.0", "0.001", "0.002", "0.002"], start=1):
            await run.logged("is ready", count)
            os.kill(run.pids[-1], signal.SIGKILL)
            await run.logged(f"the next one starts in {pause} s")
        await run.logged("is ready", 5)


async def test_a_crash_after_a_long_run_begins_a_new_row(
    stage: Stage, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "STEADY_SECONDS", 0.0)
    async with working(stage, run, part(FOR_EVER)):
        for count in (1, 2):
            await run.logged("is ready", count)
            os.kill(run.pids[-1], signal.SIGKILL)
            await run.logged("the next one starts in 0.0 s", count)


async def test_one_that_never_starts_ends_all_with_its_reason(stage: Stage, run: Run) -> None:
    async with working(stage, run, part(FOR_EVER, "one"), part("raise SystemExit(7)", "two")):
        with pytest.raises(NotReady) as problem:
            await run.task
    assert str(problem.value) == (
        "two ended with exit code 7 before it was ready, 3 times in a row; giving up"
    )
    assert not run.started.is_set()


async def test_renewing_replaces_one_after_the_other(stage: Stage, run: Run) -> None:
    async with working(stage, run, part(FOR_EVER, "one"), part(FOR_EVER, "two")):
        await run.started.wait()
        before = set(run.pids)
        run.renew.set()
        await run.logged("all servers are renewed")
        assert len(set(run.pids) - before) == 2
        for pid in before:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
        # A successor is restarted after a crash, too.
        os.kill(run.pids[-1], signal.SIGKILL)
        await run.logged("is ready", 5)


async def test_a_successor_that_does_not_start_replaces_nobody(
    stage: Stage, run: Run, tmp_path: Path
) -> None:
    async with working(stage, run, part(once(tmp_path))):
        await run.started.wait()
        run.renew.set()
        await run.logged("before it was ready; the servers that run are kept")
        os.kill(run.pids[0], 0)
    assert len(run.pids) == 1
