"""How fast one connection may send: a leaky bucket."""

from dataclasses import dataclass
from enum import Enum

ROUNDING = 1e-6
"""Less than that of a frame is an error of rounding: moments are fractions of a second."""


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
    _level: float = 0.0
    _counted_at: float = 0.0
    _flood_since: float | None = None

    def count(self, now: float, frames: int = 1) -> tuple[Pace, float]:
        """Count frames at `now` (any steady clock); the second is how many seconds to wait, which
        are no more than `patience`."""
        left = self._level - (now - self._counted_at) * self.rate
        if left < ROUNDING:
            left = 0.0
            self._flood_since = None
        self._level = left + frames
        self._counted_at = now
        over = self._level - self.burst
        if over < ROUNDING:
            return Pace.FINE, 0.0
        wait = min(over / self.rate, self.patience)
        if self._flood_since is None:
            self._flood_since = now
            return Pace.FLOOD_BEGINS, wait
        if now - self._flood_since > self.patience:
            return Pace.FLOOD_GOES_ON, wait
        return Pace.FLOOD, wait
