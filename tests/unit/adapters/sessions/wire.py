"""A transport for tests: what a session writes to it, and what a client says over it."""

import asyncio
from collections.abc import Callable

from adapters.sessions.transport import Overhead, Transport


class Wire(Transport):
    """Takes each frame at once while `is_free`; else `send` waits until it is `freed`."""

    def __init__(self) -> None:
        self.is_free = True
        self.frames: list[str] = []
        self.closed: tuple[int, str] | None = None
        self.is_aborted = asyncio.Event()
        self._incoming: asyncio.Queue[str | bytes | Overhead | None] = asyncio.Queue()
        self._freed = asyncio.Event()
        self._is_broken = False
        self.write_now = self._write_now
        self.unhandled = 0
        self.is_dropped = False

    def says(self, *frames: str | bytes | Overhead) -> None:
        for frame in frames:
            self._incoming.put_nowait(frame)

    def hangs_up(self) -> None:
        self._incoming.put_nowait(None)

    def gets_free(self) -> None:
        self.is_free = True
        self._freed.set()

    def breaks(self) -> None:
        """From now on nothing can be sent; `receive` doesn't notice."""
        self._is_broken = True

    def reads_ahead(self, size: int) -> None:
        """So many bytes more were read of the client, or fewer, and wait to be handled."""
        self.unhandled += size
        self._changed(size)

    def count_unhandled(self, changed: Callable[[int], None]) -> None:
        self._changed = changed

    def drop_unhandled(self) -> None:
        self.is_dropped = True
        self.reads_ahead(-self.unhandled)

    async def receive(self) -> str | bytes | Overhead | None:
        return await self._incoming.get()

    async def send(self, frame: str) -> None:
        if self._is_broken:
            raise ConnectionResetError
        if not self.is_free:
            await self._freed.wait()
        self.frames.append(frame)

    async def close(self, code: int, reason: str) -> None:
        if not self.is_free:
            await self._freed.wait()
        self.closed = (code, reason)
        self.hangs_up()

    def abort(self) -> None:
        self.is_aborted.set()
        self.hangs_up()

    def _write_now(self, frame: str) -> bool:
        if self.is_free:
            self.frames.append(frame)
        return self.is_free
