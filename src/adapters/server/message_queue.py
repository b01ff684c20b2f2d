"""Received messages that the application has not taken yet."""

import asyncio
from typing import Any


class MessageQueue:
    """An `asyncio.Queue` for one consumer.

    `asyncio.Queue` holds four deques: 2.5 KiB of every idle connection. A list does: few messages
    are read ahead, and an empty one takes a tenth of an empty deque.
    """

    __slots__ = ("_consumer", "_loop", "_messages")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._messages: list[Any] = []
        self._consumer: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._messages)

    def put_nowait(self, message: Any) -> None:
        self._messages.append(message)
        if self._consumer is not None and not self._consumer.done():
            self._consumer.set_result(None)

    async def get(self) -> Any:
        while not self._messages:
            self._consumer = self._loop.create_future()
            await self._consumer
        return self._messages.pop(0)
