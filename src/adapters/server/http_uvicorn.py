"""uvicorn's HTTP protocol with limits on a request's time and size, and on what is pipelined."""

import asyncio
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from adapters.limits.address_limits import AddressLimits
from adapters.server.http_connections import HttpConnections

HEAD_BYTES = 64 * 1024
"""Limit of all that isn't a request's body: its first line and headers, the framing of chunks,
trailers. Four times that of browsers and proxies for a head."""

FEED_BYTES = 1024
"""So many bytes are parsed before it is looked at what they were: no more requests are begun ahead
than fit into that, and it is soon seen that a header has no end."""

NOT_KEPT = {b"connection", b"upgrade", b"http2-settings"}
"""Headers of an offer to speak HTTP/2, which isn't taken."""

NO_ROOM = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
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


class HttpProtocol(HttpToolsProtocol):
    """Aborts a connection on which a request isn't complete within `request_timeout` seconds.

    uvicorn (0.54) limits only the time between requests. A client that sends nothing at all, or
    a byte now and then, could stay for ever, and a head without end would fill the memory.

    What follows a request that isn't answered yet is neither parsed nor read: a client that sends
    request after request and reads no answer would fill the memory, too.
    """

    flow: HeldFlow

    def __init__(
        self,
        *args: Any,
        request_timeout: float,
        others: HttpConnections,
        limits: AddressLimits,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._others = others
        self._request_timeout = request_timeout
        self._timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._running: RequestResponseCycle | None = None
        self._unread = b""
        self._upgrade_waits = False
        self._is_websocket = False

    # What comes in.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = HeldFlow(transport)
        self._start_timer()
        wait = self._limits.connect(self._host())
        if wait:
            self.turn_away(_too_many(wait))
        else:
            self._others.add(self)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        self._feed()

    def _feed(self) -> None:
        data, at = self._unread, 0
        if not self.flow.is_held:
            self._unset_keepalive_if_required()
            self._start_timer()
        while at < len(data) and not self.flow.is_held and not self.transport.is_closing():
            at += self._parse(data[at : at + FEED_BYTES])
            if self._is_websocket:
                return
            if self._head_bytes > HEAD_BYTES:
                self.abort()
            elif self.pipeline:
                self.flow.hold()
        self._unread = data[at:]
        if self.flow.is_held:
            self._stop_timer()

    def _parse(self, piece: bytes) -> int:
        """How many bytes of it were parsed."""
        self._head_bytes += len(piece)
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            end: int = upgrade.args[0]
            self._head_bytes -= len(piece) - end
            if not self._should_upgrade():
                self._begin_without_upgrade()
            elif self._is_answering():
                self._upgrade_waits = True
                self.flow.hold()
            else:
                self.handle_websocket_upgrade()
            return end
        except httptools.HttpParserError:
            self._refuse()
        return len(piece)

    def _refuse(self) -> None:
        """Answer what can't be parsed, but not before what could be."""
        if self._is_answering() and not self.cycle.more_body:
            self.cycle.keep_alive = False
            self.flow.hold()
        else:
            self.send_400_response("Invalid HTTP request received.")

    def _begin_without_upgrade(self) -> None:
        """Parse the head of a request anew, as if no protocol but HTTP/1.1 had been offered.

        llhttp takes all that follows an offer for bytes of that protocol, and a body would be lost:
        Java's own client offers HTTP/2 with every request.
        """
        lines = [b" ".join((self.parser.get_method(), self.url, b"HTTP/1.1"))]
        lines += [b"%s: %s" % header for header in self.headers if header[0] not in NOT_KEPT]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self.parser.feed_data(b"\r\n".join([*lines, b"", b""]))

    def _is_answering(self) -> bool:
        newest: RequestResponseCycle | None = self.cycle
        return newest is not None and not newest.response_complete

    def _is_offer(self) -> bool:
        """Whether the request offers a protocol that isn't spoken here."""
        return self.parser.should_upgrade() and not self._should_upgrade()

    def _announces_body(self) -> bool:
        return any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
            for name, value in self.headers
        )

    # What the parser calls. uvicorn (0.54) answers 400 to whatever is raised here.

    def on_message_begin(self) -> None:
        self._head_bytes = 0
        self._start_timer()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self._is_offer():
            if self.parser.get_method() == b"CONNECT":
                raise ValueError("this is no proxy")
            return
        if self.parser.should_upgrade() and self._announces_body():
            # llhttp awaits the body before the upgrade, which `websockets` would then refuse.
            raise ValueError("a request for a WebSocket has no body")
        super().on_headers_complete()
        if not self.parser.should_upgrade():
            self.headers = []  # those to come are trailers

    def on_body(self, body: bytes) -> None:
        self._head_bytes -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._is_offer():
            self._stop_timer()
            self._others.serve(self)
            super().on_message_complete()

    # What comes of it.

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if (
            self.transport.is_closing()
            or self.pipeline
            or (self._upgrade_waits and self._is_answering())
        ):
            return
        if not self._is_answering():
            self._others.wait_for(self)
        self.flow.is_held = False
        self.flow.resume_reading()
        if self._upgrade_waits:
            self._unset_keepalive_if_required()
            self.handle_websocket_upgrade()
        elif self._unread:
            self._feed()

    def handle_websocket_upgrade(self) -> None:
        self._others.discard(self)
        super().handle_websocket_upgrade()
        # Parser and protocol refer to each other: only the garbage collector would free them.
        self.parser = None  # type: ignore[assignment]
        self._is_websocket = True

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._limits.disconnect(self._host())
        self._others.discard(self)
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self._unread = b""
        for cycle, _app in self.pipeline:
            cycle.on_response = _nothing  # it refers to this object, which refers to it
        self.pipeline.clear()
        if self._running is not None:
            # Of pipelined requests uvicorn (0.54) tells only the newest that the client is gone.
            # The running one would write to a closed transport, which is logged as our error.
            self._running.disconnected = True
            self._running.message_event.set()

    def unread_bytes(self) -> int | None:
        """See `Sending`. A slow download may take its time, as long as it goes on."""
        return self.transport.get_write_buffer_size() or None

    def turn_away(self, answer: bytes = NO_ROOM) -> None:
        if self.transport.get_write_buffer_size():
            self.abort()  # a close would wait for the client to read
        else:
            self.transport.write(answer)
            self.transport.close()

    def abort(self) -> None:
        self.transport.abort()

    def _host(self) -> str:
        return self.client[0] if self.client else ""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _start_timer(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self._request_timeout, self.abort)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _too_many(wait: float) -> bytes:
    """What an address is answered that has too many connections."""
    body = (
        '{"error":{"code":"rate_limited","detail":"Too many connections from this address.",'
        f'"retryable":true,"scope":"address","retry_after_ms":{wait * 1000:.0f}}}}}'
    )
    return (
        f"HTTP/1.1 429 Too Many Requests\r\nretry-after: {wait:.0f}\r\n"
        "content-type: application/json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n{body}"
    ).encode()


def _nothing() -> None:
    """Of a request that nobody awaits an answer to."""
