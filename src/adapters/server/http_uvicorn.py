"""uvicorn's HTTP protocol with limits on a request's time and size."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

HEAD_BYTES = 64 * 1024
"""Limit of a request's first line and headers: four times that of browsers and proxies."""


class HttpProtocol(HttpToolsProtocol):
    """Aborts a connection on which a request isn't complete within `request_timeout` seconds.

    uvicorn (0.54) limits only the time between requests. A client that sends nothing at all, or
    a byte now and then, could stay for ever, and a head without end would fill the memory.
    """

    def __init__(self, *args: Any, request_timeout: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request_timeout = request_timeout
        self._timer: asyncio.TimerHandle | None = None
        self._head_bytes: int | None = 0  # None: the head is complete
        self._running: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        if self._timer is None:
            self._head_bytes = 0
            self._start_timer()
        super().data_received(data)
        if self._head_bytes is not None:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self.abort()

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade() and self._should_upgrade() and self._announces_body():
            # llhttp awaits the body before the upgrade, which `websockets` would then refuse.
            # uvicorn (0.54) answers 400 to whatever is raised here.
            raise ValueError("a request for a WebSocket has no body")
        self._head_bytes = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._stop_timer()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        super().handle_websocket_upgrade()
        # Parser and protocol refer to each other: only the garbage collector would free them.
        self.parser = None  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)
        if self._running is not None:
            # Of pipelined requests uvicorn (0.54) tells only the newest that the client is gone.
            # The running one would write to a closed transport, which is logged as our error.
            self._running.disconnected = True
            self._running.message_event.set()

    def unread_bytes(self) -> int | None:
        """See `Sending`. A slow download may take its time, as long as it goes on."""
        return self.transport.get_write_buffer_size() or None

    def abort(self) -> None:
        self.transport.abort()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _announces_body(self) -> bool:
        return any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
            for name, value in self.headers
        )

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self._request_timeout, self.abort)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
