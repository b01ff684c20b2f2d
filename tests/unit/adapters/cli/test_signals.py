import asyncio
import os
import pty
import signal
from collections.abc import Iterator

import pytest

from adapters.cli.signals import Signals
from tests.unit.adapters.cli.parts import DEADLINE


@pytest.fixture(autouse=True)
def nothing_stays_handled() -> Iterator[None]:
    numbers = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


async def is_set(event: asyncio.Event) -> bool:
    return await asyncio.wait_for(event.wait(), DEADLINE)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_asks_to_stop(number: signal.Signals) -> None:
    signals = Signals()
    signal.raise_signal(number)
    assert await is_set(signals.stop)
    assert not signals.kill.is_set()


async def test_a_second_ctrl_c_asks_to_kill() -> None:
    signals = Signals()
    for _ in range(2):
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(0)
    assert await is_set(signals.kill)


async def test_a_second_sigterm_asks_for_nothing_new() -> None:
    signals = Signals()
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)
    assert await is_set(signals.stop)
    assert not signals.kill.is_set()


async def test_a_hangup_renews_where_that_is_possible() -> None:
    signals = Signals(renews=True)
    signal.raise_signal(signal.SIGHUP)
    assert await is_set(signals.renew)
    assert not signals.stop.is_set()


async def test_a_hangup_by_a_closed_terminal_asks_to_stop() -> None:
    ours, theirs = pty.openpty()
    before = os.dup(0)
    try:
        os.dup2(theirs, 0)
        os.close(theirs)
        signals = Signals(renews=True)
        os.close(ours)
        signal.raise_signal(signal.SIGHUP)
        assert await is_set(signals.stop)
        assert not signals.renew.is_set()
    finally:
        os.dup2(before, 0)
        os.close(before)


async def test_under_nohup_a_hangup_is_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    Signals()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


async def test_work_is_cancelled_and_awaited_when_it_is_to_stop() -> None:
    signals = Signals()
    ended = []

    async def work() -> None:
        try:
            signals.stop.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    await asyncio.wait_for(signals.run_until_stopped(work()), DEADLINE)
    assert ended == [True]


async def test_what_goes_wrong_with_work_is_raised() -> None:
    async def work() -> None:
        raise RuntimeError("this")

    with pytest.raises(RuntimeError, match="this"):
        await Signals().run_until_stopped(work())


async def test_work_that_is_done_is_not_waited_for() -> None:
    async def work() -> None:
        return

    await asyncio.wait_for(Signals().run_until_stopped(work()), DEADLINE)
