"""What a handshake asks for, beside who the client is."""

from urllib.parse import unquote

from fast_channels.type_defs import ChannelScope

from application.ports import Cursor

SUBPROTOCOL = "switchboard.v1"
"""Picked where a client offers it. No other is: it would be a promise to speak that one."""


def asked_cursors(scope: ChannelScope) -> list[Cursor]:
    """The cursors that the client came back with."""
    text = scope["query_string"].decode("latin-1")
    fields = [field.partition("=") for field in text.split("&")]
    return [Cursor(unquote(value)) for name, _, value in fields if name == "since"]


def picked(scope: ChannelScope) -> str | None:
    """The subprotocol that the answer names: one that the client offers, or none."""
    return SUBPROTOCOL if SUBPROTOCOL in (scope.get("subprotocols") or ()) else None
