"""uvicorn's sans-I/O WebSocket protocol, with two things that ASGI has no word for."""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State

ABORT = "switchboard.abort"
WRITE = "switchboard.write"

LINGER_SECONDS = 2.0
"""How long a client may go on with a frame that is refused."""


class Encoded:
    """The last text that was framed. A broadcast gives every connection the same string, and
    a server's frames are the same for all, so all but the first find theirs here."""

    text = ""
    frame = Frame(Opcode.TEXT, b"").serialize(mask=False)

    @classmethod
    def of(cls, text: str) -> bytes:
        if text is not cls.text:
            cls.frame = Frame(Opcode.TEXT, text.encode()).serialize(mask=False)
            cls.text = text
        return cls.frame


class DirectWebSockets(WebSocketsSansIOProtocol):
    """Adds to `scope["extensions"]`, each as `{"call": …}`:

    `switchboard.abort` ends the connection at once. uvicorn (0.54) closes a transport only
    after all that was written is read, which a stuck reader never does.

    `switchboard.write` writes a text frame now, or returns False if that must wait or can't
    be: then `send` does what is right. It spares a task's wake-up for each receiver.
    """

    async def run_asgi(self) -> None:
        extensions = self.scope.setdefault("extensions", {})
        extensions[ABORT] = {"call": self.transport.abort}
        if not self.config.ws_per_message_deflate:
            extensions[WRITE] = {"call": self.write_now}
        app = self.app

        async def app_or_answer(scope: Any, receive: Any, send: Any) -> None:
            await app(scope, receive, send)
            # uvicorn calls a handshake that was answered over HTTP an error of ours.
            if self.initial_response is not None:
                self.handshake_complete = True

        self.app = app_or_answer
        await super().run_asgi()

    def handle_parser_exception(self) -> None:
        """Refuse a frame that is too large or broken, and let the client read why.

        uvicorn closes at once; what the client is still sending then meets a closed socket, and
        the reset that answers it overtakes the close frame. So only our half is closed: the
        rest of the frame is discarded until the client is done, or was given long enough.
        """
        if self.close_timer is not None or self.conn.close_sent is None:
            return
        code, reason = self.conn.close_sent.code, self.conn.close_sent.reason
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def write_now(self, text: str) -> bool:
        if not self.writable.is_set() or self.conn.state is not State.OPEN or self.close_sent:
            return False
        if self.transport.is_closing():
            return False
        self.transport.write(Encoded.of(text))
        return True
