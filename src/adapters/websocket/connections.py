"""All connections of this process: how many there may be, who is stuck, and the drain."""

import asyncio
import contextlib
import logging
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from adapters.websocket.closing import UNAVAILABLE, Farewell, restarting

log = logging.getLogger(__name__)

SWEEP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """What every connection is given; see `.env.example` for each bound's reason."""

    max_connections: int
    mailbox_frames: int
    mailbox_bytes: int
    frames_per_second: float
    frame_burst: int
    flood_seconds: float
    send_timeout: float
    backend_patience: float
    send_completion: bool
    log_websocket: bool
    log_ignored_actions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Totals:
    """`open` are the connections of now; the others have been counted since the start.

    `farewells` are the connections that were told to leave, by close code.
    """

    open: int
    opened: int
    frames_received: int
    farewells: Mapping[int, int]


class OpenConnection(Protocol):
    @property
    def frames_received(self) -> int: ...

    def check_writing(self, now: float) -> None:
        """Close if a write has been stuck for too long; `now` is the loop's time."""

    def say_farewell(self, farewell: Farewell) -> None:
        """Tell the client why, and close."""


class Connections:
    def __init__(self, settings: ConnectionSettings) -> None:
        self.settings = settings
        self.is_draining = False
        self._open: set[OpenConnection] = set()
        self._opened = 0
        self._frames_of_ended = 0
        self._farewells: Counter[int] = Counter()
        self._nobody_left = asyncio.Event()
        self._nobody_left.set()

    def __len__(self) -> int:
        return len(self._open)

    @property
    def is_full(self) -> bool:
        return len(self._open) >= self.settings.max_connections

    def add(self, connection: OpenConnection) -> None:
        self._open.add(connection)
        self._opened += 1
        self._nobody_left.clear()

    def discard(self, connection: OpenConnection) -> None:
        if connection in self._open:
            self._open.remove(connection)
            self._frames_of_ended += connection.frames_received
        if not self._open:
            self._nobody_left.set()

    def count_farewell(self, code: int) -> None:
        self._farewells[code] += 1

    def totals(self) -> Totals:
        """Counted when asked for: connections count their own frames anyway."""
        frames = sum(connection.frames_received for connection in self._open)
        return Totals(
            len(self._open), self._opened, self._frames_of_ended + frames, dict(self._farewells)
        )

    async def sweep(self, away_for: Callable[[], float]) -> None:
        """Look after all connections for ever: one timer for all, instead of one per write.

        Closes whoever is stuck; sends everybody away once the backend has been `away_for`
        more than the patience that the settings have.
        """
        loop = asyncio.get_running_loop()
        was_cut_off = False
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self._check_writing(loop.time())
            is_cut_off = away_for() > self.settings.backend_patience
            if is_cut_off and not was_cut_off:
                log.error("cut off from the backend for too long: clients are sent elsewhere")
            if is_cut_off:
                self.send_away(UNAVAILABLE)
            was_cut_off = is_cut_off

    def _check_writing(self, now: float) -> None:
        # Not in `sweep`, which would hold on to the last one until the next.
        for connection in list(self._open):
            connection.check_writing(now)

    def send_away(self, farewell: Farewell) -> None:
        """Have everybody come back, perhaps to another server, each at another moment."""
        for connection in list(self._open):
            after = random.uniform(0, farewell.after or 0)
            connection.say_farewell(replace(farewell, after=after))

    async def drain(self, seconds: float, *, notice: float = 0.0) -> None:
        """Send everybody away within `seconds`, each told another moment to come back.

        Before that, readiness is off for `notice` seconds, for load balancers to see.
        """
        self.is_draining = True
        await asyncio.sleep(notice)
        self.send_away(restarting(seconds))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._nobody_left.wait()
