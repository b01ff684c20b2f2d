"""How tests wait: for something to happen, with a deadline, and never for luck."""

import asyncio
from collections.abc import Callable

DEADLINE = 10.0
"""Seconds after which something awaited counts as never happening."""


class Signal:
    """Lets a test wait for something that a double sees happen."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def changed(self) -> None:
        self._changed.set()

    async def until(self, enough: Callable[[], bool], describe: Callable[[], str]) -> None:
        try:
            async with asyncio.timeout(DEADLINE):
                while not enough():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(describe()) from None


async def eventually(reached: Callable[[], object]) -> None:
    """Let others run until `reached()` is true; fail at the deadline."""
    async with asyncio.timeout(DEADLINE):
        while not reached():  # noqa: ASYNC110 - what is waited for is no event
            await asyncio.sleep(0.001)
