"""Frames that wait in a mailbox and may be dropped, and the gaps that are told of those dropped."""

from collections import deque
from collections.abc import Callable
from sys import getsizeof

from adapters.sessions.buffered_bytes import BufferedBytes, Share
from adapters.sessions.frames import gap_frame


class Place:
    """A place in the mailbox's order: `missed` frames were dropped before `frame`, if there still
    is one. Without either it is empty."""

    __slots__ = ("backlog", "frame", "missed")

    def __init__(self, backlog: "Backlog", frame: str) -> None:
        self.backlog = backlog
        self.frame: str | None = frame
        self.missed = 0

    @property
    def is_empty(self) -> bool:
        return self.frame is None and not self.missed


class Backlog:
    """What waits of one audience. Of all that was dropped and isn't told yet one gap tells, at the
    place of the newest.

    Where `newest_only`, one frame waits at most: a newer one takes its place. At the end of the
    mailbox it would lose its turn to other audiences each time.
    """

    __slots__ = ("gap", "newest_only", "places", "tell")

    def __init__(self, newest_only: bool, tell: Callable[[int], str] = gap_frame) -> None:
        self.newest_only = newest_only
        self.tell = tell
        self.places: deque[Place] = deque()
        """Those whose frames may be dropped, oldest first."""
        self.gap: Place | None = None

    def forget(self) -> None:
        self.places.clear()
        self.gap = None


class Droppable:
    """All that waits in one mailbox and may be dropped: so many `frames`, of `size` bytes of
    memory, which are in `share`. So many places in the mailbox are `empty`."""

    __slots__ = ("_backlogs", "_share", "empty", "frames", "size")

    def __init__(self, share: Share) -> None:
        self.frames = self.size = self.empty = 0
        self._share = share
        self._backlogs: dict[Backlog, None] = {}
        """Those that have something to drop; whoever has had it for longest comes first."""

    def add(self, backlog: Backlog, frame: str) -> Place | None:
        """Take a frame, and return its place, unless it took that of an older one."""
        if backlog.newest_only and backlog.places:
            self._miss(backlog.places[0])
            backlog.places[0].frame = frame
            self._count(frame, 1)
            return None
        place = Place(backlog, frame)
        backlog.places.append(place)
        self._backlogs[backlog] = None
        self._count(frame, 1)
        return place

    def drop(self) -> bool:
        """Drop the oldest frame of whoever has most; False if nobody has any."""
        backlog = max(self._backlogs, key=_waiting, default=None)
        if backlog is None:
            return False
        place = self._leave(backlog)
        self._miss(place)
        backlog.gap = place
        return True

    def take(self, place: Place) -> str | None:
        """What is to be written next of a place, and it is empty after that unless it was a gap
        with a frame to follow; None of an empty one."""
        backlog = place.backlog
        if place.missed:
            told, place.missed = backlog.tell(place.missed), 0
            if backlog.gap is place:
                backlog.gap = None
            if place.frame is not None:
                # It follows now, or there would be gap after gap and never a frame.
                self._leave(backlog)
            return told
        frame, place.frame = place.frame, None
        if frame is not None:
            self._count(frame, -1)
            if backlog.places and backlog.places[0] is place:
                self._leave(backlog)
        return frame

    def _leave(self, backlog: Backlog) -> Place:
        """Let go of the oldest frame: it is dropped or written."""
        place = backlog.places.popleft()
        if not backlog.places:
            del self._backlogs[backlog]
        return place

    def _miss(self, place: Place) -> None:
        """Drop the frame at a place, and tell there what is told before it."""
        if place.frame is not None:
            self._count(place.frame, -1)
            self._share.count_dropped()
            place.frame = None
        place.missed += 1
        gap, place.backlog.gap = place.backlog.gap, None
        if gap is not None:
            place.missed += gap.missed
            gap.missed = 0
            self.empty += 1

    def _count(self, frame: str, sign: int) -> None:
        size = sign * getsizeof(frame)
        self.frames += sign
        self.size += size
        self._share.add(size)


def _waiting(backlog: Backlog) -> int:
    return len(backlog.places)


NOTHING = Droppable(Share(BufferedBytes(0, lambda: None)))
"""Of mailboxes in which nothing may be dropped, which are most: nothing is added to it."""
