"""How much may be done how fast: leaky buckets, alone and by key. No clock: moments are given."""

from collections import OrderedDict
from dataclasses import dataclass

ROUNDING = 1e-6
"""Less than that of one is an error of rounding: moments are fractions of a second."""

KEYS = 100_000
"""Of which buckets are kept: 25 MiB. Past it the one unused for longest is forgotten, which gives
its owner a burst again; whoever has that many addresses has a burst for each of them anyway."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So much `per_second` for long, and a `burst` ahead of that."""

    per_second: float
    burst: float


class Bucket:
    """What was done fills it, and it leaks at the rate; what goes over the burst is too much.

    Moments are in seconds, of any steady clock.
    """

    __slots__ = ("_at", "_level")

    def __init__(self) -> None:
        self._level = 0.0
        self._at = 0.0

    def level(self, rate: Rate, now: float) -> float:
        """How much of what was done still counts."""
        left = self._level - (now - self._at) * rate.per_second
        return left if left > ROUNDING else 0.0

    def pour(self, rate: Rate, now: float, amount: float = 1) -> float:
        """Count `amount`, even if it is too much; returns in how many seconds it no longer is."""
        left = self._level - (now - self._at) * rate.per_second
        self._level = level = (left if left > ROUNDING else 0.0) + amount
        self._at = now
        over = level - rate.burst
        return over / rate.per_second if over > ROUNDING else 0.0

    def wait(self, rate: Rate, now: float, amount: float = 1) -> float:
        """In how many seconds `amount` may be taken; 0 for now. What is more than a whole burst
        fits into an empty bucket."""
        left = self.level(rate, now)
        over = min(left, left + amount - rate.burst)
        return over / rate.per_second if over > ROUNDING else 0.0

    def take(self, rate: Rate, now: float, amount: float = 1) -> float:
        """Count `amount` and return 0; if it is too much, count nothing, and return the wait."""
        wait = self.wait(rate, now, amount)
        if not wait:
            self._level, self._at = self.level(rate, now) + amount, now
        return wait


class Buckets:
    """A bucket for each key, forgotten once it is empty; of `capacity` keys at most."""

    def __init__(self, rate: Rate, capacity: int = KEYS) -> None:
        self._rate = rate
        self._capacity = capacity
        self._all: OrderedDict[str, Bucket] = OrderedDict()  # the one used last stands last

    def __len__(self) -> int:
        return len(self._all)

    def take(self, key: str, now: float, amount: float = 1) -> float:
        """As of a `Bucket`."""
        bucket = self._of(key, now)
        return bucket.take(self._rate, now, amount)

    def wait(self, key: str, now: float, amount: float = 1) -> float:
        """In how many seconds so much may be tried; 0 for now. Counts nothing."""
        bucket = self._all.get(key)
        return 0.0 if bucket is None else bucket.wait(self._rate, now, amount)

    def _of(self, key: str, now: float) -> Bucket:
        bucket = self._all.get(key)
        if bucket is not None:
            self._all.move_to_end(key)
            return bucket
        # Two go for each that comes, if they are empty: so all of those go in the end.
        for _ in range(2):
            if self._all and not next(iter(self._all.values())).level(self._rate, now):
                self._all.popitem(last=False)
        if len(self._all) >= self._capacity:
            self._all.popitem(last=False)
        bucket = self._all[key] = Bucket()
        return bucket
