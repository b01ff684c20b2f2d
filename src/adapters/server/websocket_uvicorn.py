"""uvicorn's WebSocket protocol with coalesced writes and an abort."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast

from websockets.protocol import State

from adapters.asgi_extensions import Extensions
from adapters.limits.address_limits import AddressLimits
from adapters.server.buffered_transport import BufferedTransport, WriteBatch
from adapters.server.websocket_reading import ReadingProtocol
from adapters.server.writable import Writable

SLOTS = """app app_state asgi_version client close_sent close_timeout close_timer config conn
connections curr_msg_data_type default_headers disconnected frames handshake_complete
handshake_initiated initial_response last_ping_rtt logger loop pending_ping_payload ping_interval
ping_sent_at ping_timeout ping_timer pong_timer queue read_paused request response root_path scheme
scope server tasks transport writable _batch _closing_bytes _fast_frames _is_metered _messages
_limits _output _overhead _overhead_bytes _parser _rest _unread"""
"""What uvicorn and we set on a connection. Without slots, Python gives an object with more than 30
attributes a table of their names for itself, of 1.5 KiB."""


class WebSocketProtocol(ReadingProtocol):
    """Carries one connection's bytes. What the application needs beyond ASGI are `Extensions`:

    `abort`, because uvicorn (0.54) closes a transport only after the client read all that was
    written, which a stuck reader never does.

    `go_on_with`, because a frame would otherwise wake the coroutine through the twenty of a
    framework and its middleware, which an idle connection would keep in memory (FastAPI 0.165).

    `write_text`, because `send` has to be awaited: a message would wake a task per receiver.
    Not with compression, which makes frames differ per connection.
    """

    __slots__ = tuple(SLOTS.split())

    def __init__(self, *args: Any, batch: WriteBatch, limits: AddressLimits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._batch = batch
        self.writable = Writable()  # type: ignore[assignment]  # has what uvicorn uses of one
        self._rest: Callable[[], Awaitable[None]] | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._output = BufferedTransport(transport, self._batch, self._can_write_text)
        self.transport = self._output  # type: ignore[assignment]  # has what uvicorn uses of one

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # It has counted since it was an HTTP connection.
        self._limits.disconnect(self.client[0] if self.client else "")
        self._output.discard()
        self._parser.stop()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._output.update()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._output.update()

    def unread_bytes(self) -> int | None:
        """See `Sending`. Only a close counts: the application has its own limit while open."""
        return 0 if self.transport.is_closing() else None

    def abort(self) -> None:
        self._output.abort()

    def shutdown(self) -> None:
        """Close the connection with 1012, unless it is closing already. Raises nothing.

        uvicorn (0.54) calls this for all connections in one loop, which an exception would end.
        """
        if self.transport.is_closing():
            return
        try:
            super().shutdown()
        except Exception:
            self.logger.exception("connection aborted, because its shutdown failed")
            self.abort()

    def run_asgi(self) -> Coroutine[Any, Any, None]:
        Extensions(
            abort=self._output.abort,
            go_on_with=self._go_on_with,
            write_text=None if self.config.ws_per_message_deflate else self._output.write_text,
            watch_inbox=self._watch_inbox,
        ).offer(cast("dict[str, Any]", self.scope))
        self.app = self._app_and_rest
        return super().run_asgi()

    async def _app_and_rest(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            try:
                await self.config.loaded_app(scope, receive, send)
            finally:
                # Even if the framework raised: the connection is still to be ended.
                if self._rest is not None:
                    if self.handshake_complete:
                        self._forget_handshake(scope)
                    rest = self._rest()
                    self._rest = None  # or it would stay as long as the connection
                    await rest
            # uvicorn logs a handshake that was answered over HTTP as an error of ours.
            if self.initial_response is not None:
                self.handshake_complete = True
        finally:
            # These refer to this object, which only the garbage collector would free.
            self.app = self.config.loaded_app
            scope.clear()

    def _forget_handshake(self, scope: Any) -> None:
        """Free what nobody asks for any more: half of what an idle connection would hold."""
        scope.clear()
        self.request.headers.clear()  # the parser keeps the request itself
        self.response.headers.clear()

    def send(self, message: Any) -> Coroutine[Any, Any, None]:
        return (
            self._close(message) if message["type"] == "websocket.close" else super().send(message)
        )

    async def _close(self, message: Any) -> None:
        """Close, then go on parsing: the client's close may lie behind messages nobody takes."""
        await super().send(message)
        self._drop_unread()

    def _go_on_with(self, rest: Callable[[], Awaitable[None]]) -> None:
        self._rest = rest
        self._is_metered = True

    def _can_write_text(self) -> bool:
        return self.conn.state is State.OPEN and self.writable.is_set() and not self.disconnected
