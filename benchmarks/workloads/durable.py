"""The durable lane: 100 members of the reliable chat, four speakers with four messages each.

Every receiver's list of messages is checked: nothing lost, repeated or out of order, and one
order for all. Then one speaker says 500 messages at once, and the same is checked.
"""

from benchmarks.bench import Bench, row_of
from benchmarks.crowd import Crowd
from benchmarks.figures import Check, Row, Side
from benchmarks.processes import Stage
from benchmarks.talk import Lap, Talk

MEMBERS = 100
SPEAKERS, WINDOW = 4, 4
BURST, QUICK_BURST = 500, 200
BURST_SECONDS = 20.0


async def measure(bench: Bench) -> list[Row]:
    with bench.stage() as stage:
        talks = await _talks(stage)
        laps = await bench.interleave("durable", talks)
        bursts = {}
        burst = QUICK_BURST if bench.quick else BURST
        for name, talk in talks.items():
            bursts[name] = await talk.burst(burst, BURST_SECONDS)
            bench.say(f"durable, burst of {burst}: {name} lost {bursts[name].lost}")
    rows = []
    for where, mine, others in (
        ("memory", "switchboard", ("bare", "stock")),
        ("Redis", "switchboard, Redis", ("bare", "stock, Redis")),
    ):
        sides: dict[Side, list[Lap]] = {
            "switchboard": laps[mine],
            "bare": laps[others[0]],
            "stock": laps[others[1]],
        }
        row = row_of(f"durable lane, {MEMBERS} members, {where}", "deliveries/s", sides)
        if where == "Redis":
            row.ask("stock", 7.0)
        row.checks += _promises(laps[mine])
        rows += [row, _burst_row(burst, where, {"switchboard": mine, "stock": others[1]}, bursts)]
    return rows


async def _talks(stage: Stage) -> dict[str, Talk]:
    """The bare peer has no durable lane; it says in a room what is possible without one."""
    plans = [
        ("switchboard", ""),
        ("bare", ""),
        ("stock", ""),
        ("switchboard", stage.redis()),
        ("stock", stage.redis()),
    ]
    talks = {}
    for side, redis in plans:
        path, action = "/ws/reliable", "reliable_chat"
        if side == "bare":
            path, action = "/ws/chat", "chat"
        crowd = Crowd([stage.server(side, redis)], f"{path}?quiet")
        await crowd.grow(MEMBERS)
        await crowd.settle()
        name = f"{side}, Redis" if redis else side
        talks[name] = Talk(crowd, action, speakers=SPEAKERS, window=WINDOW)
    return talks


def _promises(laps: list[Lap]) -> list[Check]:
    return [
        Check("lost", sum(lap.lost for lap in laps), 0, at_least=False),
        Check("repeated", sum(lap.repeated for lap in laps), 0, at_least=False),
        Check("out of order", sum(lap.reordered for lap in laps), 0, at_least=False),
        Check("orders", max(lap.orders for lap in laps), 1, at_least=False),
    ]


def _burst_row(burst: int, where: str, names: dict[Side, str], bursts: dict[str, Lap]) -> Row:
    """In percent of the deliveries that were due."""
    due = burst * MEMBERS
    row = Row(f"durable lane, burst of {burst}, {where}: lost", "%", {})
    for side, name in names.items():
        if name in bursts:
            row.rounds[side] = [100 * bursts[name].lost / due]
    row.checks += _promises([bursts[names["switchboard"]]])
    return row
