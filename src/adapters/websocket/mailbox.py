"""What waits to be written to one connection: bounded, in order."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from sys import getsizeof
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Close:
    """The last thing that a mailbox holds."""

    code: int
    reason: str


Item: TypeAlias = str | Close | Mapping[str, Any]
"""A frame, the close, or a message for the connection's own chanx handlers."""


class Mailbox:
    """A queue that refuses what is over its bounds instead of waiting.

    `max_frames` and `max_bytes` of memory bound what live traffic may pile up. Frames of a
    recovery come on top: their lane's capacity bounds them.
    """

    __slots__ = ("_bytes", "_items", "_max_bytes", "_max_frames", "_room", "is_closed")

    def __init__(self, *, max_frames: int, max_bytes: int) -> None:
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self._items: deque[Item] = deque()
        self._bytes = 0
        self._room: asyncio.Event | None = None
        self.is_closed = False

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Item) -> bool:
        """Take an item; False, and nothing taken, if that is over a bound.

        A closed mailbox takes nothing more, and says nothing about it.
        """
        if self.is_closed:
            return True
        size = getsizeof(item)
        if len(self._items) >= self._max_frames or self._bytes + size > self._max_bytes:
            return False
        self._bytes += size
        self._items.append(item)
        return True

    def put_recovered(self, frames: list[str]) -> None:
        """Take what was missed, whatever the bounds, and make that much more room."""
        if self.is_closed:
            return
        size = sum(map(getsizeof, frames))
        self._max_frames += len(frames)
        self._max_bytes += size
        self._bytes += size
        self._items.extend(frames)

    def close(self, *last: Item) -> None:
        """Forget what waits, put `last` instead, and take nothing more."""
        self._items.clear()
        self.finish(*last)

    def finish(self, *last: Item) -> None:
        """Put `last` behind what waits, and take nothing more."""
        self._items.extend(last)
        self._bytes = sum(map(getsizeof, self._items))
        self.is_closed = True
        if self._room is not None:
            self._room.set()

    def take(self) -> Item | None:
        """The next item; None if there is none."""
        if not self._items:
            return None
        item = self._items.popleft()
        self._bytes -= getsizeof(item)
        if self._room is not None and self.has_room:
            self._room.set()
        return item

    @property
    def has_room(self) -> bool:
        """Whether less than half is full: the time to read on from a talkative client."""
        return len(self._items) * 2 < self._max_frames and self._bytes * 2 < self._max_bytes

    async def wait_for_room(self) -> None:
        if self._room is None:
            self._room = asyncio.Event()
        self._room.clear()
        if not self.has_room and not self.is_closed:
            await self._room.wait()
