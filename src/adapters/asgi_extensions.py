"""What our server offers an application beyond ASGI: the names, spelt once, with their types.

Each is an entry of `scope["extensions"]` of the form `{"call": …}`. `WebSocketProtocol` of
`server` fills them in and says why; whoever runs under another server finds none of them.

Whoever uses `CONTINUE` also receives messages of the type `OVERHEAD`: `frames` is how many came
that hold no message, `bytes` what came beside messages, `unread_bytes` how much the client is
still to read.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Abort: TypeAlias = Callable[[], None]
"""Ends the connection at once, whatever was still to be written."""

Continue: TypeAlias = Callable[[Callable[[], Awaitable[None]]], None]
"""Takes what the server is to await once the application has returned; it empties the scope."""

WriteText: TypeAlias = Callable[[str], bool]
"""Writes a text frame now; False, and nothing written, if that must wait."""

WatchInbox: TypeAlias = Callable[[Callable[[int], None]], Callable[[], None]]
"""Takes what is to be told how many bytes more, or fewer, were read of the client and not taken by
the application; beginning with what there is. What it returns drops them, and whatever follows."""

ABORT = "switchboard.abort"
CONTINUE = "switchboard.continue"
WRITE = "switchboard.write"
INBOX = "switchboard.inbox"
OVERHEAD = "switchboard.overhead"


@dataclass(frozen=True, slots=True)
class Extensions:
    """What one connection's server offers; None for what it doesn't."""

    abort: Abort | None = None
    go_on_with: Continue | None = None
    write_text: WriteText | None = None
    watch_inbox: WatchInbox | None = None

    @classmethod
    def of(cls, scope: Mapping[str, Any]) -> "Extensions":
        offered: Mapping[str, Any] = scope.get("extensions") or {}

        def call(name: str) -> Any:
            return offered[name]["call"] if name in offered else None

        return cls(call(ABORT), call(CONTINUE), call(WRITE), call(INBOX))

    def offer(self, scope: MutableMapping[str, Any]) -> None:
        """Put what there is into a connection's scope."""
        extensions = scope.setdefault("extensions", {})
        for name, call in (
            (ABORT, self.abort),
            (CONTINUE, self.go_on_with),
            (WRITE, self.write_text),
            (INBOX, self.watch_inbox),
        ):
            if call is not None:
                extensions[name] = {"call": call}
