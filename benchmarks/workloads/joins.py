"""Join storm: 1,000 clients come into one room, 100 handshakes at a time; each tells the others.

The clock runs from the first handshake until the last notice is heard; then one message
proves that all are in. Rooms are on Redis, ours and the stock ones; the bare app's can't be.
"""

import asyncio
import time

from benchmarks.bench import Bench
from benchmarks.crowd import Crowd
from benchmarks.figures import Row, Side
from benchmarks.talk import Talk

CLIENTS = 1000
QUICK_CLIENTS = 300
QUIET = 0.5
"""So long nobody hears a notice any more: the storm is over."""

PATIENCE = 25.0
QUICK_PATIENCE = 12.0
"""A storm that takes longer is judged by the notices heard until then."""

STORMS: tuple[tuple[Side, bool], ...] = (
    ("switchboard", False),
    ("bare", False),
    ("switchboard", True),
    ("stock", True),
)
"""Who is measured, and whether on Redis."""


async def measure(bench: Bench) -> list[Row]:
    clients = QUICK_CLIENTS if bench.quick else CLIENTS
    rounds: dict[str, list[float]] = {}
    notes: list[str] = []
    for number in range(bench.rounds):
        for side, on_redis in STORMS:
            if side == "stock" and number:
                continue  # one storm of it takes as long as all the others together
            name = f"{side}, Redis" if on_redis else side
            await bench.calm()
            rate, note = await _storm(bench, side, clients, on_redis=on_redis)
            rounds.setdefault(name, []).append(rate)
            notes += [f"{side} {note}"] if note else []
            bench.say(f"joins, round {number + 1}/{bench.rounds}: {name} {rate:,.0f} {note}")
    memory = Row(
        f"{clients:,} joins of one room, memory",
        "joins/s",
        {"switchboard": rounds["switchboard"], "bare": rounds["bare"]},
    )
    sides: dict[Side, list[float]] = {
        "switchboard": rounds["switchboard, Redis"],
        "bare": rounds["bare"],
        # One figure stands for all rounds.
        "stock": rounds["stock, Redis"] * bench.rounds,
    }
    redis = Row(
        f"{clients:,} joins of one room, Redis",
        "joins/s",
        sides,
        note="; ".join(dict.fromkeys(notes)),
    )
    redis.ask("stock", 6.0)
    return [memory, redis]


async def _storm(bench: Bench, side: Side, clients: int, *, on_redis: bool) -> tuple[float, str]:
    """How many joins a second, and what is to be said about it."""
    patience = QUICK_PATIENCE if bench.quick else PATIENCE
    with bench.stage() as stage:
        server = stage.server(side, stage.redis() if on_redis else "")
        crowd = Crowd([server], "/ws/room/storm")
        begin = time.perf_counter()
        end = begin + patience
        try:
            async with asyncio.timeout(patience):
                await crowd.grow(clients)
        except TimeoutError:
            return crowd.others / _due(clients) * clients / patience, "did not let all in"
        crowd.heard_at = max(crowd.heard_at, time.perf_counter())
        while time.perf_counter() < end:
            if time.perf_counter() - crowd.heard_at > QUIET and await _are_all_in(crowd):
                return clients / (crowd.heard_at - begin), ""
            await asyncio.sleep(0.05)
        share = min(1.0, crowd.others / _due(clients))
        note = f"stopped after {patience:.0f} s with {share:.0%} of the notices heard"
        return share * clients / patience, note


def _due(clients: int) -> float:
    """The fewest notices that a whole storm can have: each newcomer's, to all before it."""
    return clients * (clients - 1) / 2


async def _are_all_in(crowd: Crowd) -> bool:
    """Whether a message reaches everybody; notices that come meanwhile say that it isn't over."""
    before = crowd.others
    lap = await Talk(crowd, "room_chat", speakers=1).burst(1, 3.0)
    return lap.is_clean and crowd.others == before
