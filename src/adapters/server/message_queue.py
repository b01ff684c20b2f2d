"""Received messages that the application has not taken yet."""

import asyncio
from collections.abc import Callable
from sys import getsizeof
from typing import Any

from adapters.asgi_extensions import OVERHEAD


class MessageQueue(list[Any]):
    """A list that one consumer can wait for: in place of uvicorn's `asyncio.Queue`.

    That one holds four deques: 2.5 KiB of every idle connection. And whoever waits for it does so
    in a coroutine of its own. Few messages are read ahead, so a list does.

    It counts the bytes of what waits. A message that the consumer waits for does not: it is taken
    in the next turn of the event loop. `is_dropped` says that nobody will take what the client
    sends.
    """

    __slots__ = (
        "_changed",
        "_consumer",
        "_first_is_expected",
        "_loop",
        "is_dropped",
        "size",
        "unparsed",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self._consumer: asyncio.Future[None] | None = None
        self._first_is_expected = False
        self._changed: Callable[[int], None] | None = None
        self.is_dropped = False
        self.size = 0
        self.unparsed = 0

    def put_nowait(self, message: Any) -> None:
        self.append(message)
        if self._consumer is not None and not self._consumer.done():
            self._consumer.set_result(None)
            self._first_is_expected = True
        else:
            self._count(_size(message))

    def take(self) -> Any:
        """The first message, which must be there."""
        message = self.pop(0)
        if self._first_is_expected:
            self._first_is_expected = False
        else:
            self._count(-_size(message))
        return message

    def count_unparsed(self, size: int) -> None:
        """Count `size` bytes that are no messages yet, instead of those that were before."""
        self._count(size - self.unparsed)
        self.unparsed = size

    def watch(self, changed: Callable[[int], None]) -> None:
        """Tell `changed` from now on how many bytes more, or fewer, wait; first what there is."""
        self._changed = changed
        changed(self.size)

    def drop(self) -> None:
        """Forget what the client sent."""
        self.is_dropped = True
        self._first_is_expected = False
        self[:] = [each for each in self if each["type"] not in ("websocket.receive", OVERHEAD)]
        self.unparsed = 0
        self._count(sum(map(_size, self)) - self.size)

    def filled(self) -> asyncio.Future[None]:
        """Of an empty queue: done with the next message, which is there unless it was taken."""
        self._consumer = self._loop.create_future()
        return self._consumer

    def _count(self, change: int) -> None:
        self.size += change
        if self._changed is not None and change:
            self._changed(change)


def _size(message: Any) -> int:
    """Bytes of memory that the client can make larger."""
    return getsizeof(message.get("text") or message.get("bytes") or "")
