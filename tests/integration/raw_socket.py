"""A WebSocket on a plain TCP socket: a client that need not behave."""

import json
import socket
import struct
from collections.abc import Mapping
from typing import Self

from websockets.client import ClientProtocol
from websockets.frames import Frame as WireFrame
from websockets.frames import Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from tests.integration.client import DEADLINE, Frame, address


class RawSocket:
    """A WebSocket on a plain TCP socket, read only when it is told to.

    `receive_buffer` is how many bytes the kernel may take in for it meanwhile, `headers` go with
    the handshake.
    """

    def __init__(
        self,
        url: str,
        path: str,
        *,
        receive_buffer: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        uri = parse_uri(address(url, path))
        self._protocol = ClientProtocol(uri)
        self._headers = headers or {}
        self._socket = socket.socket()
        if receive_buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.settimeout(DEADLINE)
        self._socket.connect((uri.host, uri.port))
        self._frames: list[Frame] = []

    @property
    def close_code(self) -> int | None:
        return self._protocol.close_code

    def ask(self) -> None:
        """Send the handshake's request, and don't wait for the answer."""
        request = self._protocol.connect()
        request.headers.update(self._headers)
        self._protocol.send_request(request)
        self._flush()

    def open(self) -> None:
        """Do the handshake."""
        self.ask()
        while self._protocol.state is State.CONNECTING:
            self._take()
        if self._protocol.handshake_exc is not None:
            raise self._protocol.handshake_exc

    def send(self, action: str, payload: object = None, **envelope: str) -> None:
        frame = {"action": action, "payload": payload, **envelope}
        self._protocol.send_text(json.dumps(frame).encode())
        self._flush()

    def send_bytes(self, data: bytes) -> None:
        """Whatever it is, past the protocol."""
        self._socket.sendall(data)

    def receive_bytes(self) -> bytes:
        """What comes first, past the protocol."""
        return self._socket.recv(65536)

    def read_to_end(self) -> list[Frame]:
        """Every frame up to the end of the connection, however that ends."""
        while self._protocol.state is not State.CLOSED:
            self._take()
        return self._frames

    def read_to(self, action: str) -> list[Frame]:
        """Every frame up to one of this action."""
        while not any(frame["action"] == action for frame in self._frames):
            self._take()
        return self._frames

    def reset(self) -> None:
        """Be gone without a goodbye: the server gets a TCP reset."""
        linger = struct.pack("ii", 1, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _take(self) -> None:
        try:
            data = self._socket.recv(65536)
        except ConnectionResetError:
            data = b""
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        self._flush()
        for event in self._protocol.events_received():
            if isinstance(event, WireFrame) and event.opcode is Opcode.TEXT:
                self._frames.append(json.loads(bytes(event.data)))

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._socket.sendall(data)
