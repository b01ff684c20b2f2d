"""The memory implementation of the tally."""

from collections import Counter

from application.ports import Tally
from domain.analytics import Counts

OTHER_NAMES = "(other)"
"""What new names are counted as once there are too many."""


class MemoryTally(Tally):
    def __init__(self, *, name_limit: int) -> None:
        self._name_limit = name_limit
        self._counts: Counter[str] = Counter()
        self._total = 0

    async def add(self, name: str) -> tuple[int | None, int]:
        self._total += 1
        if name not in self._counts and len(self._counts) >= self._name_limit:
            self._counts[OTHER_NAMES] += 1
            return None, self._total
        self._counts[name] += 1
        return self._counts[name], self._total

    async def counts(self, limit: int) -> Counts:
        return Counts(self._total, dict(self._counts.most_common(limit)))
