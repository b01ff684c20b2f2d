"""uvicorn's HTTP protocol with limits on a request's time and size, and on what is pipelined."""

import asyncio
from http import HTTPStatus
from typing import Any, cast

import httptools

from adapters.limits.address_limits import AddressLimits
from adapters.server.http_connections import HttpConnections
from adapters.server.http_refusals import HeldFlow, RefusingProtocol

HEAD_BYTES = 64 * 1024
"""Limit of all that isn't a request's body: its first line and headers, the framing of chunks,
trailers. Four times that of browsers and proxies for a head."""

FEED_BYTES = 1024
"""So many bytes are parsed before it is looked at what they were: no more requests are begun ahead
than fit into that, and it is soon seen that a header has no end."""

NOT_KEPT = {b"connection", b"upgrade", b"http2-settings"}
"""Headers of an offer to speak HTTP/2, which isn't taken."""


class HttpProtocol(RefusingProtocol):
    """Refuses a request that isn't complete within `request_timeout` seconds (408), whose head is
    too large (414, 431) or can't be parsed (400), and ends the connection.

    uvicorn (0.54) limits only the time between requests. A client that sends nothing at all, or
    a byte now and then, could stay for ever, and a head without end would fill the memory.

    What follows a request that isn't answered yet is neither parsed nor read: a client that sends
    request after request and reads no answer would fill the memory, too.
    """

    def __init__(
        self, *args: Any, others: HttpConnections, limits: AddressLimits, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._others = others
        self._head_bytes = 0
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
        if self._is_refused:
            self._discard(data)
            return
        self._unread += data
        self._feed()

    def _feed(self) -> None:
        data, at = self._unread, 0
        if not self.flow.is_held:
            self._unset_keepalive_if_required()
            self._start_timer()
        while at < len(data) and not (
            self.flow.is_held or self._is_refused or self.transport.is_closing()
        ):
            at += self._parse(data[at : at + FEED_BYTES])
            if self._is_websocket:
                self._pass_on(data[at:])
                return
            if self._head_bytes > HEAD_BYTES:
                self._refuse_size()
            elif self.pipeline:
                self.flow.hold()
        self._unread = b"" if self._is_refused else data[at:]
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
            self._refuse(HTTPStatus.BAD_REQUEST, "This is no HTTP request that is understood here.")
        return len(piece)

    def _refuse_size(self) -> None:
        allowed = f"only {HEAD_BYTES} bytes are taken."
        if self._is_in_head and len(self.url) > HEAD_BYTES // 2:
            self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG, f"The address is too long: {allowed}")
        else:
            self._refuse(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"The headers are too large: {allowed}"
            )

    def _begin_without_upgrade(self) -> None:
        """Parse the head of a request anew, as if no other protocol had been offered.

        llhttp takes all that follows an offer for bytes of that protocol, and a body would be lost:
        Java's own client offers HTTP/2 with every request.
        """
        version = b"HTTP/" + self.parser.get_http_version().encode()
        lines = [b" ".join((self.parser.get_method(), self.url, version))]
        lines += [b"%s: %s" % header for header in self.headers if header[0] not in NOT_KEPT]
        if not self.parser.should_keep_alive():
            lines.append(b"connection: close")
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self.parser.feed_data(b"\r\n".join([*lines, b"", b""]))

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
        self._is_in_head = True
        self._start_timer()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.url = _origin_form(self.url)
        if self._is_offer():
            if self.parser.get_method() == b"CONNECT":
                raise ValueError("this is no proxy")
            return
        if self.parser.should_upgrade() and self._announces_body():
            # llhttp awaits the body before the upgrade, which `websockets` would then refuse.
            raise ValueError("a request for a WebSocket has no body")
        super().on_headers_complete()
        if not self.parser.should_upgrade():
            self._is_in_head, self._is_in_body = False, True
            self.headers = []  # those to come are trailers

    def on_body(self, body: bytes) -> None:
        self._head_bytes -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._is_offer():
            self._is_in_head = self._is_in_body = False
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
            self._pass_on(self._unread)
        elif self._unread:
            self._feed()

    def handle_websocket_upgrade(self) -> None:
        self._others.discard(self)
        super().handle_websocket_upgrade()
        # Parser and protocol refer to each other: only the garbage collector would free them.
        self.parser = None  # type: ignore[assignment]
        self._is_websocket = True

    def _pass_on(self, data: bytes) -> None:
        """Frames that came with the handshake: uvicorn (0.54) drops them, and loses its place."""
        self._unread = b""
        if data:
            cast(asyncio.Protocol, self.transport.get_protocol()).data_received(data)

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

    def _host(self) -> str:
        return self.client[0] if self.client else ""


def _origin_form(url: bytes) -> bytes:
    """`/path?query` of `http://host/path?query`, which RFC 9112, 3.2.2, has every server take.

    Raises `httptools.HttpParserInvalidURLError`.
    """
    if url.startswith(b"/") or b"://" not in url:
        return url
    parts = httptools.parse_url(url)
    return (parts.path or b"/") + (b"?" + parts.query if parts.query else b"")


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
