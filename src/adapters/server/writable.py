"""Whether a transport takes more, and whoever waits until it does."""

import asyncio


class Writable:
    """An `asyncio.Event` that is set at first, and is a real one only while it isn't.

    An event holds a deque for those who wait: 0.8 KiB of every idle connection.
    """

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event: asyncio.Event | None = None

    def is_set(self) -> bool:
        return self._event is None

    def clear(self) -> None:
        if self._event is None:
            self._event = asyncio.Event()

    def set(self) -> None:
        if self._event is not None:
            self._event.set()
            self._event = None

    async def wait(self) -> None:
        if self._event is not None:
            await self._event.wait()
