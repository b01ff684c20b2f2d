"""uvicorn's WebSocket protocol with bounded reading, coalesced writes and an abort."""

from collections.abc import Awaitable, Callable, Coroutine
from http import HTTPStatus
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.protocol import State

from adapters.asgi_extensions import Extensions
from adapters.server.buffered_transport import BufferedTransport, WriteBatch
from adapters.server.frames import FrameParser, read_plain
from adapters.server.message_queue import MessageQueue
from adapters.server.writable import Writable

READ_AHEAD = 16
"""So many messages are parsed before the application takes them; the rest stays bytes.

A chunk off a socket (256 KiB in uvloop) may hold 40,000 frames. Parsed, they would take fifty
times that memory.
"""

PARSE_BYTES = 4096
"""`websockets` is fed so many bytes at a time: it parses no more than those beyond `READ_AHEAD`."""

LINGER_SECONDS = 2.0
"""How long a client may go on sending a frame that was refused."""

SLOTS = """app app_state asgi_version client close_sent close_timeout close_timer config conn
connections curr_msg_data_type default_headers disconnected frames handshake_complete
handshake_initiated initial_response last_ping_rtt logger loop pending_ping_payload ping_interval
ping_sent_at ping_timeout ping_timer pong_timer queue read_paused request response root_path scheme
scope server tasks transport writable _batch _fast_frames _messages _output _parser _rest _unread"""
"""What uvicorn and we set on a connection. Without slots, Python gives an object with more than 30
attributes a table of their names for itself, of 1.5 KiB."""


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Carries one connection's bytes. What the application needs beyond ASGI are `Extensions`:

    `abort`, because uvicorn (0.54) closes a transport only after the client read all that was
    written, which a stuck reader never does.

    `go_on_with`, because a frame would otherwise wake the coroutine through the twenty of a
    framework and its middleware, which an idle connection would keep in memory (FastAPI 0.165).

    `write_text`, because `send` has to be awaited: a message would wake a task per receiver.
    Not with compression, which makes frames differ per connection.

    `fast_frames` has plain frames parsed by `read_plain` instead of `websockets`.
    """

    __slots__ = tuple(SLOTS.split())

    def __init__(self, *args: Any, batch: WriteBatch, fast_frames: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._batch = batch
        self._fast_frames = fast_frames
        self._parser = FrameParser(self.conn)
        self._messages = MessageQueue(self.loop)
        self.queue = self._messages  # type: ignore[assignment]  # has what uvicorn uses of one
        self.writable = Writable()  # type: ignore[assignment]  # likewise
        self._unread = b""
        self._output: BufferedTransport
        self._rest: Callable[[], Awaitable[None]] | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._output = BufferedTransport(transport, self._batch, self._can_write_text)
        self.transport = self._output  # type: ignore[assignment]  # has what uvicorn uses of one

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
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

    async def receive(self) -> Any:
        while not self._messages:
            await self._messages.filled()
        message = self._messages.pop(0)
        if self.read_paused and not self._messages and not self.disconnected:
            self._read()
            if not self._unread and self.read_paused:
                self.read_paused = False
                self.transport.resume_reading()
        return message

    def send(self, message: Any) -> Coroutine[Any, Any, None]:
        return (
            self._close(message) if message["type"] == "websocket.close" else super().send(message)
        )

    def data_received(self, data: bytes) -> None:
        self._unread = self._unread + data if self._unread else data
        self._read()

    def handle_parser_exception(self) -> None:
        """Refuse a frame that is broken or too large, and let the client read why.

        uvicorn (0.54) closes the transport at once. What the client still sends is then answered
        by a TCP reset, which overtakes the close frame. So only our half is closed: the rest is
        discarded until the client ends its half, or `LINGER_SECONDS` are over.
        """
        # uvicorn would drop the frames before the broken one that came in the same chunk.
        self.handle_events()
        if self.close_timer is not None:
            return
        close = self._parser.close_sent
        if close is None:  # the handshake isn't answered yet, so no close frame can be sent
            self.disconnected = True
            self.abort()
            return
        code, reason = close
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def send_receive_event_to_app(self) -> None:
        try:
            super().send_receive_event_to_app()
        except InvalidState:
            # uvicorn (0.54) answers text that isn't UTF-8 with 1007 even where it can't: after a
            # close in the same chunk, or before the handshake.
            self.handle_parser_exception()

    async def _close(self, message: Any) -> None:
        """Close, then go on parsing: the client's close may lie behind messages nobody takes."""
        await super().send(message)
        self._read()

    def _read(self) -> None:
        """Parse what the application is about to take; after its close, all, to drop it."""
        data, at = self._unread, 0
        messages = self._messages
        while at < len(data) and (len(messages) < READ_AHEAD or self.close_sent):
            text = None
            if self._fast_frames and self._parser.is_between_messages and not self.close_sent:
                text, at = read_plain(data, at, self.config.ws_max_size)
            if text is not None:
                messages.put_nowait({"type": "websocket.receive", "text": text})
            else:
                self._parse(data[at : at + PARSE_BYTES])
                at += PARSE_BYTES
        self._unread = data[at:]
        if (
            (self._unread or len(messages) >= READ_AHEAD)
            and not self.read_paused
            and not self.close_sent
        ):
            self.read_paused = True
            self.transport.pause_reading()

    def _parse(self, piece: bytes) -> None:
        if not self._parser.feed(piece):
            self.handle_parser_exception()
        elif self.handshake_initiated or self.conn.handshake_exc is None:
            self.handle_events()
        else:
            self._refuse_request()

    def _refuse_request(self) -> None:
        """Answer a request for a WebSocket that `websockets` could not parse.

        uvicorn (0.54) would send nothing and keep the connection. `websockets` has an answer to
        send if a line is too long or headers are too many, and none to anything else.
        """
        answer = b"".join(self.conn.data_to_send())
        if not answer:
            text = f"Failed to open a WebSocket connection: {self.conn.handshake_exc}.\n"
            answer = self.conn.reject(HTTPStatus.BAD_REQUEST, text).serialize()
        self.handshake_initiated = self.handshake_complete = self.close_sent = True
        self.transport.write(answer)
        self.transport.close()

    def _go_on_with(self, rest: Callable[[], Awaitable[None]]) -> None:
        self._rest = rest

    def _can_write_text(self) -> bool:
        return self.conn.state is State.OPEN and self.writable.is_set() and not self.disconnected
