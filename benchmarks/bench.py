"""One run: how many rounds of how many seconds, what was measured so far, what to print."""

import asyncio
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import TypeVar

from benchmarks.figures import Row, Side
from benchmarks.machine import Cores
from benchmarks.processes import Disturbance, Stage
from benchmarks.talk import Lap, Talk

DISTURBED = 0.15
"""Other programs that take more than this share of a core spoil a lap."""

GLANCE = 0.3
"""Seconds in which to see whether they do."""

Name = TypeVar("Name", bound=str)


@dataclass(slots=True)
class Bench:
    """`rounds` rounds, each of `seconds` for every side of a workload; fewer sizes if `quick`.

    `patience` is how many seconds may be spent on waiting for other programs to be quiet, and
    on laps that they disturbed. `curves` are deliveries per second by room size, for the plot.
    """

    rounds: int
    seconds: float
    quick: bool
    cores: Cores
    rows: list[Row] = field(default_factory=list)
    curves: dict[str, dict[int, float]] = field(default_factory=dict)
    patience: float = 120.0
    begun: float = field(default_factory=time.monotonic)

    @contextmanager
    def stage(self) -> Iterator[Stage]:
        """Where programs are started; all of them have ended when it is left."""
        with (
            tempfile.TemporaryDirectory(prefix="switchboard-bench-") as folder,
            Stage(Path(folder), self.cores) as stage,
        ):
            yield stage

    def say(self, text: str) -> None:
        print(f"[{time.monotonic() - self.begun:4.0f} s] {text}", flush=True)

    async def interleave(
        self, what: str, talks: Mapping[Name, Talk], *, share: float = 1.0, times: int = 1
    ) -> dict[Name, list[Lap]]:
        """Lap after lap, every side in every round, beginning with another one each time; with
        `times` as many rounds, of a `share` of the usual length.

        What slows the machine down for a while so meets all sides alike.
        """
        laps: dict[Name, list[Lap]] = {name: [] for name in talks}
        names = list(talks)
        for number in range(self.rounds * times):
            first = number % len(names)
            for name in names[first:] + names[:first]:
                laps[name].append(await self.lap(talks[name], self.seconds * share))
            figures = " · ".join(f"{name} {laps[name][-1].rate:,.0f}" for name in names)
            self.say(f"{what}, round {number + 1}/{self.rounds * times}: {figures}")
        return laps

    async def lap(self, talk: Talk, seconds: float) -> Lap:
        """One lap, repeated if other programs disturbed it; the least disturbed counts."""
        lap = await talk.lap(seconds)
        while lap.others_busy > DISTURBED and self.patience > 0:
            begin = time.monotonic()
            again = await talk.lap(seconds)
            self.patience -= time.monotonic() - begin
            if again.others_busy < lap.others_busy:
                lap = again
            else:
                await self.calm()
        return lap

    async def calm(self) -> None:
        """Until other programs are quiet, or the patience has ended."""
        while self.patience > 0:
            others = Disturbance()
            await asyncio.sleep(GLANCE)
            self.patience -= GLANCE
            if others.share() <= DISTURBED:
                return


IDLE = 0.8
"""Below this share of a core something else than the server was the limit."""


def row_of(work: str, unit: str, laps: Mapping[Side, list[Lap]], *, note: str = "") -> Row:
    """The rates of each side, our latencies, and what is odd about anybody's laps."""
    ours = laps["switchboard"]
    notes = [note, *(_oddities(side, of) for side, of in laps.items())]
    return Row(
        work,
        unit,
        {side: [lap.rate for lap in of] for side, of in laps.items()},
        p50=median(lap.p50 for lap in ours),
        p99=median(lap.p99 for lap in ours),
        note="; ".join(filter(None, notes)),
        work_done={
            side: [lap.rate / max(lap.server_busy, 0.01) for lap in of] for side, of in laps.items()
        },
        detail={side: [asdict(lap) for lap in of] for side, of in laps.items()},
    )


def _oddities(side: Side, laps: list[Lap]) -> str:
    words = []
    if not all(lap.is_clean for lap in laps):
        lost, reordered = (
            sum(getattr(lap, name) for lap in laps) for name in ("lost", "reordered")
        )
        words.append(f"{side} lost {lost:,} and reordered {reordered:,} deliveries")
    busy = median(lap.server_busy for lap in laps)
    if 0 < busy < IDLE:
        load = median(lap.load_busy for lap in laps)
        words.append(f"{side} was {busy:.0%} busy, the generator {load:.0%}")
    return "; ".join(words)
