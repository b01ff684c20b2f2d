"""Clients by the thousand, on picows: what they hear is counted, and nothing else is done."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Self

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from benchmarks.processes import Server

MARK = b"#"
"""Leads the number in a timed message; no other frame has one."""

DIGITS = 15
"""With the mark, a message is 16 characters long."""

AT_ONCE = 100
"""So many handshakes are under way at a time."""


class Member(WSListener):
    """One connection. `heard` are the numbers of the messages it heard, as they came."""

    def __init__(self, crowd: "Crowd", index: int) -> None:
        self.index = index
        self.heard: list[int] = []
        self._crowd = crowd
        self._waiting = crowd.waiting
        self._transport: WSTransport | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        data = frame.get_payload_as_bytes()
        at = data.find(MARK) + 1
        if at == 0:
            self._crowd.hear_other(data)
            return
        number = int(data[at : at + DIGITS])
        self.heard.append(number)
        left = self._waiting.get(number, 0) - 1
        if left > 0:
            self._waiting[number] = left
        elif left == 0:
            del self._waiting[number]
            self._crowd.complete(number)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._crowd.gone += 1

    def send(self, frame: bytes) -> None:
        if self._transport is not None:
            self._transport.send(WSMsgType.TEXT, frame)

    def leave(self) -> None:
        if self._transport is not None:
            self._transport.disconnect(graceful=False)


class Crowd:
    """Registry to one path, of one server or spread over several.

    `waiting` says of each message under way how many members have yet to hear it; who
    measures sets `complete` to be told of each that all have heard. With `token_of`, each member
    brings the token of its index.
    """

    def __init__(
        self, servers: Sequence[Server], path: str, token_of: Callable[[int], str] | None = None
    ) -> None:
        self.pids = [server.program.pid for server in servers]
        self.members: list[Member] = []
        self.waiting: dict[int, int] = {}
        self.others = 0
        self.errors: list[bytes] = []
        self.gone = 0
        self.heard_at = 0.0
        self._token_of = token_of
        self._urls = [f"{server.url}{path}" for server in servers]

    def complete(self, number: int) -> None:
        """Nobody measures."""

    def hear_other(self, data: bytes) -> None:
        """A frame that isn't timed: somebody joined, or something is wrong."""
        self.others += 1
        self.heard_at = time.perf_counter()
        if b'"error"' in data or b'"disconnect"' in data:
            self.errors.append(data)

    async def grow(self, size: int) -> Self:
        """Connect until there are `size` members."""
        gate = asyncio.Semaphore(AT_ONCE)
        new = [Member(self, index) for index in range(len(self.members), size)]
        self.members += new
        await asyncio.gather(*(self._connect(gate, member) for member in new))
        return self

    async def settle(self, quiet: float = 0.2, limit: float = 60.0) -> None:
        """Until nobody has heard anything for `quiet` seconds."""
        end = time.perf_counter() + limit
        before = -1
        while before != self.others and time.perf_counter() < end:
            before = self.others
            await asyncio.sleep(quiet)

    async def leave(self) -> None:
        """Disconnect everybody, and have the server notice."""
        for member in self.members:
            member.leave()
        self.members.clear()
        await asyncio.sleep(0.1)

    async def _connect(self, gate: asyncio.Semaphore, member: Member) -> None:
        headers = {}
        if self._token_of is not None:
            headers["Authorization"] = f"Bearer {self._token_of(member.index)}"
        async with gate:
            await ws_connect(
                lambda: member,
                self._urls[member.index % len(self._urls)],
                websocket_handshake_timeout=60,
                read_buffer_init_size=2048,
                extra_headers=headers,
            )
