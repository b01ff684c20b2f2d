"""Requests that never come, or never end: uvicorn's HTTP protocol with a deadline and a bound."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

HEAD_BYTES = 64 * 1024
"""A request's first line and headers. Browsers and proxies stop at a quarter of that."""


class TimedHttp(HttpToolsProtocol):
    """Ends a connection on which a request isn't all there within `patience` seconds.

    uvicorn (0.54) limits idleness between requests only. Whoever sends nothing at all, or a
    byte now and then, may stay for ever, and a head without end fills memory.
    """

    def __init__(self, *args: Any, patience: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._patience = patience
        self._deadline: asyncio.TimerHandle | None = None
        self._head_size: int | None = 0  # None: the head is there
        self._answering: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._deadline = self.loop.call_later(self._patience, transport.abort)

    def data_received(self, data: bytes) -> None:
        if self._deadline is None:
            self._head_size = 0
            self._deadline = self.loop.call_later(self._patience, self.transport.abort)
        super().data_received(data)
        if self._head_size is not None:
            self._head_size += len(data)
            if self._head_size > HEAD_BYTES:
                self.transport.abort()

    def on_headers_complete(self) -> None:
        self._head_size = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._stop_waiting()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        super().handle_websocket_upgrade()
        # They hold each other, and would stay until the garbage collector comes by.
        self.parser = None  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)
        if self._answering is not None:
            # Of several requests sent at once uvicorn tells the newest only, and has the one
            # that is under way write to a closed transport, which is logged as an error of ours.
            self._answering.disconnected = True
            self._answering.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
