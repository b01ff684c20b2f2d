"""How servers are kept up, with small programs in their place."""

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


class Company(logging.Handler):
    """A supervisor at work, and all that it says in the log."""

    def __init__(self) -> None:
        super().__init__()
        self.renew = asyncio.Event()
        self.started = asyncio.Event()
        self.work: asyncio.Task[None]
        self.pids: list[int] = []
        self._lines: list[str] = []
        self._news = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())
        if "pid" in record.__dict__:
            self.pids.append(record.__dict__["pid"])
        self._news.set()

    async def said(self, text: str, count: int = 1) -> None:
        """Until that many lines had `text` in them."""
        while sum(text in line for line in self._lines) < count:
            self._news.clear()
            await self._news.wait()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PAUSES", (0.0, 0.001, 0.002))


@pytest.fixture
async def company(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Company]:
    caplog.set_level(logging.INFO, workers.log.name)
    company = Company()
    workers.log.addHandler(company)
    yield company
    workers.log.removeHandler(company)


@asynccontextmanager
async def working(stage: Stage, company: Company, *parts: Part) -> AsyncIterator[None]:
    async with stage.group(at_once=True) as group:
        supervisor = Supervisor(
            [Slot(one, group) for one in parts], tell_started=company.started.set
        )
        company.work = asyncio.create_task(supervisor.keep_up(company.renew))
        try:
            yield
        finally:
            company.work.cancel()
            await asyncio.wait({company.work})


def once(tmp_path: Path) -> str:
    """A program that runs the first time and fails from then on."""
    marker = str(tmp_path / "marker")
    return f"import os; os.open({marker!r}, os.O_CREAT | os.O_EXCL); {FOR_EVER}"


async def test_all_are_started_before_anybody_is_told(stage: Stage, company: Company) -> None:
    async with working(stage, company, part(FOR_EVER, "one"), part(FOR_EVER, "two")):
        await company.started.wait()
        assert len(company.pids) == 2


async def test_one_that_dies_is_replaced_and_the_others_stay(
    stage: Stage, company: Company
) -> None:
    async with working(stage, company, part(FOR_EVER, "one"), part(FOR_EVER, "two")):
        await company.started.wait()
        first, second = company.pids
        os.kill(first, signal.SIGKILL)
        await company.said("was ended by SIGKILL; the next one starts in")
        await company.said("is ready", 3)
        assert company.pids[:2] == [first, second]
        os.kill(second, 0)


async def test_pauses_grow_while_deaths_follow_each_other(stage: Stage, company: Company) -> None:
    async with working(stage, company, part(FOR_EVER)):
        for count, pause in enumerate(["0.0", "0.001", "0.002", "0.002"], start=1):
            await company.said("is ready", count)
            os.kill(company.pids[-1], signal.SIGKILL)
            await company.said(f"the next one starts in {pause} s")
        await company.said("is ready", 5)


async def test_a_death_after_a_long_life_is_a_first_death(
    stage: Stage, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "STEADY_SECONDS", 0.0)
    async with working(stage, company, part(FOR_EVER)):
        for count in (1, 2):
            await company.said("is ready", count)
            os.kill(company.pids[-1], signal.SIGKILL)
            await company.said("the next one starts in 0.0 s", count)


async def test_one_that_never_starts_ends_all_with_its_reason(
    stage: Stage, company: Company
) -> None:
    async with working(stage, company, part(FOR_EVER, "one"), part("raise SystemExit(7)", "two")):
        with pytest.raises(NotReady) as problem:
            await company.work
    assert str(problem.value) == (
        "two ended with exit code 7 before it was ready, 3 times in a row; giving up"
    )
    assert not company.started.is_set()


async def test_renewing_replaces_one_after_the_other(stage: Stage, company: Company) -> None:
    async with working(stage, company, part(FOR_EVER, "one"), part(FOR_EVER, "two")):
        await company.started.wait()
        before = set(company.pids)
        company.renew.set()
        await company.said("all servers are renewed")
        assert len(set(company.pids) - before) == 2
        for pid in before:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
        # Whoever came with the renewal is kept up, too.
        os.kill(company.pids[-1], signal.SIGKILL)
        await company.said("is ready", 5)


async def test_a_successor_that_does_not_start_replaces_nobody(
    stage: Stage, company: Company, tmp_path: Path
) -> None:
    async with working(stage, company, part(once(tmp_path))):
        await company.started.wait()
        company.renew.set()
        await company.said("before it was ready; the servers that run are kept")
        os.kill(company.pids[0], 0)
    assert len(company.pids) == 1
