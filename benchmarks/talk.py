"""The closed loop: a speaker speaks again when everybody has heard what it said."""

import asyncio
import gc
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks import machine
from benchmarks.crowd import DIGITS, Crowd, Member
from benchmarks.figures import percentile
from benchmarks.processes import Disturbance

WARM_UP = 0.15
"""Seconds before anything is counted."""

FEWEST = 10
"""A lap goes on until so many messages were heard by all, or its patience has ended."""

PATIENCE = 3
"""A lap takes at most so many times as long as it should."""

GRACE = 10.0
STANDSTILL = 1.0
"""What is under way when a lap ends may still arrive for so long, in seconds, unless nothing
moves any more: then it is lost."""

SPEAKERS = 1000
"""A number is a count times this, plus its speaker's index."""


@dataclass(frozen=True, slots=True)
class Lap:
    """One measurement. `rate` counts deliveries of messages that all receivers got.

    Latencies, in milliseconds, run from sending to the last receiver. `orders` is how many
    different orders the receivers heard: 1 where all heard the same. The busy ones are shares
    of a core: where the server's is well below 1, something else was the limit; the others'
    are programs that have nothing to do with this.
    """

    rate: float
    p50: float
    p99: float
    lost: int = 0
    repeated: int = 0
    reordered: int = 0
    orders: int = 1
    server_busy: float = 0.0
    load_busy: float = 0.0
    others_busy: float = 0.0

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.repeated or self.reordered)


class Talk:
    """A crowd in which `speakers` members speak, each with `window` messages under way.

    With `alone` everybody hears only itself: an echo.
    """

    def __init__(
        self,
        crowd: Crowd,
        action: str,
        *,
        speakers: int,
        window: int = 1,
        padding: int = 0,
        alone: bool = False,
    ) -> None:
        self.crowd = crowd
        self._lead = f'{{"action":"{action}","payload":{{"message":"#'.encode()
        self._log_context = b"x" * padding + b'"}}'
        self._speakers = speakers
        self._window = window
        self._alone = alone
        self._count = 0
        self._is_open = False
        self._start = 0.0
        self._server_busy = self._load_busy = self._others_busy = 0.0
        self._sent: dict[int, float] = {}
        self._done: list[tuple[float, float]] = []

    async def lap(self, seconds: float) -> Lap:
        """Talk for so long, then check that everybody heard everything in order."""
        crowd = self.crowd
        self._clear()
        crowd.complete = self._complete  # type: ignore[method-assign]
        self._is_open = True
        gc.collect()
        gc.disable()
        try:
            for member in crowd.members[: self._speakers]:
                for _ in range(self._window):
                    self.say(member)
            await self._wait(seconds)
        finally:
            self._is_open = False
            gc.enable()
        await self.drain()
        return self._judge()

    async def burst(self, count: int, limit: float) -> Lap:
        """Have one speaker say so much at once; wait at most `limit` seconds for all of it."""
        self._clear()
        self.crowd.complete = self._complete  # type: ignore[method-assign]
        for _ in range(count):
            self.say(self.crowd.members[0])
        await self.drain(limit)
        return self._judge()

    def say(self, member: Member) -> None:
        self._count += 1
        number = self._count * SPEAKERS + member.index
        self.crowd.waiting[number] = 1 if self._alone else len(self.crowd.members)
        self._sent[number] = time.perf_counter()
        member.send(self._lead + str(number).rjust(DIGITS, "0").encode() + self._log_context)

    async def drain(self, limit: float = GRACE) -> None:
        """Until nothing is under way, or nothing moves any more."""
        end = time.perf_counter() + limit
        before, since = -1, time.perf_counter()
        while self.crowd.waiting and time.perf_counter() < end:
            left = sum(self.crowd.waiting.values())
            if left != before:
                before, since = left, time.perf_counter()
            elif time.perf_counter() - since > STANDSTILL:
                return
            await asyncio.sleep(0.005)

    def _complete(self, number: int) -> None:
        now = time.perf_counter()
        self._done.append((now, now - self._sent[number]))
        if self._is_open:
            self.say(self.crowd.members[number % SPEAKERS])

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(WARM_UP)
        self._start = time.perf_counter()
        others = Disturbance()
        busy, own = machine.cpu_seconds(self.crowd.pids), time.process_time()
        await asyncio.sleep(seconds)
        for _ in range(PATIENCE - 1):
            if len(self._done) < FEWEST:
                await asyncio.sleep(seconds)
        took = time.perf_counter() - self._start
        self._server_busy = (machine.cpu_seconds(self.crowd.pids) - busy) / took
        self._load_busy = (time.process_time() - own) / took
        self._others_busy = others.share()

    def _clear(self) -> None:
        self._sent.clear()
        self._done.clear()
        self.crowd.waiting.clear()
        self._start = time.perf_counter()
        for member in self.crowd.members:
            member.heard.clear()

    def _judge(self) -> Lap:
        lost = sum(self.crowd.waiting.values())
        self.crowd.waiting.clear()
        heard = Counter(tuple(member.heard) for member in self.crowd.members)
        repeated = sum(count * (len(one) - len(set(one))) for one, count in heard.items())
        reordered = sum(count * _steps_back(one) for one, count in heard.items())
        latencies = sorted(latency * 1000 for _, latency in self._done) or [0.0]
        return Lap(
            rate=self._rate(),
            p50=percentile(latencies, 50),
            p99=percentile(latencies, 99),
            lost=lost,
            repeated=repeated,
            reordered=reordered,
            orders=len(heard),
            server_busy=round(self._server_busy, 2),
            load_busy=round(self._load_busy, 2),
            others_busy=round(self._others_busy, 2),
        )

    def _rate(self) -> float:
        """From one completion to another, so that slow servers are not cut off in between."""
        times = [at for at, _ in self._done]
        first = sum(at <= self._start for at in times)
        first = max(first, 1)
        counted = len(times) - first
        if counted < 1:
            return 0.0
        receivers = 1 if self._alone else len(self.crowd.members)
        return counted * receivers / (times[-1] - times[first - 1])


def _steps_back(numbers: Iterable[int]) -> int:
    """How often a speaker's later message was heard before an earlier one."""
    latest: dict[int, int] = {}
    steps = 0
    for number in numbers:
        count, speaker = divmod(number, SPEAKERS)
        steps += count < latest.get(speaker, 0)
        latest[speaker] = max(count, latest.get(speaker, 0))
    return steps
