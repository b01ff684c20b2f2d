"""Compares how far this process has given out its quiet groups with how far Redis has them.

A gap shows when the next message comes. Where none comes, this finds the last one that was lost on
its way, and a history that Redis forgot.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from adapters.background_task import BackgroundTask
from adapters.layers.position import BEGINNING, Position
from adapters.layers.publication import Malformed, decode_end
from adapters.redis_commands import Script
from adapters.redis_connection import Client, answering
from application.errors import Unavailable

PLACES = Script(Path(__file__).parent / "scripts" / "places.lua")

GROUPS_A_COMMAND = 500
"""Redis does nothing else meanwhile: about a tenth of a millisecond."""


class Compared(Protocol):
    """A group that this process listens to."""

    @property
    def meta_key(self) -> str: ...

    @property
    def place(self) -> Position | None:
        """Up to where it was given out; None while that is unknown."""

    async def resumed(self) -> None:
        """Messages may be missing."""


class PositionCheck:
    """One for all lanes of a process. A group is compared if it has stood still for `interval`
    seconds, so what it missed is found within twice that."""

    def __init__(self, client: Client, *, interval: float) -> None:
        self._client = client
        self._interval = interval
        self._sources: list[Callable[[], Iterable[Compared]]] = []
        self._before: dict[Compared, Position] = {}
        self._task = BackgroundTask("position-check", self._run)

    def watch(self, groups: Callable[[], Iterable[Compared]]) -> None:
        """Compare, from now on, whatever `groups` returns."""
        self._sources.append(groups)

    def start(self) -> None:
        self._task.start()

    async def stop(self) -> None:
        await self._task.stop()

    def check(self) -> None:
        """Raises `Unavailable` while nothing is compared."""
        self._task.check()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            with contextlib.suppress(Unavailable):  # whoever lost the connection is told by its end
                await self.compare()

    async def compare(self) -> None:
        """Have groups that stood still since the last time catch up, if Redis has them elsewhere;
        raises `Unavailable`."""
        places = {
            group: place
            for groups in self._sources
            for group in groups()
            if (place := group.place) is not None
        }
        quiet = [group for group, place in places.items() if self._before.get(group) == place]
        self._before = places
        for some in (
            quiet[i : i + GROUPS_A_COMMAND] for i in range(0, len(quiet), GROUPS_A_COMMAND)
        ):
            with answering():
                found = await PLACES(self._client, [group.meta_key for group in some], [])
            for group, raw in zip(some, found, strict=True):
                place = places[group]
                # What has moved in the meantime is not quiet.
                if group.place == place and _is_elsewhere(raw, place):
                    # What one group meets with is no reason to leave out the others.
                    with contextlib.suppress(Unavailable):
                        await group.resumed()


def _is_elsewhere(raw: bytes, place: Position) -> bool:
    try:
        end_there = decode_end(raw)
    except Malformed:
        end_there = BEGINNING
    if not end_there.epoch:
        return bool(place.epoch)
    return end_there != place
