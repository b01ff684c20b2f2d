"""How the frames of a WebSocket are read: no further than the application takes them."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.frames import Frame

from adapters.asgi_extensions import OVERHEAD
from adapters.server.buffered_transport import BufferedTransport
from adapters.server.frames import FrameParser, read_plain
from adapters.server.message_queue import MessageQueue

READ_AHEAD = 16
"""So many messages, or frames that hold none, are parsed before the application takes them; the
rest stays bytes.

A chunk off a socket (256 KiB in uvloop) may hold 40,000 frames. Parsed, they would take fifty
times that memory.
"""

PARSE_BYTES = 4096
"""`websockets` is fed so many bytes at a time: it parses no more than those beyond `READ_AHEAD`."""

CLOSING_BYTES = 16 * 1024
"""So far the client's close is looked for after ours: further than an honest client is ahead."""

LINGER_SECONDS = 2.0
"""How long a client may go on sending what nobody reads any more."""


class ReadingProtocol(WebSocketsSansIOProtocol):
    """Parses what the application is about to take, and leaves the rest to TCP.

    Frames without a message (pings, pongs, fragments) take time to parse, too. The application is
    told how many came (`OVERHEAD`), and no more are parsed until it has taken that.

    `fast_frames` has plain frames parsed by `read_plain` instead of `websockets`.
    """

    _output: BufferedTransport

    def __init__(self, *args: Any, fast_frames: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._fast_frames = fast_frames
        self._parser = FrameParser(self.conn)
        self._messages = MessageQueue(self.loop)
        self.queue = self._messages  # type: ignore[assignment]  # has what uvicorn uses of one
        self._unread = b""
        self._overhead = 0
        self._overhead_bytes = 0
        self._is_metered = False
        self._closing_bytes = CLOSING_BYTES

    async def receive(self) -> Any:
        while True:
            while not self._messages:
                await self._messages.filled()
            message = self._messages.take()
            if self.read_paused and not self._messages and not self.disconnected:
                self._read()
                if not self._unread and self.read_paused:
                    self.read_paused = False
                    self.transport.resume_reading()
            if message["type"] != OVERHEAD or self._is_metered:
                return message
            await asyncio.sleep(0)

    def data_received(self, data: bytes) -> None:
        if self._messages.is_dropped:
            return
        if self.close_sent:
            self._read_to_close(data)
        else:
            self._unread = self._unread + data if self._unread else data
            self._read()

    def handle_cont(self, event: Frame) -> None:
        # Empty ones don't count for the limit of a message, and would still be kept.
        if event.data or event.fin:
            super().handle_cont(event)

    def handle_parser_exception(self) -> None:
        """Refuse a frame that is broken or too large, and let the client read why.

        uvicorn (0.54) closes the transport at once: see `_linger`.
        """
        # uvicorn would drop the frames before the broken one that came in the same chunk.
        self.handle_events()
        if self.close_timer is not None:
            return
        close = self._parser.close_sent
        if close is None:  # the handshake isn't answered yet, so no close frame can be sent
            self.disconnected = True
            self.transport.abort()
            return
        code, reason = close
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self._linger()

    def send_receive_event_to_app(self) -> None:
        try:
            super().send_receive_event_to_app()
        except InvalidState:
            # uvicorn (0.54) answers text that isn't UTF-8 with 1007 even where it can't: after a
            # close in the same chunk, or before the handshake.
            self.handle_parser_exception()

    def _drop_unread(self) -> None:
        """After our close: the client's may lie behind messages that nobody takes."""
        unread, self._unread = self._unread, b""
        self._messages.count_unparsed(0)
        if self._messages.is_dropped:
            self._linger()
        else:
            self._read_to_close(unread)

    def _watch_inbox(self, changed: Callable[[int], None]) -> Callable[[], None]:
        self._messages.watch(changed)
        return self._drop_inbox

    def _drop_inbox(self) -> None:
        """Neither keep nor parse what the client sends, from now on: what follows may begin in
        the middle of a frame."""
        self._messages.drop()
        self._unread = b""
        if self.read_paused and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()

    def _read_to_close(self, data: bytes) -> None:
        """After our close: drop what comes, up to the client's own close."""
        piece = data[: self._closing_bytes]
        if not piece or self.transport.is_closing():
            return
        self._closing_bytes -= len(piece)
        self._parse(piece)
        if not self._closing_bytes and not self.transport.is_closing():
            self._linger()

    def _linger(self) -> None:
        """Close our half, and drop what comes until the client closes its own.

        If the transport were closed, what comes would be answered by a TCP reset, which overtakes
        the close frame.
        """
        if self.transport.can_write_eof():
            self.transport.write_eof()
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _read(self) -> None:
        """Parse what the application is about to take."""
        data, at = self._unread, 0
        end = len(data)
        messages = self._messages
        is_plain = True
        while at < end and len(messages) < READ_AHEAD and not self.close_sent:
            text = None
            if self._fast_frames and self._parser.is_between_messages:
                text, at = read_plain(data, at, self.config.ws_max_size)
            if text is not None:
                messages.put_nowait({"type": "websocket.receive", "text": text})
            else:
                is_plain = False
                self._parse(data[at : at + PARSE_BYTES])
                at += PARSE_BYTES
                if self._overhead >= READ_AHEAD:
                    self._tell_overhead()
                    break
        self._unread = b"" if self.close_sent else data[at:]
        if self._unread or messages.unparsed or not is_plain:
            messages.count_unparsed(len(self._unread) + self._parser.kept_bytes)
        if (
            (self._unread or len(messages) >= READ_AHEAD)
            and not self.read_paused
            and not self.close_sent
        ):
            self.read_paused = True
            self.transport.pause_reading()

    def _tell_overhead(self) -> None:
        unread = self._output.get_write_buffer_size()
        size = max(0, self._overhead_bytes)  # compressed messages are longer than what came
        self._messages.put_nowait(
            {"type": OVERHEAD, "frames": self._overhead, "bytes": size, "unread_bytes": unread}
        )
        self._overhead = self._overhead_bytes = 0

    def _parse(self, piece: bytes) -> None:
        before = len(self._messages)
        frames = self._parser.feed(piece)
        if self._parser.is_broken:
            self.handle_parser_exception()
        elif self.handshake_initiated or self.conn.handshake_exc is None:
            self.handle_events()
            messages = self._messages[before:]
            self._overhead += frames - len(messages)
            self._overhead_bytes += len(piece) - sum(map(_length, messages))
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


def _length(message: Any) -> int:
    return len(message.get("text") or message.get("bytes") or "")
