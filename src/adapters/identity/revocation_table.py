"""What one process knows to be revoked: by target, for as long as a token could live, bounded.

It asks nobody; every implementation of `Revocations` keeps one.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from application.errors import TooManyRevocations
from application.identity_ports import HearRevocations
from application.ports import Clock
from domain.errors import RevocationIsImpossible
from domain.identity import Identity
from domain.revocations import Revocation, targets_of

log = logging.getLogger(__name__)

AHEAD = 60.0
"""Seconds that the clock of whoever issues tokens may be ahead of ours. What will be issued later
can't be revoked: it would have to be known for ever."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A revocation, and until when what it refuses could live, in seconds since 1970."""

    revocation: Revocation
    until: float

    @property
    def target(self) -> str:
        return self.revocation.target

    def joined(self, other: Self | None) -> Self:
        """What refuses all that either of two of one target refuses."""
        if other is None:
            return self
        before = max(self.revocation.issued_before, other.revocation.issued_before)
        return type(self)(Revocation(self.target, before), max(self.until, other.until))


@dataclass(frozen=True, slots=True)
class _Entry:
    """`over_at` is the end by the clock that nobody can set: both have to have passed."""

    kept: Kept
    over_at: float


class RevocationTable:
    """`life` is for how many seconds after its issue a token could be in use, `limit` how many
    targets there may be."""

    def __init__(self, clock: Clock, *, life: float, limit: int) -> None:
        self._clock = clock
        self._life = life
        self._limit = limit
        # What is over first stands in front, as far as it was learned in this order.
        self._entries: dict[str, _Entry] = {}
        self._listeners: list[HearRevocations] = []
        self._has_dropped = False

    def listen(self, hear: HearRevocations) -> None:
        self._listeners.append(hear)

    def is_revoked(self, identity: Identity) -> bool:
        return any(
            (entry := self._entries.get(target)) is not None
            and identity.issued_at < entry.kept.revocation.issued_before
            and not self._is_over(entry)
            for target in targets_of(identity)
        )

    def known(self) -> Mapping[str, Kept]:
        """All that is in force, by target."""
        return {
            target: entry.kept
            for target, entry in self._entries.items()
            if not self._is_over(entry)
        }

    def get(self, target: str) -> Kept | None:
        entry = self._entries.get(target)
        return None if entry is None else entry.kept

    def to_keep(self, revocations: Iterable[Revocation]) -> Sequence[Kept]:
        """What these have to be kept as, together with what is known of their targets.

        Changes nothing; raises `TooManyRevocations`, and `RevocationIsImpossible` for one of
        tokens that will be issued later.
        """
        self._forget()
        now = self._clock.now()
        kept: dict[str, Kept] = {}
        for revocation in revocations:
            target, before = revocation.target, revocation.issued_before
            if not before <= now + AHEAD:
                raise RevocationIsImpossible("What is issued in the future can't be revoked yet.")
            joined = Kept(revocation, max(now, before) + self._life).joined(kept.get(target))
            kept[target] = joined.joined(self.get(target))
        new = sum(target not in self._entries for target in kept)
        if len(self._entries) + new > self._limit:
            raise TooManyRevocations(f"No more than {self._limit} revocations are kept.")
        return list(kept.values())

    def learn(self, several: Iterable[Kept]) -> None:
        """Have these in force, and tell listeners what of it is new."""
        self._forget()
        now, monotonic = self._clock.now(), self._clock.monotonic()
        news = []
        for kept in several:
            target, known = kept.target, self._entries.get(kept.target)
            joined = kept if known is None else kept.joined(known.kept)
            if kept.until <= now or (known is not None and joined == known.kept):
                continue
            if known is None and len(self._entries) >= self._limit:
                self._drop()
                continue
            self._entries.pop(target, None)
            self._entries[target] = _Entry(joined, monotonic + joined.until - now)
            if known is None or joined.revocation != known.kept.revocation:
                news.append(joined.revocation)
        if news:
            for hear in self._listeners:
                hear(news)

    def _forget(self) -> None:
        while self._entries:
            target, entry = next(iter(self._entries.items()))
            if not self._is_over(entry):
                break
            del self._entries[target]
        self._has_dropped = self._has_dropped and len(self._entries) >= self._limit

    def _is_over(self, entry: _Entry) -> bool:
        """Tokens live by a clock that may be set: back, and they live longer; ahead and back
        again, and they live once more."""
        return entry.kept.until <= self._clock.now() and entry.over_at <= self._clock.monotonic()

    def _drop(self) -> None:
        if not self._has_dropped:
            log.error("revocations are not in force here: there are more than %d", self._limit)
        self._has_dropped = True
