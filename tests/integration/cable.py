"""The cable between a client and a server, which a test can pull out and plug in again."""

import asyncio
import contextlib
import threading
from typing import Self

READY_SECONDS = 10.0
CHUNK = 65536


class Cable:
    """Listens at `url` and passes every connection on to a port of this machine.

    Pulled out, it breaks all connections at once, and every new one as soon as it comes.
    Clogged, it takes whatever is sent, loses it, and says nothing. Led to another port, it carries
    what it carried before to the old one still.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self.url = ""
        self._is_out = False
        self._is_clogged = False
        self._carried = 0
        self._ends: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._over: asyncio.Event

    def pull(self) -> None:
        self._is_out = True
        self._loop.call_soon_threadsafe(self._break)

    def clog(self) -> None:
        self._is_clogged = True

    def lead_to(self, port: int) -> None:
        self._target = port

    def plug(self) -> None:
        """Have it carry again; connections that have lost something are broken."""
        self._is_out = False
        if self._is_clogged:
            self._is_clogged = False
            self._loop.call_soon_threadsafe(self._break)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(READY_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"
        self._ready.set()
        await self._over.wait()
        self._is_out = True
        server.close()
        self._break()
        # Whoever is cancelled in the middle leaves a transport open, and is told of as an error.
        async with asyncio.timeout(READY_SECONDS):
            while self._carried:  # noqa: ASYNC110 - once, at the end
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._carried += 1
        try:
            await self._carry_on(reader, writer)
        finally:
            self._carried -= 1
            writer.transport.abort()

    async def _carry_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", self._target)
        ends = {writer, there[1]}
        self._ends |= ends
        try:
            if not self._is_out:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._copy(reader, there[1]))
                    group.create_task(self._copy(there[0], writer))
        finally:
            self._ends -= ends
            for end in ends:
                end.transport.abort()

    def _break(self) -> None:
        for end in self._ends:
            end.transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                if not self._is_clogged:
                    writer.write(data)
                    await writer.drain()
            writer.write_eof()
