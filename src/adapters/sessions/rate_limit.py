"""How fast one connection may send: a leaky bucket that counts in time."""

from dataclasses import dataclass
from enum import Enum


class Pace(Enum):
    FINE = "fine"
    FLOOD_BEGINS = "flood begins"
    FLOOD = "flood"
    FLOOD_GOES_ON = "flood goes on"


@dataclass(slots=True)
class RateLimit:
    """`rate` frames a second, `burst` frames ahead of that, `patience` seconds of flood.

    A flood lasts from the first frame over the burst until the sender has been quiet
    for long enough to have its whole burst again.
    """

    rate: float
    burst: int
    patience: float
    _due: float = 0.0
    _flood_since: float | None = None

    def count(self, now: float) -> tuple[Pace, float]:
        """Count one frame at `now` (any steady clock); the second is how many seconds to wait."""
        if self._due <= now:
            self._due = now
            self._flood_since = None
        self._due += 1 / self.rate
        wait = self._due - now - self.burst / self.rate
        if wait <= 0:
            return Pace.FINE, 0.0
        if self._flood_since is None:
            self._flood_since = now
            return Pace.FLOOD_BEGINS, wait
        if now - self._flood_since > self.patience:
            return Pace.FLOOD_GOES_ON, wait
        return Pace.FLOOD, wait
