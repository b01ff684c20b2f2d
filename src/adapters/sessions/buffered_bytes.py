"""What waits in this process, in bytes: one sum, and each session's share of it."""

from collections.abc import Callable


class BufferedBytes:
    """The sum of all `Share`s. `when_over` is called with each byte more that is over `limit`.

    So many frames were `dropped` since the start, for readers that can't keep up.
    """

    __slots__ = ("_limit", "_when_over", "dropped", "total")

    def __init__(self, limit: int, when_over: Callable[[], None]) -> None:
        self.total = self.dropped = 0
        self._limit = limit
        self._when_over = when_over

    @property
    def is_over(self) -> bool:
        return self.total > self._limit

    def add(self, size: int) -> None:
        self.total += size
        if self.total > self._limit and size > 0:
            self._when_over()


class Share:
    """What waits for or from one session; nothing counts once it has ended."""

    __slots__ = ("_all", "size")

    def __init__(self, buffered: BufferedBytes) -> None:
        self.size = 0
        self._all: BufferedBytes | None = buffered

    def add(self, size: int) -> None:
        """Count so many bytes more, or fewer."""
        if self._all is not None:
            self.size += size
            self._all.add(size)

    def count_dropped(self) -> None:
        if self._all is not None:
            self._all.dropped += 1

    def end(self) -> None:
        self.add(-self.size)
        self._all = None
