"""Memory: what an idle connection costs the server, from its resident memory with 0 and 2,000.

The connections listen to an audience and never hear anything: ours on `/ws/analytics`, which
greets nobody, the peers' on a chat that they entered quietly.
"""

import asyncio

from benchmarks.bench import Bench
from benchmarks.crowd import Crowd
from benchmarks.figures import SIDES, Row
from benchmarks.machine import resident_bytes

CONNECTIONS = 2000
WARM_UP = 50
"""So many come and go before: what is loaded with the first client is no client's cost."""


async def measure(bench: Bench) -> list[Row]:
    row = Row("memory per idle connection", "KiB", {})
    with bench.stage() as stage:
        for side in SIDES:
            server = stage.server(side)
            path = "/ws/analytics" if side == "switchboard" else "/ws/chat?quiet"
            crowd = Crowd([server], path)
            await crowd.grow(WARM_UP)
            await crowd.leave()
            await asyncio.sleep(0.5)
            empty = resident_bytes(server.program.pid)
            await crowd.grow(CONNECTIONS)
            await asyncio.sleep(1)
            full = resident_bytes(server.program.pid)
            await crowd.leave()
            server.program.kill()
            if empty is None or full is None:
                row.note = "not measured: there is no /proc here"
                return [row]
            row.rounds[side] = [(full - empty) / CONNECTIONS / 1024]
            row.detail[side] = {"empty": empty, "full": full}
            bench.say(
                f"memory: {side} {empty / 2**20:.0f} MiB with nobody, {full / 2**20:.0f} MiB "
                f"with {CONNECTIONS:,}: {row.rounds[side][0]:.1f} KiB each"
            )
    row.ask("stock", 1.0, at_least=False)
    return [row]
