"""A client, its connection and the application at the other end, driven step by step."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any, Literal, cast

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from adapters.server.buffered_transport import WriteBatch
from adapters.server.websocket_uvicorn import WebSocketProtocol
from tests.doubles import address_limits
from tests.unit.adapters.server.wire import HANDSHAKE, Answer, Wire, answer

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
Kind = Literal["general", "fast", "stock"]

MAX_SIZE = 100_000

TURNS = 2_000
"""Turns of the loop after which something awaited counts as never happening."""


async def until(happened: Callable[[], object]) -> None:
    """Let the loop turn until it happened: in memory that takes turns, not time."""
    for _ in range(TURNS):
        if happened():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never happened")


async def some_turns() -> None:
    """Enough for whatever is under way to be done: there is nothing to wait for outside."""
    for _ in range(20):
        await asyncio.sleep(0)


class Recorder:
    """Accepts, and keeps what it receives until the client is gone; `pace` turns for each.

    While `reads` isn't set it takes nothing.
    """

    def __init__(self, pace: int = 0) -> None:
        self.pace = pace
        self.received: list[Message] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self.scope: Message = {}
        self.extensions: Message = {}
        self.send: Send
        self.receive: Receive
        self.ended = False

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.scope, self.receive, self.send = scope, receive, send
        self.extensions = dict(scope["extensions"])
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        while not self.received or self.received[-1]["type"] != "websocket.disconnect":
            await self.reads.wait()
            self.received.append(await receive())
            for _ in range(self.pace):
                await asyncio.sleep(0)
        self.ended = True

    @property
    def messages(self) -> list[str | bytes]:
        """The contents, in order."""
        return [
            each["bytes"] if each.get("bytes") is not None else each["text"]
            for each in self.received
            if each["type"] == "websocket.receive"
        ]

    @property
    def disconnect(self) -> Message:
        """The last message, which was a disconnect."""
        assert self.ended
        return self.received[-1]

    def extension(self, name: str) -> Callable[..., Any]:
        return cast("Callable[..., Any]", self.extensions[name]["call"])


class Connection:
    """`batch` and `state` may be shared, as by the connections of a server."""

    def __init__(
        self,
        kind: Kind,
        app: App,
        *,
        deflate: bool = False,
        max_size: int = MAX_SIZE,
        batch: WriteBatch | None = None,
        state: ServerState | None = None,
    ) -> None:
        config = uvicorn.Config(
            cast("Any", app),
            ws="websockets-sansio",
            ws_max_size=max_size,
            ws_per_message_deflate=deflate,
            lifespan="off",
            proxy_headers=False,
            log_config=None,
        )
        config.load()
        self.state = state or ServerState()
        make = (
            WebSocketsSansIOProtocol
            if kind == "stock"
            else partial(
                WebSocketProtocol,
                batch=batch or WriteBatch(),
                fast_frames=kind == "fast",
                limits=address_limits(),
            )
        )
        self.protocol = make(config=config, server_state=self.state, app_state={})
        self.wire = Wire()
        self.wire.protocol = self.protocol
        self.protocol.connection_made(self.wire)

    @property
    def answer(self) -> Answer:
        return answer(self.wire)

    def knock(self, *headers: bytes) -> None:
        """Ask for a connection, with more headers if need be."""
        self.protocol.data_received(HANDSHAKE + b"".join(headers) + b"\r\n")

    async def open(self, *headers: bytes) -> None:
        self.knock(*headers)
        await until(lambda: self.wire.writes)
        assert self.answer.status == 101

    async def feed(self, *chunks: bytes) -> None:
        """Deliver these as TCP does: they wait while reading is paused, and a close loses them."""
        for chunk in chunks:
            await until(lambda: self.wire.reading or self.wire.closing)
            if self.wire.closing:
                return
            self.protocol.data_received(chunk)

    async def hang_up(self) -> None:
        """End the client's half, which ends the connection; nobody notices before all is read.

        What a loop reads comes after all that was written in the turn before.
        """
        await until(lambda: self.wire.reading or self.wire.closing)
        await some_turns()
        if not self.wire.closing:
            self.protocol.eof_received()
            self.wire.close()
        await self.over()

    async def over(self) -> None:
        """Wait until the application and the connection have ended."""
        await until(lambda: not self.state.tasks and not self.state.connections)
