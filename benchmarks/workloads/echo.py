"""Echo: 50 connections, each with one message of 16 characters under way.

What one frame costs on its way in and out again, with nobody else listening.
"""

from benchmarks.bench import Bench, row_of
from benchmarks.crowd import Crowd
from benchmarks.figures import SIDES, Row, Side
from benchmarks.talk import Talk

CONNECTIONS = 50


async def measure(bench: Bench) -> list[Row]:
    with bench.stage() as stage:
        talks: dict[Side, Talk] = {}
        for side in SIDES:
            crowd = Crowd([stage.server(side)], "/ws/system?quiet")
            await crowd.grow(CONNECTIONS)
            await crowd.settle()
            talks[side] = Talk(crowd, "user_message", speakers=CONNECTIONS, alone=True)
        laps = await bench.interleave("echo", talks)
    row = row_of(f"echo, {CONNECTIONS} connections", "round trips/s", laps)
    row.ask("bare", 0.85)
    row.ask("stock", 2.5)
    return [row]
