"""A slow reader: 50 members talk, and one more is there that never reads.

What counts is what the 50 get, with that one beside them and without. Messages have 2,000
characters, so that what the kernel holds for the slow one fills up within the lap.
"""

import asyncio
import socket
from contextlib import closing
from dataclasses import asdict

from benchmarks.bench import Bench
from benchmarks.crowd import Crowd
from benchmarks.figures import Check, Row, ratio
from benchmarks.processes import Server
from benchmarks.talk import Lap, Talk

MEMBERS = 50
SPEAKERS = 4
PADDING = 2000 - 16
SMALL_BUFFER = 4096


async def measure(bench: Bench) -> list[Row]:
    without: list[Lap] = []
    beside: list[Lap] = []
    with bench.stage() as stage:
        server = stage.server("switchboard")
        crowd = await Crowd([server], "/ws/chat").grow(MEMBERS)
        await crowd.settle()
        talk = Talk(crowd, "chat", speakers=SPEAKERS, padding=PADDING)
        for number in range(bench.rounds):
            await bench.calm()
            without.append(await talk.lap(bench.seconds))
            with closing(await asyncio.to_thread(_never_reading, server)):
                await crowd.settle()
                beside.append(await talk.lap(bench.seconds))
            await crowd.settle()
            bench.say(
                f"slow reader, round {number + 1}/{bench.rounds}: "
                f"{without[-1].rate:,.0f} without, {beside[-1].rate:,.0f} beside it"
            )
        sent_away = server.program.log.count("it reads too slowly")
    row = Row(
        f"{MEMBERS} fast readers beside one that never reads",
        "deliveries/s",
        {"switchboard": [lap.rate for lap in beside]},
        p50=sorted(lap.p50 for lap in beside)[len(beside) // 2],
        p99=sorted(lap.p99 for lap in beside)[len(beside) // 2],
        note=f"{sent_away} of {bench.rounds} slow readers were sent away meanwhile",
        detail={
            "without": [asdict(lap) for lap in without],
            "beside": [asdict(lap) for lap in beside],
        },
    )
    share = ratio([lap.rate for lap in beside], [lap.rate for lap in without])
    # "It delays nobody else" has no figure: it allows for noise, and for the reader's own share.
    row.checks.append(Check("of that without", share, 0.85))
    row.checks.append(Check("lost", sum(lap.lost for lap in beside), 0, at_least=False))
    return [row]


def _never_reading(server: Server) -> socket.socket:
    """A WebSocket whose answer to the handshake is read, and nothing after it."""
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    slow.settimeout(5)
    slow.connect(("127.0.0.1", server.port))
    slow.sendall(
        b"GET /ws/chat HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: c3dpdGNoYm9hcmRiZW5jaA==\r\n\r\n"
    )
    if not slow.recv(SMALL_BUFFER // 4).startswith(b"HTTP/1.1 101"):
        raise ConnectionError("the slow reader was not let in")
    return slow
