"""So many at a time for each key; whoever comes later waits for a turn."""

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Turns:
    """At most `most` at a time for one key. Keys that nobody holds or waits for are forgotten."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._free: dict[str, asyncio.Semaphore] = {}
        self._users: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._users)

    @contextlib.asynccontextmanager
    async def turn(self, key: str, until: float) -> AsyncIterator[None]:
        """Wait for a turn of `key`, first come, first served, and have it for as long as this is
        entered. Raises `TimeoutError` if there is none `until` then, by the loop's time."""
        free = self._free.setdefault(key, asyncio.Semaphore(self._most))
        self._users[key] = self._users.get(key, 0) + 1
        try:
            async with asyncio.timeout_at(until):
                await free.acquire()
            try:
                yield
            finally:
                free.release()
        finally:
            self._users[key] -= 1
            if not self._users[key]:
                del self._users[key], self._free[key]
