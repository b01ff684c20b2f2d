"""What comes out: figures, their medians, and the targets they are held against."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal, TypeAlias

Side: TypeAlias = Literal["switchboard", "bare", "stock"]

SIDES: tuple[Side, ...] = ("switchboard", "bare", "stock")


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The value that `percent` of the ordered values don't exceed."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the rounds' ratios: each compares what ran next to each other."""
    pairs = [own / other for own, other in zip(ours, theirs, strict=False) if other]
    return median(pairs) if pairs else 0.0


@dataclass(frozen=True, slots=True)
class Check:
    """A target: `value` of `what` is to be at least, or else at most, `target`."""

    what: str
    value: float
    target: float
    at_least: bool = True

    @property
    def holds(self) -> bool:
        return self.value >= self.target if self.at_least else self.value <= self.target


@dataclass(slots=True)
class Row:
    """One line of the table: each side's figure in every round, and what is asked of ours.

    `work_done` is, for rates, the rate by the share of a core that the server took for it.
    `p50` and `p99` are our latencies in milliseconds. `detail` goes into the JSON only.
    """

    work: str
    unit: str
    rounds: dict[Side, list[float]]
    checks: list[Check] = field(default_factory=list)
    p50: float | None = None
    p99: float | None = None
    note: str = ""
    work_done: dict[Side, list[float]] = field(default_factory=dict)
    detail: dict[str, Any] = field(default_factory=dict)

    def figure(self, side: Side) -> float | None:
        """The median of the rounds; None for who wasn't measured."""
        values = self.rounds.get(side)
        return median(values) if values else None

    def against(self, side: Side) -> float | None:
        """Ours as a multiple of a peer's."""
        theirs = self.rounds.get(side)
        return ratio(self.rounds["switchboard"], theirs) if theirs else None

    def by_cpu(self, side: Side) -> float | None:
        """What we do in a second of the core, as a multiple of what a peer does in one."""
        theirs = self.work_done.get(side)
        return ratio(self.work_done["switchboard"], theirs) if theirs else None

    def ask(self, side: Side, target: float, *, at_least: bool = True) -> None:
        """Hold our ratio to a peer, if it was measured, against a target."""
        value = self.against(side)
        if value is not None:
            self.checks.append(Check(f"× {side}", value, target, at_least))

    @property
    def holds(self) -> bool | None:
        """None where nothing is asked."""
        return all(check.holds for check in self.checks) if self.checks else None
