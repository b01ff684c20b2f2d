"""Reading, made cheap: plain frames bypass the general parser, and nothing is parsed too early."""

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Any

from websockets.frames import Frame
from websockets.protocol import State

from adapters.server.plain_frames import frame_size, read_plain
from adapters.server.protocol import DirectWebSockets

AHEAD = 16
"""So many messages are parsed before the application takes them; the rest stays bytes.

A chunk off a socket (256 KiB in uvloop) may hold 40,000 frames: as messages they would take
fifty times their size, for every client that cares to send one.
"""

SLICE = 4096
"""The general parser gets so many bytes at a time, for the same reason."""


class Inbox:
    """What one reader has yet to take: an `asyncio.Queue` for a single consumer.

    That one holds four deques, which is 2.5 KiB of every idle connection.
    """

    __slots__ = ("_items", "_loop", "_reader")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._items: deque[Any] = deque()
        self._reader: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._items)

    def put_nowait(self, item: Any) -> None:
        self._items.append(item)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def get(self) -> Any:
        while not self._items:
            self._reader = self._loop.create_future()
            await self._reader
        return self._items.popleft()


class FastWebSockets(DirectWebSockets):
    """`DirectWebSockets` that reads plain frames itself.

    `websockets` still reads all others, so it has to see each of those whole: `_partial` is how
    many bytes it was given of a frame that it has not yet given back.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._inbox = Inbox(self.loop)
        self.queue = self._inbox  # type: ignore[assignment]  # what uvicorn uses of a queue
        self._unread = b""
        self._partial = 0

    def data_received(self, data: bytes) -> None:
        self._unread = self._unread + data if self._unread else data
        self._read()

    async def receive(self) -> Any:
        message = await self._inbox.get()
        if self.read_paused and not len(self._inbox) and not self.disconnected:
            self._read()
            if not self._unread and self.read_paused:
                self.read_paused = False
                self.transport.resume_reading()
        return message

    def send(self, message: Any) -> Coroutine[Any, Any, None]:
        return (
            self._close(message) if message["type"] == "websocket.close" else super().send(message)
        )

    async def _close(self, message: Any) -> None:
        """Close, and read on: the client's own close may lie behind what nobody takes any more."""
        await super().send(message)
        self._read()

    def _read(self) -> None:
        """Parse what the application is about to take; after its close, all, to drop it."""
        data, at = self._unread, 0
        inbox = self._inbox
        while at < len(data) and (len(inbox) < AHEAD or self.close_sent):
            text = None
            if self._partial == 0 and self._takes_messages():
                text, at = read_plain(data, at, self.config.ws_max_size)
            if text is not None:
                inbox.put_nowait({"type": "websocket.receive", "text": text})
            else:
                self._parse(data[at : at + SLICE])
                at += SLICE
        self._unread = data[at:]
        if (self._unread or len(inbox) >= AHEAD) and not self.read_paused and not self.close_sent:
            self.read_paused = True
            self.transport.pause_reading()

    def _takes_messages(self) -> bool:
        # Nothing is plain once compression was agreed on: frames given back are larger then
        # than they were on the wire, and what `_partial` says is not to be relied on.
        conn = self.conn
        return (
            conn.state is State.OPEN
            and conn.current_size is None
            and not conn.extensions
            and not self.close_sent
        )

    def _parse(self, piece: bytes) -> None:
        self._partial += len(piece)
        self.conn.receive_data(piece)
        if self.conn.parser_exc is not None:
            self.handle_parser_exception()
            return
        for event in self.conn.events:
            # All of a handshake is here at once; a frame may be longer than it had to be, and
            # then `_partial` stays above 0, and all that follows is left to `websockets`.
            self._partial -= frame_size(event) if isinstance(event, Frame) else self._partial
        self.handle_events()
