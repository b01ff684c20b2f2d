"""uvicorn's sans-I/O WebSocket protocol, with three things that ASGI has no word for."""

from collections.abc import Awaitable, Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.protocol import State

from adapters.server.outbox import Outbox, WriteBatch

ABORT = "switchboard.abort"
CONTINUE = "switchboard.continue"
WRITE = "switchboard.write"

LINGER_SECONDS = 2.0
"""How long a client may go on with a frame that is refused."""


class DirectWebSockets(WebSocketsSansIOProtocol):
    """Adds to `scope["extensions"]`, each as `{"call": …}`:

    `switchboard.abort` ends the connection at once. uvicorn (0.54) closes a transport only
    after all that was written is read, which a stuck reader never does.

    `switchboard.continue` takes a coroutine function, and awaits it once the application has
    returned. Whoever waits for frames in there is not woken through, and keeps no memory for,
    the twenty coroutines of a framework and its middleware (uvicorn 0.54 with FastAPI 0.165).

    `switchboard.write` writes a text frame now, or returns False if that must wait or can't
    be: then `send` does what is right. It spares a task's wake-up for each receiver.
    """

    def __init__(self, *args: Any, turn: WriteBatch, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turn = turn
        self._outbox: Outbox
        self._rest: Callable[[], Awaitable[None]] | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._outbox = Outbox(transport, self._turn, self._may_write_text)
        self.transport = self._outbox  # type: ignore[assignment]  # what uvicorn uses of it

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._outbox.let_go()
        self.conn.parser.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._outbox.look()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._outbox.look()

    def shutdown(self) -> None:
        # uvicorn (0.54) raises where the client said goodbye first and hasn't read the answer
        # yet, and so never stops those that come after it.
        if self.conn.close_rcvd is not None:
            self.close_sent = True
        super().shutdown()

    async def run_asgi(self) -> None:
        extensions = self.scope.setdefault("extensions", {})
        extensions[ABORT] = {"call": self._outbox.abort}
        extensions[CONTINUE] = {"call": self._go_on_with}
        if not self.config.ws_per_message_deflate:
            extensions[WRITE] = {"call": self._outbox.write_text}
        app = self.app

        async def app_and_the_rest(scope: Any, receive: Any, send: Any) -> None:
            try:
                await app(scope, receive, send)
            finally:
                # Also if something round the application raised: it has a connection to end.
                if self._rest is not None:
                    await self._rest()
            # uvicorn calls a handshake that was answered over HTTP an error of ours.
            if self.initial_response is not None:
                self.handshake_complete = True

        self.app = app_and_the_rest
        try:
            await super().run_asgi()
        finally:
            # What refers to itself is left to the garbage collector, which comes by rarely.
            self.app, self._rest = app, None
            extensions.clear()

    def handle_parser_exception(self) -> None:
        """Refuse a frame that is too large or broken, and let the client read why.

        uvicorn closes at once; what the client is still sending then meets a closed socket, and
        the reset that answers it overtakes the close frame. So only our half is closed: the
        rest of the frame is discarded until the client is done, or was given long enough.
        """
        # uvicorn drops the frames that came whole and in one piece with a broken one.
        self.handle_events()
        if self.close_timer is not None:
            return
        if self.conn.close_sent is None:  # nothing can be said before the handshake is answered
            self.disconnected = True
            self.transport.abort()
            return
        code, reason = self.conn.close_sent.code, self.conn.close_sent.reason
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
            # uvicorn (0.54) says 1007 to text that isn't UTF-8 even where that can't be said: to
            # a client whose close came in one piece with it, or who has no handshake yet.
            self.handle_parser_exception()

    def _go_on_with(self, rest: Callable[[], Awaitable[None]]) -> None:
        self._rest = rest

    def _may_write_text(self) -> bool:
        return self.conn.state is State.OPEN and self.writable.is_set() and not self.disconnected
