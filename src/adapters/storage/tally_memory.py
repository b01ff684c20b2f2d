"""The memory implementation of the tally."""

from collections import OrderedDict
from dataclasses import dataclass

from application.ports import Clock, Tally
from domain.analytics import Counts

OTHER_NAMES = "(other)"
"""What new names are counted as once there are too many."""


@dataclass(slots=True)
class _Count:
    times: int
    last: float


class MemoryTally(Tally):
    """`expiry` is in seconds: so long a name is kept that isn't counted."""

    def __init__(self, clock: Clock, *, name_limit: int, expiry: float) -> None:
        self._clock = clock
        self._name_limit = name_limit
        self._expiry = expiry
        # The name counted last comes last, so that what has expired stands in front.
        self._counts: OrderedDict[str, _Count] = OrderedDict()
        self._total = 0

    async def add(self, name: str) -> tuple[int | None, int]:
        self._forget_expired()
        if self._is_one_too_many(name):
            name = OTHER_NAMES
        count = self._counts.setdefault(name, _Count(0, 0))
        count.times += 1
        count.last = self._clock.now()
        self._counts.move_to_end(name)
        self._total += 1
        return None if name == OTHER_NAMES else count.times, self._total

    async def add_known(self, name: str) -> tuple[int | None, int] | None:
        self._forget_expired()
        if name not in self._counts and not self._is_one_too_many(name):
            return None
        return await self.add(name)

    async def counts(self, limit: int) -> Counts:
        self._forget_expired()
        by_name = {name: count.times for name, count in self._counts.items()}
        return Counts(self._total, most_frequent(by_name, limit))

    def _is_one_too_many(self, name: str) -> bool:
        own_names = len(self._counts) - (OTHER_NAMES in self._counts)
        return name not in self._counts and own_names >= self._name_limit

    def _forget_expired(self) -> None:
        oldest = self._clock.now() - self._expiry
        while self._counts and next(iter(self._counts.values())).last <= oldest:
            self._counts.popitem(last=False)
        if not self._counts:
            self._total = 0


def most_frequent(by_name: dict[str, int], limit: int) -> dict[str, int]:
    names = sorted(by_name, key=lambda name: by_name[name], reverse=True)
    return {name: by_name[name] for name in names[:limit]}
