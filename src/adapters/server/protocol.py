"""uvicorn's sans-I/O WebSocket protocol, with a way to end a connection at once."""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

ABORT = "switchboard.abort"


class AbortableWebSockets(WebSocketsSansIOProtocol):
    """Gives each connection `scope["extensions"]["switchboard.abort"]["call"]`.

    uvicorn (0.54) closes a transport only after all that was written is read, which a
    stuck reader never does; aborting needs the transport, and ASGI has no word for it.
    """

    async def run_asgi(self) -> None:
        extensions = self.scope.setdefault("extensions", {})
        extensions[ABORT] = {"call": self.transport.abort}
        app = self.app

        async def app_or_answer(scope: Any, receive: Any, send: Any) -> None:
            await app(scope, receive, send)
            # uvicorn calls a handshake that was answered over HTTP an error of ours.
            if self.initial_response is not None:
                self.handshake_complete = True

        self.app = app_or_answer
        await super().run_asgi()
