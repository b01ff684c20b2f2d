"""Received messages that the application has not taken yet."""

import asyncio
from typing import Any


class MessageQueue(list[Any]):
    """A list that one consumer can wait for: in place of uvicorn's `asyncio.Queue`.

    That one holds four deques: 2.5 KiB of every idle connection. And whoever waits for it does so
    in a coroutine of its own. Few messages are read ahead, so a list does.
    """

    __slots__ = ("_consumer", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self._consumer: asyncio.Future[None] | None = None

    def put_nowait(self, message: Any) -> None:
        self.append(message)
        if self._consumer is not None and not self._consumer.done():
            self._consumer.set_result(None)

    def filled(self) -> asyncio.Future[None]:
        """Of an empty queue: done with the next message, which is there unless it was taken."""
        self._consumer = self._loop.create_future()
        return self._consumer
