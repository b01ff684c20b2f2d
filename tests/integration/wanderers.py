"""Listeners that are cut off and come back: each hears one audience over many connections."""

import asyncio
import contextlib
import itertools
import json
import socket as sockets
import struct
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from tests.integration.client import DEADLINE, Frame, address

NOT_LET_IN = (OSError, WebSocketException)
"""What a visit raises if it could not begin."""


KNOCKING_PAUSE = 0.1
"""Seconds after which whoever was not let in tries the next server."""


TALKING_PAUSE = 0.01
"""Seconds between what one speaker says: a load, and no flood."""


BEGINNING, END = "the beginning", "the end"


class Lane(NamedTuple):
    """How to talk on one durable socket."""

    path: str
    says: str
    hears: str
    mark: str


RELIABLE = Lane("/ws/reliable", "reliable_chat", "reliable_chat_notification", "📨 ")


def room_lane(name: str) -> Lane:
    return Lane(f"/ws/room/{name}", "room_chat", "room_notification", "💬 ")


class Wanderer:
    """Listens, and comes back with the cursor of the last frame that it has read.

    `frames` are all that was said, of all its visits; `disconnects` is what `disconnect`
    frames told it. `codes` is how its visits have ended, but for the last if that was cancelled.
    """

    def __init__(self, lane: Lane, name: str, cursor: str) -> None:
        self.lane = lane
        self.name = name
        self.cursor = cursor
        self.visits = 0
        self.frames: list[Frame] = []
        self.recoveries: list[Any] = []
        self.refusals: list[Any] = []
        self.disconnects: list[Any] = []
        self.codes: list[int | None] = []
        self._heard: set[str] = set()
        # Set while it visits and has heard all that it had missed.
        self._settled: ClientConnection | None = None
        self._news = asyncio.Event()

    async def visit(self, url: str, *, frames: int | None = None, reset: bool = False) -> None:
        """Listen until the server closes, or leave when so many frames have come.

        It leaves with a close, or is gone without a goodbye: by a TCP `reset`.
        """
        here = address(url, self.lane.path, [self.cursor])
        # Without max_queue=None the close would wait behind frames that nobody reads any more.
        async with connect(
            here,
            compression=None,
            max_size=None,
            max_queue=None,
            open_timeout=DEADLINE,
            proxy=None,
        ) as socket:
            self.visits += 1
            try:
                await self._listen(socket, frames)
            except ConnectionClosed:
                pass  # the code says more
            finally:
                self._settled = None
                self._news.set()
            if reset:
                _reset(socket)
        self.codes.append(socket.close_code)

    async def roam(self, urls: Sequence[str]) -> None:
        """Go from server to server whenever told to, until cancelled."""
        for url in itertools.cycle(urls):
            disconnects = len(self.disconnects)
            try:
                await self.visit(url)
            except NOT_LET_IN:
                await asyncio.sleep(KNOCKING_PAUSE)
                continue
            for disconnect in self.disconnects[disconnects:]:
                await asyncio.sleep(disconnect["after_ms"] / 1000)

    def has_heard(self, text: str) -> bool:
        return text in self._heard

    def story(self) -> list[Frame]:
        """What was said, with its cursor, up to the end."""
        told = []
        for frame in self.frames:
            # A newcomer's own arrival is told to the others in the room only.
            if frame["payload"].get("kind", "said") == "said":
                told.append(frame)
            if frame["payload"]["message"] == self.lane.mark + END:
                break
        return told

    async def until(self, happened: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(DEADLINE):
                while not happened():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            last = self.frames[-3:]
            raise AssertionError(f"{self.name} waited in vain: {what}; last came {last}") from None

    async def _listen(self, socket: ClientConnection, count: int | None) -> None:
        if count == 0:
            return
        with contextlib.suppress(ConnectionClosed):
            await socket.send('{"action": "ping"}')
        came = 0
        async for text in socket:
            self._take(json.loads(text), socket)
            came += 1
            if came == count:
                return

    def _take(self, frame: Frame, socket: ClientConnection) -> None:
        payload = frame["payload"]
        match frame["action"]:
            case self.lane.hears:
                self.cursor = frame["cursor"]
                if payload["message"].startswith(self.lane.mark):
                    self.frames.append(frame)
                    self._heard.add(payload["message"].removeprefix(self.lane.mark))
            case "recovered":
                self.recoveries.append(payload)
            case "error":
                self.refusals.append(payload)
            case "disconnect":
                self.disconnects.append(payload)
            case "pong":
                self._settled = socket
        self._news.set()


class Speaker(Wanderer):
    """Talks all the time; what it says counts as accepted when it hears it itself.

    Cut off in between, it may not know: it comes back, and says it again only if that is
    not among what it missed. The same after a refusal.
    """

    def __init__(self, lane: Lane, name: str, cursor: str) -> None:
        super().__init__(lane, name, cursor)
        self.accepted: list[str] = []
        self.repeated = 0
        self.slowest_refusal = 0.0

    async def talk(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            text = f"{self.name} says {len(self.accepted)}"
            await self._say(text)
            self.accepted.append(text)
            await asyncio.sleep(TALKING_PAUSE)

    async def _say(self, text: str) -> None:
        for attempt in itertools.count():
            await self.until(lambda: self._settled is not None, "a server lets it in")
            if self._settled is None or self.has_heard(text):
                return
            self.repeated += attempt > 0
            await self._try(text, self._settled)

    async def _try(self, text: str, socket: ClientConnection) -> None:
        """Say it once, and return when it is heard or the visit is over."""
        refusals, begin = len(self.refusals), time.monotonic()
        with contextlib.suppress(ConnectionClosed):
            payload = {"message": text}
            await socket.send(json.dumps({"action": self.lane.says, "payload": payload}))

        def is_over() -> bool:
            return self.has_heard(text) or self._settled is not socket

        def is_answered() -> bool:
            return is_over() or len(self.refusals) > refusals

        await self.until(is_answered, f"an answer to {text}")
        if len(self.refusals) > refusals:
            self.slowest_refusal = max(self.slowest_refusal, time.monotonic() - begin)
            # It may have been done nevertheless: to know, one has to come back.
            await self.until(is_over, "it is sent elsewhere")


def _reset(socket: ClientConnection) -> None:
    raw: sockets.socket = socket.transport.get_extra_info("socket")
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
    socket.transport.abort()
