"""uvicorn's sans-I/O WebSocket protocol, with a way to end a connection at once."""

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
        await super().run_asgi()
