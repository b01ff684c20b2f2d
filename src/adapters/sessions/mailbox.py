"""What waits to be written to one session: bounded, in order."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from sys import getsizeof
from typing import Any, TypeAlias

Item: TypeAlias = str | Mapping[str, Any]
"""A frame, or a message for the session's own handlers."""


class Mailbox:
    """A queue that refuses what is over its bounds instead of waiting.

    `max_frames` and `max_bytes` of memory bound what live traffic may pile up. What is put beyond
    them comes on top: a recovery is bounded by its lane's capacity, and a session has one end.

    There is a deque only while something waits: an empty one takes 0.7 KiB of an idle session.
    """

    __slots__ = ("_bytes", "_has_room", "_items", "_max_bytes", "_max_frames")

    def __init__(self, *, max_frames: int, max_bytes: int) -> None:
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self._items: deque[Item] | tuple[()] = ()
        self._bytes = 0
        self._has_room: asyncio.Event | None = None

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Item) -> bool:
        """Take an item; False, and nothing taken, if that is over a bound."""
        size = getsizeof(item)
        if len(self._items) >= self._max_frames or self._bytes + size > self._max_bytes:
            return False
        self._bytes += size
        self._waiting().append(item)
        return True

    def put_beyond(self, frames: Sequence[str]) -> None:
        """Take frames whatever the bounds, and make that much more room."""
        size = sum(map(getsizeof, frames))
        self._max_frames += len(frames)
        self._max_bytes += size
        self._bytes += size
        self._waiting().extend(frames)

    def take(self) -> Item | None:
        """The next item; None if there is none."""
        if not self._items:
            return None
        item = self._items.popleft()
        if not self._items:
            self._items = ()
        self._bytes -= getsizeof(item)
        if self._has_room is not None and self.has_room:
            self._has_room.set()
        return item

    def clear(self) -> None:
        """Forget what waits."""
        self._items = ()
        self._bytes = 0
        self.release()

    def release(self) -> None:
        """Let `wait_for_room` return, whether there is room or not."""
        if self._has_room is not None:
            self._has_room.set()

    @property
    def has_room(self) -> bool:
        """Whether less than half is full: the time to read on from a talkative client."""
        return len(self._items) * 2 < self._max_frames and self._bytes * 2 < self._max_bytes

    async def wait_for_room(self) -> None:
        if self._has_room is None:
            self._has_room = asyncio.Event()
        self._has_room.clear()
        if not self.has_room:
            await self._has_room.wait()

    def _waiting(self) -> deque[Item]:
        if not self._items:
            self._items = deque()
        return self._items
