"""What waits to be written to one session: bounded, in order."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from sys import getsizeof
from typing import Any, TypeAlias

from adapters.sessions.buffered_bytes import Share
from adapters.sessions.droppable import NOTHING, Backlog, Droppable, Place

Item: TypeAlias = str | Mapping[str, Any]
"""A frame, or a message for the session's own handlers."""


EMPTY_PLACES = 64
"""So many are left where they are, whatever else waits: to clear them away takes a new queue."""


class Mailbox:
    """A queue that refuses what is over its bounds instead of waiting.

    `max_frames` and `max_bytes` of memory bound what live traffic may pile up. What is put beyond
    them has no part in them: a recovery is bounded by its lane's capacity and bytes, and there is
    one for each of the audiences that a session may subscribe to; and it has one end. All of it
    is in `share`. What may be dropped is, before anything is refused.

    There is a deque only while something waits: an empty one takes 0.7 KiB of an idle session.
    """

    __slots__ = (
        "_beyond",
        "_bytes",
        "_droppable",
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
        self._items: deque[Item | deque[str] | Place] | tuple[()] = ()
        self._frames = 0
        self._bytes = 0
        self._droppable = NOTHING
        """On top of those frames and bytes."""
        self._beyond = 0
        """Bytes of what was put beyond the bounds."""
        self._has_room: asyncio.Event | None = None

    def __bool__(self) -> bool:
        return bool(self._items)

    def put(self, item: Item) -> bool:
        """Take an item; False, and nothing taken, if that is over a bound."""
        size = _size(item)
        if not self._has_room_for(1, size):
            return False
        self._frames += 1
        self._bytes += size
        self._append(item)
        self._share.add(size)
        return True

    def put_droppable(self, backlog: Backlog, frame: str) -> None:
        """Take a frame of an audience; then drop what is over a bound, the oldest of that audience
        of which most waits. A gap tells how many where they would have been."""
        if self._droppable is NOTHING:
            self._droppable = Droppable(self._share)
        droppable = self._droppable
        if place := droppable.add(backlog, frame):
            self._append(place)
        self._has_room_for(0, 0)
        if droppable.empty > EMPTY_PLACES and droppable.empty * 2 > len(self._items):
            self._items = deque(it for it in self._items if not _is_empty(it))
            droppable.empty = 0

    def put_beyond(self, frames: Iterable[str]) -> None:
        """Take frames whatever the bounds, without a share in them."""
        if beyond := deque(frames):
            size = sum(map(getsizeof, beyond))
            self._beyond += size
            self._append(beyond)
            self._share.add(size)

    def take(self) -> Item | None:
        """The next item; None if there is none."""
        while self._items:
            first = self._items[0]
            if isinstance(first, Place):
                if (frame := self._take_droppable(first)) is not None:
                    return frame
            elif isinstance(first, deque):
                return self._take_beyond(first)
            else:
                return self._take_item(first)
        return None

    def _take_item(self, item: Item) -> Item:
        self._drop_first()
        size = _size(item)
        self._frames -= 1
        self._bytes -= size
        self._share.add(-size)
        if self._has_room is not None and self.has_room:
            self._has_room.set()
        return item

    def _take_beyond(self, beyond: deque[str]) -> str:
        frame = beyond.popleft()
        if not beyond:
            self._drop_first()
        size = getsizeof(frame)
        self._beyond -= size
        self._share.add(-size)
        return frame

    def _take_droppable(self, place: Place) -> str | None:
        if place.is_empty:
            self._droppable.empty -= 1
        frame = self._droppable.take(place)
        if place.is_empty:
            self._drop_first()
        return frame

    def clear(self) -> None:
        """Forget what waits."""
        for item in self._items:
            if isinstance(item, Place):
                item.backlog.forget()
        self._items = ()
        self._share.add(-self._bytes - self._droppable.size - self._beyond)
        self._droppable = NOTHING
        self._frames = self._bytes = self._beyond = 0
        self.release()

    def release(self) -> None:
        """Let `wait_for_room` return, whether there is room or not."""
        if self._has_room is not None:
            self._has_room.set()

    @property
    def has_room(self) -> bool:
        """Whether less than half is full of what can't be dropped: the time to read on from a
        talkative client."""
        return self._frames * 2 < self._max_frames and self._bytes * 2 < self._max_bytes

    async def wait_for_room(self) -> None:
        if self._has_room is None:
            self._has_room = asyncio.Event()
        self._has_room.clear()
        if not self.has_room:
            await self._has_room.wait()

    def _has_room_for(self, frames: int, size: int) -> bool:
        """Whether that fits, once all is dropped that has to be."""
        droppable = self._droppable
        frames, size = self._frames + frames, self._bytes + size
        while (
            frames + droppable.frames > self._max_frames or size + droppable.size > self._max_bytes
        ):
            if not droppable.drop():
                return False
        return True

    def _append(self, item: Item | deque[str] | Place) -> None:
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


def _is_empty(item: Item | deque[str] | Place) -> bool:
    return isinstance(item, Place) and item.is_empty
