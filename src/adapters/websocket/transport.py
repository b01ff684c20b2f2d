"""A WebSocket as what carries a session: ASGI on one side, four verbs on the other."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fast_channels.type_defs import ASGIReceiveCallable

from adapters.asgi_extensions import OVERHEAD, Extensions
from adapters.sessions.transport import Overhead, Transport, never_now


class WebSocketTransport(Transport):
    """Under our own server, frames are written at once and a connection can be aborted; other
    servers offer neither."""

    def __init__(
        self,
        extensions: Extensions,
        receive: ASGIReceiveCallable,
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        self.write_now = extensions.write_text or never_now
        self._abort = extensions.abort
        self._watch_inbox = extensions.watch_inbox
        self._drop_inbox: Callable[[], None] | None = None
        self._receive = receive
        self._send = send

    def count_unhandled(self, changed: Callable[[int], None]) -> None:
        if self._watch_inbox is not None:
            self._drop_inbox = self._watch_inbox(changed)
            self._watch_inbox = None

    def drop_unhandled(self) -> None:
        if self._drop_inbox is not None:
            self._drop_inbox()

    async def receive(self) -> str | bytes | Overhead | None:
        message: Mapping[str, Any] = await self._receive()
        text: str | None = message.get("text")
        if text is not None:
            return text
        match message["type"]:
            case "websocket.disconnect":
                return None
            case str(kind) if kind == OVERHEAD:
                return Overhead(message["frames"], message["unread_bytes"], message["bytes"])
            case _:
                return message.get("bytes") or b""

    async def send(self, frame: str) -> None:
        await self._send({"type": "websocket.send", "text": frame})

    async def close(self, code: int, reason: str) -> None:
        await self._send({"type": "websocket.close", "code": code, "reason": reason})

    def abort(self) -> None:
        if self._abort is not None:
            self._abort()
