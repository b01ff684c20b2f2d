"""Listeners that may have missed something find out and read it: a few at once, each in its turn.

One that has much to read, or can't read, holds up neither the others nor what is heard live.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from adapters.background_task import BackgroundTask
from adapters.redis_connection import reason
from application.errors import Unavailable

log = logging.getLogger(__name__)

CATCHING_UP = 4
"""So many listeners read at once what they missed: one that has much to read holds up no other."""

RETRY_SECONDS = 1.0
"""How soon a listener that could not read what it missed tries again."""


class Listener(Protocol):
    """Whoever subscribed to a channel."""

    def heard(self, payload: bytes) -> bool:
        """Take a message, at once; whether something before it is missing, so that `resumed` is to
        be called."""

    async def resumed(self) -> None:
        """Messages may be missing: find out, and read them. Others are heard meanwhile."""


class CatchingUp:
    """Of `listeners` by channel. While it isn't `is_connected`, nobody tries again: all will, once
    it is."""

    def __init__(
        self, listeners: Mapping[bytes, Listener], is_connected: Callable[[], bool]
    ) -> None:
        self._listeners = listeners
        self._is_connected = is_connected
        # In the order of their turns.
        self._behind: dict[bytes, None] = {}
        self._resuming: set[bytes] = set()
        self._some_are_behind = asyncio.Event()
        self._failed: set[bytes] = set()
        self.tasks = [
            BackgroundTask(f"catching-up-{n}", self._catch_up) for n in range(CATCHING_UP)
        ]

    def begin(self, name: bytes) -> None:
        """Have the listener of a channel find out what it missed."""
        self._behind[name] = None
        self._some_are_behind.set()

    def has_failed(self, name: bytes, error: Exception) -> None:
        """Log what a listener raised, once until it goes well."""
        if name not in self._failed:
            self._failed.add(name)
            _log_failure(name.decode(), error)

    async def _catch_up(self) -> None:
        while True:
            name = next((name for name in self._behind if name not in self._resuming), None)
            if name is None:
                self._some_are_behind.clear()
                await self._some_are_behind.wait()
                continue
            # Before it begins: what it misses from now on needs another turn.
            del self._behind[name]
            self._resuming.add(name)
            try:
                await self._resume_one(name)
            finally:
                self._resuming.discard(name)
                self._some_are_behind.set()

    async def _resume_one(self, name: bytes) -> None:
        try:
            if listener := self._listeners.get(name):
                await listener.resumed()
        except Exception as error:  # noqa: BLE001 - it is logged
            if self._is_connected():  # otherwise all will resume
                self.has_failed(name, error)
                asyncio.get_running_loop().call_later(RETRY_SECONDS, self.begin, name)
        else:
            self._failed.discard(name)


def _log_failure(channel: str, error: Exception) -> None:
    if isinstance(error, Unavailable):
        why = reason(error.__cause__)
        log.warning("a listener can't read what it missed: %s", why, extra={"channel": channel})
    else:
        log.error("a listener failed", exc_info=error, extra={"channel": channel})
