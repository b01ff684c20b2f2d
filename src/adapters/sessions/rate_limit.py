"""How fast one connection may send: frames and bytes, and what a flood is."""

from enum import Enum

from adapters.buckets import Bucket, Rate


class Pace(Enum):
    FINE = "fine"
    FLOOD_BEGINS = "flood begins"
    FLOOD = "flood"
    FLOOD_GOES_ON = "flood goes on"


UNLIMITED = Rate(1.0, float("inf"))


class RateLimit:
    """`rate` frames a second, `burst` frames ahead of that, `patience` seconds of flood. Bytes have
    a rate of their own.

    A flood lasts from the first frame over the burst until the sender has been quiet
    for long enough to have its whole burst again.
    """

    __slots__ = ("_byte_rate", "_bytes", "_flood_since", "_frames", "_patience", "_rate")

    def __init__(
        self, rate: float, burst: int, patience: float, byte_rate: Rate = UNLIMITED
    ) -> None:
        self._rate = Rate(rate, burst)
        self._byte_rate = byte_rate
        self._patience = patience
        self._frames = Bucket()
        self._bytes = Bucket()
        self._flood_since: float | None = None

    def count(self, now: float, frames: int = 1, size: int = 0) -> tuple[Pace, float]:
        """Count frames of `size` bytes at `now` (any steady clock); the second is how many seconds
        to wait, which are no more than `patience`."""
        if self._flood_since is not None and self._is_over(now):
            self._flood_since = None
        wait = self._frames.pour(self._rate, now, frames)
        for_bytes = self._bytes.pour(self._byte_rate, now, size)
        if not (wait or for_bytes):
            return Pace.FINE, 0.0
        wait = min(max(wait, for_bytes), self._patience)
        if self._flood_since is None:
            self._flood_since = now
            return Pace.FLOOD_BEGINS, wait
        if now - self._flood_since > self._patience:
            return Pace.FLOOD_GOES_ON, wait
        return Pace.FLOOD, wait

    def _is_over(self, now: float) -> bool:
        return not (self._frames.level(self._rate, now) or self._bytes.level(self._byte_rate, now))


class Insistence:
    """Whether somebody goes on doing what is refused, at least once in `patience` seconds, for
    longer than that."""

    __slots__ = ("_last", "_patience", "_since")

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._since = self._last = float("-inf")

    def goes_on(self, now: float) -> bool:
        """Count a refusal at `now` (any steady clock)."""
        if now - self._last > self._patience:
            self._since = now
        self._last = now
        return now - self._since > self._patience
