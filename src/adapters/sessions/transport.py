"""What carries a session: a WebSocket, a stream of events, or a test."""

from abc import abstractmethod
from collections.abc import Callable
from typing import NamedTuple, Protocol


class Overhead(NamedTuple):
    """`frames` that hold no message: pings, pongs, and all fragments of a message but its last.
    With what else frames are made of they took `size` bytes.

    The client is still to read `unread_bytes`, of the pongs among others.
    """

    frames: int
    unread_bytes: int
    size: int = 0


def size_of(message: str | bytes) -> int:
    """The bytes that a message took on the wire, without the head of its frame."""
    # Most text is ASCII, of which that is known without looking.
    if isinstance(message, bytes) or message.isascii():
        return len(message)
    return len(message.encode(errors="surrogatepass"))


class Transport(Protocol):
    """Used by one session: nothing is written before it begins, but it may be aborted.

    `send` and `close` raise `OSError` when the client is gone.
    """

    write_now: Callable[[str], bool]
    """Writes a frame at once; False, and nothing written, if it has to wait: then `send` does it.
    An attribute and no method: it is called once per receiver of every message."""

    @abstractmethod
    def count_unhandled(self, changed: Callable[[int], None]) -> None:
        """Tell `changed` from now on how many bytes more, or fewer, were read of the client and
        wait for `receive`. Whoever reads nothing ahead tells nothing."""

    @abstractmethod
    def drop_unhandled(self) -> None:
        """Forget those, and whatever the client still sends."""

    @abstractmethod
    async def receive(self) -> str | bytes | Overhead | None:
        """The client's next message, text or binary, or many frames that are none, told in one;
        None once the client is gone."""

    @abstractmethod
    async def send(self, frame: str) -> None:
        """Write a frame; returns when there is room for another one."""

    @abstractmethod
    async def close(self, code: int, reason: str) -> None:
        """End in good order. May wait for the client to read what is before it."""

    @abstractmethod
    def abort(self) -> None:
        """End at once."""


def never_now(_frame: str) -> bool:
    """`write_now` of a transport that can only `send`."""
    return False
