"""A WebSocket on plain asyncio streams, for tests of great numbers: it costs next to nothing."""

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.integration.client import DEADLINE

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
CHUNK = 256 * 1024
FINAL = 0x80
MASKED = 0x80
NO_MASK = bytes(4)
"""Masking with zeros changes nothing: frames can be built beforehand, and read in a dump."""


def frame(opcode: int, payload: bytes) -> bytes:
    """A client's frame."""
    if len(payload) < 126:
        head = bytes((FINAL | opcode, MASKED | len(payload)))
    elif len(payload) < 1 << 16:
        head = struct.pack("!BBH", FINAL | opcode, MASKED | 126, len(payload))
    else:
        head = struct.pack("!BBQ", FINAL | opcode, MASKED | 127, len(payload))
    return head + NO_MASK + payload


def said(action: str, **payload: object) -> bytes:
    """A text frame with an action."""
    return frame(TEXT, json.dumps({"action": action, "payload": payload or None}).encode())


def handshake(path: str) -> bytes:
    """A request for the socket `path`."""
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


class Stream:
    """Entering it connects, and no more; it is read only while `texts` is iterated."""

    def __init__(self, url: str, *, receive_buffer: int | None = None) -> None:
        split = urlsplit(url)
        self._address = (split.hostname, split.port)
        self._socket = socket.socket()
        self._socket.setblocking(False)
        if receive_buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.close_code: int | None = None
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def __aenter__(self) -> Self:
        async with asyncio.timeout(DEADLINE):
            await asyncio.get_running_loop().sock_connect(self._socket, self._address)
        self.reader, self.writer = await asyncio.open_connection(sock=self._socket)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    async def open(self, path: str) -> Self:
        """Do the handshake."""
        self.writer.write(handshake(path))
        async with asyncio.timeout(DEADLINE):
            head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        return self

    async def texts(self) -> AsyncIterator[bytes]:
        """The text frames as they come, to the end of the connection however that comes.

        Pings and the close are answered meanwhile.
        """
        data = b""
        with contextlib.suppress(ConnectionError):
            while chunk := await self.reader.read(CHUNK):
                data += chunk
                at = 0
                while (cut := _server_frame(data, at)) is not None:
                    opcode, payload, at = cut
                    if opcode == TEXT:
                        yield payload
                    elif opcode == PING:
                        self.writer.write(frame(PONG, payload))
                    elif opcode == CLOSE:
                        self.close_code = int.from_bytes(payload[:2], "big")
                        self.writer.write(frame(CLOSE, payload[:2]))
                data = data[at:]

    async def say_goodbye(self) -> None:
        """Close as a client should, and see that the server agrees."""
        self.writer.write(frame(CLOSE, struct.pack("!H", 1000)))
        async with asyncio.timeout(DEADLINE):
            async for _ in self.texts():
                pass

    def reset(self) -> None:
        """Be gone without a goodbye: the server gets a TCP reset."""
        linger = struct.pack("ii", 1, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


def _server_frame(data: bytes, at: int) -> tuple[int, bytes, int] | None:
    """The opcode and payload of the frame that begins at `at`, and where the next one does."""
    begin = at + 2
    if len(data) < begin:
        return None
    size = data[at + 1]
    if size >= 126:
        length_size = 2 if size == 126 else 8
        size = int.from_bytes(data[begin : begin + length_size], "big")
        if len(data) < (begin := begin + length_size):
            return None
    end = begin + size
    return None if end > len(data) else (data[at] & 0x0F, data[begin:end], end)
