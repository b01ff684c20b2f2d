"""Jobs: from submitting to the result, one after the other, on Redis with an idle ARQ worker.

Jobs take no time (`JOB_PACE=0`), so this is all way and no work. After each, a random pause:
a worker that looks for jobs at intervals is met at any moment of them.
"""

import asyncio
import json
import random
import time
from dataclasses import dataclass, field

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from benchmarks.bench import Bench
from benchmarks.figures import Check, Row, Side, percentile
from benchmarks.processes import Server

JOBS = {"switchboard": 40, "stock": 8}
"""So many in each round; the stock worker is slow, and its figures differ little."""

JOB_SECONDS = 10.0
FRAME = b'{"action":"job","payload":{"type":"translate","content":"hello"}}'


@dataclass(slots=True)
class Way:
    """One side's milliseconds, by the piece of the way."""

    accepted: list[float] = field(default_factory=list)
    running: list[float] = field(default_factory=list)
    result: list[float] = field(default_factory=list)


class Submitter(WSListener):
    """Notes when each status of its job came."""

    def __init__(self) -> None:
        self.times: dict[str, float] = {}
        self.done = asyncio.Event()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type != WSMsgType.TEXT:
            return
        status = json.loads(frame.get_payload_as_bytes()).get("payload", {}).get("status")
        self.times.setdefault(status, time.perf_counter())
        if status == "result":
            self.done.set()

    async def submit(self, transport: WSTransport, way: Way) -> None:
        self.times.clear()
        self.done.clear()
        begin = time.perf_counter()
        transport.send(WSMsgType.TEXT, FRAME)
        async with asyncio.timeout(JOB_SECONDS):
            await self.done.wait()
        accepted = self.times["queued"]
        way.accepted.append((accepted - begin) * 1000)
        # Whether "running" or "queued" is heard first is a matter of luck on the stock side.
        way.running.append(max(0.0, self.times["running"] - accepted) * 1000)
        way.result.append((self.times["result"] - begin) * 1000)


async def measure(bench: Bench) -> list[Row]:
    ways: dict[Side, list[Way]] = {}
    with bench.stage() as stage:
        servers: dict[Side, Server] = {}
        sides: tuple[Side, ...] = ("switchboard", "stock")
        for side in sides:
            redis = stage.redis()
            servers[side] = stage.server(side, redis)
            stage.worker(side, redis)
        await asyncio.sleep(1)  # until the workers are idle
        for number in range(bench.rounds):
            for side, server in servers.items():
                await bench.calm()
                way = await _round(server, JOBS[side] // (2 if bench.quick else 1))
                ways.setdefault(side, []).append(way)
                middle = percentile(sorted(way.running), 50)
                so_far = f"round {number + 1}/{bench.rounds}"
                bench.say(f"jobs, {so_far}: {side} accepted → running {middle:.1f} ms")
    return _rows(ways)


async def _round(server: Server, count: int) -> Way:
    way = Way()
    submitter = Submitter()
    transport, _ = await ws_connect(lambda: submitter, f"{server.url}/ws/background_jobs")
    for _ in range(count):
        await submitter.submit(transport, way)
        await asyncio.sleep(random.uniform(0.02, 0.1))
    transport.disconnect()
    return way


def _rows(ways: dict[Side, list[Way]]) -> list[Row]:
    rows = []
    for title, piece in (
        ("job submitted → accepted", "accepted"),
        ("job accepted → running", "running"),
        ("job submitted → result", "result"),
    ):
        medians: dict[Side, list[float]] = {}
        for side, rounds in ways.items():
            medians[side] = [percentile(sorted(getattr(way, piece)), 50) for way in rounds]
        every = sorted(value for way in ways["switchboard"] for value in getattr(way, piece))
        row = Row(
            title,
            "ms, p50",
            medians,
            p50=percentile(every, 50),
            p99=percentile(every, 99),
        )
        if piece == "running":
            row.checks.append(Check("p50 in ms", percentile(every, 50), 15, at_least=False))
        rows.append(row)
    return rows
