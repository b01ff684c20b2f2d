"""What a choice costs: the same echo and fan-out with one thing changed, beside the usual."""

import asyncio
import contextlib
import time
from dataclasses import asdict

import jwt

from benchmarks.bench import Bench
from benchmarks.crowd import Crowd
from benchmarks.figures import Check, Row
from benchmarks.processes import Server, Stage
from benchmarks.talk import Lap, Talk

CONNECTIONS = 50
MEMBERS = 100
SPEAKERS = 8

WATCHED_EVERY = 0.1
"""Seconds between two looks at /metrics; Prometheus looks every fifteen."""

USUAL = "as usual"
SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - of servers that live for seconds
TOKENS = "everybody with a token that names rights"
WATCHED = f"/metrics read every {WATCHED_EVERY} s"
UNLIMITED = "nobody counts what clients send"
CHOICES = {
    USUAL: {},
    UNLIMITED: {},
    WATCHED: {},
    TOKENS: {"SWITCHBOARD_AUTH": "jwt", "SWITCHBOARD_AUTH_SECRET": SECRET},
    "every frame logged": {"LOG_WEBSOCKET": "true"},
    "completion frames": {"SEND_COMPLETION": "true"},
    "without our own reader of frames": {"SWITCHBOARD_FAST_FRAMES": "false"},
}


class WatchedTalk(Talk):
    """Meanwhile somebody reads the server's metrics."""

    server: Server

    async def lap(self, seconds: float) -> Lap:
        watching = asyncio.create_task(self._watch())
        try:
            return await super().lap(seconds)
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    async def _watch(self) -> None:
        while True:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            writer.close()
            if not answer.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"no metrics: {answer[:80]!r}")
            await asyncio.sleep(WATCHED_EVERY)


async def measure(bench: Bench) -> list[Row]:
    rows = []
    with bench.stage() as stage:
        for work, path, size, alone in (
            ("echo", "/ws/system", CONNECTIONS, True),
            (f"fan-out, chat of {MEMBERS}", "/ws/chat", MEMBERS, False),
        ):
            laps = await bench.interleave(
                f"costs, {work}",
                await _talks(stage, path, size, alone=alone),
                # One lap is a few per cent off, and what is asked for is three.
                share=0.25,
                times=3,
            )
            for choice in laps:
                row = _row(f"{work}: {choice}", laps[choice], laps[USUAL])
                share = row.figure("switchboard") or 0.0
                if choice == TOKENS:
                    row.checks.append(Check("× as usual", share, 0.97))
                if choice == UNLIMITED and share:
                    row.checks.append(Check("as usual ÷ without", 1 / share, 0.97))
                rows.append(row)
    return [row for row in rows if not row.work.endswith(USUAL)]


def _token_of(index: int) -> str:
    """Of a member of its own, with rights on all that is measured."""
    now = int(time.time())
    caps = [{"channels": ["chat", "room:*"], "allow": ["sub", "pub", "prs", "hst"]}]
    claims = {"sub": f"member-{index}", "iat": now, "exp": now + 3600, "caps": caps}
    return jwt.encode(claims, SECRET, "HS256")


async def _talks(stage: Stage, path: str, size: int, *, alone: bool) -> dict[str, Talk]:
    talks: dict[str, Talk] = {}
    for choice, settings in CHOICES.items():
        peer = "unlimited" if choice == UNLIMITED else "switchboard"
        server = stage.server(peer, settings=settings)
        crowd = Crowd([server], path, _token_of if choice == TOKENS else None)
        await crowd.grow(size)
        await crowd.settle()
        action = "user_message" if alone else "chat"
        speakers = size if alone else SPEAKERS
        if choice == WATCHED:
            talk = WatchedTalk(crowd, action, speakers=speakers, alone=alone)
            talk.server = server
            talks[choice] = talk
        else:
            talks[choice] = Talk(crowd, action, speakers=speakers, alone=alone)
    return talks


def _row(work: str, laps: list[Lap], usual: list[Lap]) -> Row:
    shares = [lap.rate / other.rate for lap, other in zip(laps, usual, strict=True) if other.rate]
    return Row(
        work,
        "× as usual",
        {"switchboard": shares},
        detail={"switchboard": [asdict(lap) for lap in laps]},
    )
