"""Rates of members in one process."""

import time
from collections import OrderedDict
from collections.abc import Callable

from adapters.buckets import KEYS, ROUNDING, Rate
from application.member_rates import MemberRates
from domain.identity import MemberId


class _Spent:
    """The levels of a member's two buckets, at a moment."""

    __slots__ = ("at", "frames", "size")

    def __init__(self) -> None:
        self.frames = self.size = self.at = 0.0


class MemoryMemberRates(MemberRates):
    """`frames` and `size` are the rates; `clock` is any steady one, in seconds.

    Both buckets are looked up and changed in one go: it is done for all that everybody sends.
    """

    def __init__(
        self,
        frames: Rate,
        size: Rate,
        clock: Callable[[], float] = time.monotonic,
        capacity: int = KEYS,
    ) -> None:
        self.bursts = frames.burst, size.burst
        self._rate, self._burst = frames.per_second, frames.burst
        self._byte_rate, self._byte_burst = size.per_second, size.burst
        self._clock = clock
        self._capacity = capacity
        self._spent: OrderedDict[MemberId, _Spent] = OrderedDict()

    def spend(self, member: MemberId, frames: int, size: int) -> float:
        spent = self._leaked(member)
        level, byte_level = spent.frames, spent.size
        over, bytes_over = level + frames - self._burst, byte_level + size - self._byte_burst
        if over > ROUNDING or bytes_over > ROUNDING:
            # More than a whole burst fits into an empty bucket.
            wait = max(min(over, level) / self._rate, min(bytes_over, byte_level) / self._byte_rate)
            if wait > 0:
                return wait
        spent.frames, spent.size = level + frames, byte_level + size
        return 0.0

    def owe(self, member: MemberId, frames: int, size: int) -> None:
        spent = self._leaked(member)
        spent.frames += frames
        spent.size += size

    def _leaked(self, member: MemberId) -> _Spent:
        """The levels as they are now."""
        now = self._clock()
        spent = self._spent.get(member)
        if spent is None:
            return self._begin(member, now)
        past = now - spent.at
        level = spent.frames - past * self._rate
        spent.frames = level if level >= ROUNDING else 0.0
        byte_level = spent.size - past * self._byte_rate
        spent.size = byte_level if byte_level >= ROUNDING else 0.0
        spent.at = now
        return spent

    def _begin(self, member: MemberId, now: float) -> _Spent:
        # Two are looked at for each that comes: so all go in the end that have nothing spent.
        for _ in range(min(2, len(self._spent))):
            oldest, spent = next(iter(self._spent.items()))
            past = now - spent.at
            if spent.frames <= past * self._rate and spent.size <= past * self._byte_rate:
                del self._spent[oldest]
            else:
                self._spent.move_to_end(oldest)
        if len(self._spent) >= self._capacity:
            self._spent.popitem(last=False)
        spent = self._spent[member] = _Spent()
        spent.at = now
        return spent
