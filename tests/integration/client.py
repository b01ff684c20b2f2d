"""A well-behaved client for the tests, and how they ask over HTTP."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeAlias, TypeVar
from urllib.parse import urlencode

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

Frame: TypeAlias = dict[str, Any]


T = TypeVar("T")


DEADLINE = 15.0


def address(url: str, path: str, since: Sequence[str] = ()) -> str:
    """Where the socket `path` of the server at `url` is."""
    query = f"?{urlencode([('since', cursor) for cursor in since])}" if since else ""
    return f"ws{url.removeprefix('http')}{path}{query}"


class Client:
    """One WebSocket, read all the time: `frames` is everything that came, in order.

    Entering it waits until the server has let it in: what others do afterwards reaches it.
    `source` is the address that it comes from.
    """

    def __init__(
        self,
        url: str,
        path: str,
        *,
        since: str | Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
        subprotocols: Sequence[str] = (),
        source: str | None = None,
    ) -> None:
        cursors = [since] if isinstance(since, str) else since
        self._address = address(url, path, cursors)
        self._headers = dict(headers or {})
        self._subprotocols = [Subprotocol(each) for each in subprotocols]
        self._source = None if source is None else (source, 0)
        self.frames: list[Frame] = []
        self.cursor: str | None = None
        self._received = 0
        self._news = asyncio.Event()
        self._has_ended = False
        self._socket: ClientConnection
        self._reading: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        self._socket = await connect(
            self._address,
            additional_headers=self._headers,
            subprotocols=self._subprotocols or None,
            local_addr=self._source,
            compression=None,
            max_size=None,
            open_timeout=DEADLINE,
            proxy=None,
        )
        self._reading = asyncio.create_task(self._read())
        try:
            await self.until_pong()
        except ConnectionClosed:
            # Whoever is turned away learns why from the frames and from `ended`.
            await self.ended()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._socket.close()
        await self._reading

    async def send(self, action: str, payload: object = None) -> None:
        await self.send_raw(json.dumps({"action": action, "payload": payload}))

    async def send_frame(self, action: str, payload: object = None, **envelope: object) -> None:
        await self.send_raw(json.dumps({"action": action, "payload": payload, **envelope}))

    async def send_raw(self, data: str | bytes, *, text: bool | None = None) -> None:
        await self._socket.send(data, text=text)

    async def receive(self, action: str, deadline: float = DEADLINE, /, **payload: object) -> Frame:
        """The next frame with this action and these entries in its payload.

        Frames before it are passed over, and still stand in `frames`.
        """

        def found() -> Frame | None:
            while self._received < len(self.frames):
                frame = self.frames[self._received]
                self._received += 1
                if frame["action"] == action and _has(frame["payload"], payload):
                    return frame
            return None

        return await self._wait_for(found, deadline, f"{action} {payload}")

    async def until_heard(self, count: int, action: str, **payload: object) -> None:
        """Until that many such frames have come in all, received already or not."""

        def found() -> bool | None:
            such = (f for f in self.frames if f["action"] == action and _has(f["payload"], payload))
            return sum(1 for _ in such) >= count or None

        await self._wait_for(found, DEADLINE, f"{count} of {action} {payload}")

    async def until_pong(self) -> None:
        """Until all that the server had for us before now has come."""
        start = len(self.frames)
        ref = f"until-{start}"
        await self.send_raw(json.dumps({"action": "ping", "ref": ref}))

        def found() -> bool | None:
            return any(frame.get("ref") == ref for frame in self.frames[start:]) or None

        await self._wait_for(found, DEADLINE, "pong")

    async def until_frame(self, ref: str) -> Frame:
        """The frame that answers the one with this `ref`."""

        def found() -> Frame | None:
            return next((frame for frame in self.frames if frame.get("ref") == ref), None)

        return await self._wait_for(found, DEADLINE, f"answer to {ref}")

    @property
    def has_ended(self) -> bool:
        return self._has_ended

    async def ended(self, *, deadline: float = DEADLINE) -> int | None:
        """The code with which the server has closed."""
        async with asyncio.timeout(deadline):
            await asyncio.shield(self._reading)
        return self._socket.close_code

    def payloads(self, action: str) -> list[Any]:
        """The payloads of all frames with this action so far."""
        return [frame["payload"] for frame in self.frames if frame["action"] == action]

    def messages(self, action: str) -> list[str]:
        """The texts of all frames with this action so far."""
        return [payload["message"] for payload in self.payloads(action)]

    async def _wait_for(self, found: Callable[[], T | None], deadline: float, what: str) -> T:
        try:
            async with asyncio.timeout(deadline):
                while (result := found()) is None:
                    if self._has_ended:
                        raise ConnectionClosed(None, None)
                    self._news.clear()
                    await self._news.wait()
                return result
        except TimeoutError:
            came = json.dumps(self.frames[-10:], ensure_ascii=False, indent=1)
            raise AssertionError(f"no {what} on {self._address}; last came {came}") from None

    async def _read(self) -> None:
        try:
            async for text in self._socket:
                frame = json.loads(text)
                self.frames.append(frame)
                self.cursor = frame.get("cursor", self.cursor)
                self._news.set()
        except ConnectionClosed:
            pass  # with a code that says more than 1000; `ended` tells which
        finally:
            self._has_ended = True
            self._news.set()


@contextlib.asynccontextmanager
async def everybody(crowd: list[Client]) -> AsyncIterator[None]:
    """Have them all come at once, and go at once."""
    async with asyncio.TaskGroup() as group:
        for client in crowd:
            group.create_task(client.__aenter__())
    yield
    async with asyncio.TaskGroup() as group:
        for client in crowd:
            group.create_task(client.__aexit__(None, None, None))


async def until(
    happened: Callable[[], Awaitable[bool]], what: str, *, deadline: float = DEADLINE
) -> None:
    """Ask again and again: for what tells nobody that it happens."""
    try:
        async with asyncio.timeout(deadline):
            while not await happened():  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"it never happened: {what}") from None


async def get(url: str, **headers: str) -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False) as http:
        return await http.get(url, headers=headers)


async def post(url: str, body: object, **headers: str) -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False) as http:
        return await http.post(url, json=body, headers=headers)


def _has(payload: object, entries: Mapping[str, object]) -> bool:
    if not isinstance(payload, dict):
        return not entries
    return all(name in payload and payload[name] == value for name, value in entries.items())
