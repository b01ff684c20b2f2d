"""Requests that never become any, because their head is broken, too large or too slow, or because
there is no room: how they are answered, and how their connections end."""

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

LINGER_BYTES = 1024 * 1024
"""What is still read after a refusal, and thrown away: a client that writes while its connection
ends loses the answer. So much may be on its way already."""

LINGER_SECONDS = 2.0
"""For the client to end its half after a refusal: until then it holds a descriptor."""


def refusal(status: HTTPStatus, detail: str, *headers: bytes) -> bytes:
    """The bytes of an answer after which the connection ends."""
    text = f"{detail}\n".encode()
    head = b"HTTP/1.1 %d %s" % (status, status.phrase.encode())
    kind = b"content-type: text/plain; charset=utf-8"
    length = b"content-length: %d" % len(text)
    return b"\r\n".join([head, *headers, kind, length, b"connection: close", b"", text])


NO_ROOM = refusal(
    HTTPStatus.SERVICE_UNAVAILABLE, "There are too many connections.", b"retry-after: 1"
)


class HeldFlow(FlowControl):
    """Doesn't read on while it `is_held`. uvicorn (0.54) does so after each answer, and whenever
    the application asks for more, though other requests wait already."""

    is_held = False

    def hold(self) -> None:
        self.is_held = True
        self.pause_reading()

    def resume_reading(self) -> None:
        if not self.is_held:
            super().resume_reading()


class RefusingProtocol(HttpToolsProtocol):
    """Ends with an answer, wherever one can still be read; `request_timeout` is in seconds."""

    flow: HeldFlow

    def __init__(self, *args: Any, request_timeout: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request_timeout = request_timeout
        self._timer: asyncio.TimerHandle | None = None
        self._running: RequestResponseCycle | None = None
        self._is_in_head = self._is_in_body = False
        self._is_refused = False
        self._discarded = 0

    def eof_received(self) -> None:
        if self._is_in_head or self._is_in_body:
            self._refuse(HTTPStatus.BAD_REQUEST, "The request ends in its middle.")

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Answer what isn't served, but not before what was asked ahead of it, nor into the middle
        of an answer to itself."""
        if self._is_answering() and not self._is_in_body:
            self.cycle.keep_alive = False
            self.flow.hold()
        elif self._is_in_body and self.pipeline and self._running is not None:
            self._running.keep_alive = False
            self.flow.hold()
        elif self._is_in_body and self.cycle.response_started:
            self.abort()
        else:
            self._answer(refusal(status, detail))

    def _answer(self, answer: bytes) -> None:
        """End our half of the connection with it. The client ends the other, or its time does."""
        if self._is_in_body:
            # Its application is told that the client is gone.
            self.cycle.disconnected = self.cycle.response_complete = True
            self.cycle.message_event.set()
        self._is_refused = True
        self._is_in_head = self._is_in_body = False
        self._stop_timer()
        self._timer = self.loop.call_later(
            min(self._request_timeout, LINGER_SECONDS), self._time_out
        )
        self.flow.resume_reading()
        self.transport.write(answer)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def _discard(self, data: bytes) -> None:
        self._discarded += len(data)
        if self._discarded > LINGER_BYTES:
            self.abort()

    def _is_answering(self) -> bool:
        newest: RequestResponseCycle | None = self.cycle
        return newest is not None and not newest.response_complete

    def unread_bytes(self) -> int | None:
        """See `Sending`. A slow download may take its time, as long as it goes on."""
        return self.transport.get_write_buffer_size() or None

    def turn_away(self, answer: bytes = NO_ROOM) -> None:
        if self._is_refused or self.transport.get_write_buffer_size():
            self.abort()  # a close would wait for the client to read
        else:
            self.transport.write(answer)
            self.transport.close()

    def abort(self) -> None:
        self.transport.abort()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _start_timer(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self._request_timeout, self._time_out)

    def _time_out(self) -> None:
        self._timer = None
        if self._is_in_head or self._is_in_body:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The request took too long to arrive.")
        else:
            self.abort()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
