"""What waits to be written to one session: bounded, in order."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from sys import getsizeof
from typing import Any, TypeAlias

from adapters.sessions.buffered_bytes import Share

Item: TypeAlias = str | Mapping[str, Any]
"""A frame, or a message for the session's own handlers."""


class Mailbox:
    """A queue that refuses what is over its bounds instead of waiting.

    `max_frames` and `max_bytes` of memory bound what live traffic may pile up. What is put beyond
    them has no part in them: a recovery is bounded by its lane's capacity and bytes, and there is
    one for each of the audiences that a session may subscribe to; and it has one end. All of it
    is in `share`.

    There is a deque only while something waits: an empty one takes 0.7 KiB of an idle session.
    """

    __slots__ = (
        "_beyond",
        "_bytes",
        "_frames",
        "_has_room",
        "_items",
        "_max_bytes",
        "_max_frames",
        "_share",
    )

    def __init__(self, share: Share, max_frames: int, max_bytes: int) -> None:
        self._share = share
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        # What was put beyond the bounds stands in the queue as a queue of its own.
        self._items: deque[Item | deque[str]] | tuple[()] = ()
        self._frames = 0
        self._bytes = 0
        self._beyond = 0
        """Bytes of what was put beyond the bounds."""
        self._has_room: asyncio.Event | None = None

    def __bool__(self) -> bool:
        return bool(self._items)

    def put(self, item: Item) -> bool:
        """Take an item; False, and nothing taken, if that is over a bound."""
        size = _size(item)
        if self._frames >= self._max_frames or self._bytes + size > self._max_bytes:
            return False
        self._frames += 1
        self._bytes += size
        self._append(item)
        self._share.add(size)
        return True

    def put_beyond(self, frames: Iterable[str]) -> None:
        """Take frames whatever the bounds, without a share in them."""
        if beyond := deque(frames):
            size = sum(map(getsizeof, beyond))
            self._beyond += size
            self._append(beyond)
            self._share.add(size)

    def take(self) -> Item | None:
        """The next item; None if there is none."""
        if not self._items:
            return None
        first = self._items[0]
        if isinstance(first, deque):
            frame = first.popleft()
            if not first:
                self._drop_first()
            size = getsizeof(frame)
            self._beyond -= size
            self._share.add(-size)
            return frame
        self._drop_first()
        size = _size(first)
        self._frames -= 1
        self._bytes -= size
        self._share.add(-size)
        if self._has_room is not None and self.has_room:
            self._has_room.set()
        return first

    def clear(self) -> None:
        """Forget what waits."""
        self._items = ()
        self._share.add(-self._bytes - self._beyond)
        self._frames = self._bytes = self._beyond = 0
        self.release()

    def release(self) -> None:
        """Let `wait_for_room` return, whether there is room or not."""
        if self._has_room is not None:
            self._has_room.set()

    @property
    def has_room(self) -> bool:
        """Whether less than half is full: the time to read on from a talkative client."""
        return self._frames * 2 < self._max_frames and self._bytes * 2 < self._max_bytes

    async def wait_for_room(self) -> None:
        if self._has_room is None:
            self._has_room = asyncio.Event()
        self._has_room.clear()
        if not self.has_room:
            await self._has_room.wait()

    def _append(self, item: Item | deque[str]) -> None:
        if isinstance(self._items, tuple):
            self._items = deque()
        self._items.append(item)

    def _drop_first(self) -> None:
        if isinstance(self._items, deque):
            self._items.popleft()
        if not self._items:
            self._items = ()


def _size(item: Item) -> int:
    """Bytes of memory. Of a message, which is rare, those of its text: a dictionary has no size."""
    return getsizeof(item if isinstance(item, str) else repr(item))
