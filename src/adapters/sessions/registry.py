"""All sessions of this process: how many there may be, who is stuck, and the drain."""

import asyncio
import contextlib
import logging
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from adapters.addresses import address_key
from adapters.limits.limited import Limited
from adapters.sessions.buffered_bytes import BufferedBytes
from adapters.sessions.disconnects import UNAVAILABLE, Disconnect, restarting
from adapters.settings import SessionSettings
from application.member_rates import MemberRates
from domain.identity import Caller, Identity

log = logging.getLogger(__name__)

SWEEP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Totals:
    """`open` are the sessions of now; the others have been counted since the start.

    `disconnects` are the sessions that were told to leave, by close code. `buffered_bytes` wait to
    be written or handled; `frames_dropped` are those that slow readers missed.
    """

    open: int
    opened: int
    frames_received: int
    disconnects: Mapping[int, int]
    buffered_bytes: int
    frames_dropped: int


class OpenSession(Protocol):
    @property
    def caller(self) -> Caller: ...

    @property
    def frames_received(self) -> int: ...

    def check(self, now: float) -> None:
        """Disconnect if a write is stuck, or its time is over; `now` is the loop's time."""

    @property
    def buffered_bytes(self) -> int:
        """What waits for this client, or was read of it and not handled."""

    def disconnect(self, why: Disconnect) -> None:
        """Tell the client why, and close."""

    def disconnect_largest(self) -> None:
        """Let go of what is buffered, and disconnect."""


class Registry:
    """Without `rates` nobody counts what members send on all their connections."""

    def __init__(
        self,
        settings: SessionSettings,
        rates: MemberRates | None = None,
        limited: Limited | None = None,
    ) -> None:
        self.settings = settings
        self.rates = rates
        self.limited = limited or Limited()
        self.is_draining = False
        self._leaving: Disconnect | None = None
        self._open: set[OpenSession] = set()
        self._opened = 0
        self._by_address: Counter[str] = Counter()
        self._frames_of_ended = 0
        self._disconnects: Counter[int] = Counter()
        self.buffered = BufferedBytes(settings.buffered_bytes, self._relieve_soon)
        self._relief: asyncio.Handle | None = None
        self._nobody_left = asyncio.Event()
        self._nobody_left.set()

    def __len__(self) -> int:
        return len(self._open)

    @property
    def is_full(self) -> bool:
        return len(self._open) >= self.settings.max_connections

    def add(self, session: OpenSession) -> None:
        """Count a session; during a drain it is told to leave like the others."""
        self._open.add(session)
        self._opened += 1
        self._by_address[address_key(session.caller.address)] += 1
        self._nobody_left.clear()
        if self._leaving is not None:
            _disconnect(session, self._leaving)

    def discard(self, session: OpenSession) -> None:
        if session in self._open:
            self._open.remove(session)
            key = address_key(session.caller.address)
            self._by_address[key] -= 1
            if not self._by_address[key]:
                del self._by_address[key]
            self._frames_of_ended += session.frames_received
        if not self._open:
            self._nobody_left.set()

    def open_from(self, host: str) -> int:
        """How many sessions are open from the address of `host`."""
        return self._by_address[address_key(host)]

    def count_disconnect(self, code: int) -> None:
        self._disconnects[code] += 1

    def totals(self) -> Totals:
        """Counted when asked for: sessions count their own frames anyway."""
        frames = sum(session.frames_received for session in self._open)
        return Totals(
            len(self._open),
            self._opened,
            self._frames_of_ended + frames,
            dict(self._disconnects),
            self.buffered.total,
            self.buffered.dropped,
        )

    async def sweep(self, away_for: Callable[[], float], patience: float) -> None:
        """Look after all sessions for ever: one timer for all, instead of one per write.

        Disconnects whoever is stuck or has expired, and everybody once the backend has been
        `away_for` more than `patience` seconds.
        """
        loop = asyncio.get_running_loop()
        was_cut_off = False
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self._check(loop.time())
            is_cut_off = away_for() > patience
            if is_cut_off and not was_cut_off:
                log.error("cut off from the backend for too long: clients are sent elsewhere")
            if is_cut_off:
                self.disconnect_all(UNAVAILABLE)
            was_cut_off = is_cut_off

    def _check(self, now: float) -> None:
        # Not in `sweep`, which would hold on to the last one until the next.
        for session in list(self._open):
            session.check(now)

    def _relieve_soon(self) -> None:
        # Not at once: somebody is giving a frame to one session after the other.
        if self._relief is None:
            self._relief = asyncio.get_running_loop().call_soon(self._relieve)

    def _relieve(self) -> None:
        """Disconnect those who hold most, until all hold no more than they may together."""
        self._relief = None
        if not self._refuses_what_is_buffered():
            return
        for session in sorted(self._open, key=_buffered_bytes, reverse=True):
            session.disconnect_largest()
            if not self._refuses_what_is_buffered():
                return

    def _refuses_what_is_buffered(self) -> bool:
        return self.buffered.is_over and self.limited.refuses("buffered_bytes", "process")

    def disconnect_all(self, why: Disconnect) -> None:
        """Have everybody come back, perhaps to another server, each at another moment."""
        for session in list(self._open):
            _disconnect(session, why)

    def disconnect_identities(self, are_out: Callable[[Identity], bool], why: Disconnect) -> None:
        """Disconnect the sessions of identities that `are_out`."""
        for session in list(self._open):
            if are_out(session.caller.identity):
                session.disconnect(why)

    async def drain(self, seconds: float, *, notice: float = 0.0) -> None:
        """Disconnect everybody within `seconds`, each told another moment to come back.

        Before that, readiness is off for `notice` seconds, for load balancers to see.
        """
        self.is_draining = True
        await asyncio.sleep(notice)
        self._leaving = restarting(seconds)
        self.disconnect_all(self._leaving)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._nobody_left.wait()


def _disconnect(session: OpenSession, why: Disconnect) -> None:
    session.disconnect(why.in_seconds(random.uniform(0, why.after or 0)))


def _buffered_bytes(session: OpenSession) -> int:
    return session.buffered_bytes
