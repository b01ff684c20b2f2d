"""What is published, and its form between the processes of one service on Redis.

The form is versioned and keyed: a line of JSON, then the frame as it is. Readers take the form of
the release before, too: what it stored, and what it still says. The first release with this form
is not read by the one before it, so there they are renewed together. Whatever else comes is
`Malformed`, which its reader logs before it goes on.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from types import MappingProxyType
from typing import Any, NamedTuple, ParamSpec, TypeAlias, TypeVar

from adapters.layers.position import BEGINNING, Position, placed
from adapters.layers.recovery import Entry
from domain.identity import ConnectionId

VERSION = 2

MESSAGE = b"!"
"""Begins a message for subscribers' own handlers; publications begin otherwise."""

_PLACE = re.compile(r"[0-9a-f]{12} [0-9]{1,14} [0-9]{1,14}")

_compact = json.JSONEncoder(separators=(",", ":")).encode
"""`json.dumps` would make an encoder for each publication."""

P = ParamSpec("P")
T = TypeVar("T")


class Malformed(ValueError):
    """What was read is not ours, or of a release that we don't know."""


def _decoder(decode: Callable[P, T]) -> Callable[P, T]:
    """Whatever strangers wrote, `Malformed` is all that decoding it raises."""

    @wraps(decode)
    def decode_or_refuse(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return decode(*args, **kwargs)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Malformed from error

    return decode_or_refuse


Headers: TypeAlias = Mapping[str, str]
"""`id`: unique and unguessable. `at`: milliseconds since 1970 when it was accepted. Both become
fields of the frame. Others, such as the trace it belongs to, may join them."""

_ID = re.compile(r"[0-9a-f]{1,64}")
_AT = re.compile(r"[0-9]{1,14}")


class Growth(NamedTuple):
    """The text of a group is `text` after its first `at` characters; at 0 it begins anew."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Publication:
    """`body` is an encoded frame, a JSON object.

    `exclude` hears nothing of it. After the `last` publication of a durable group nobody listens
    any more, and what is published changes nothing. A durable group takes one publication for
    each `key`, if there is one. One that is `passing` is heard live and not stored; on a durable
    lane its cursor is the place up to which its hearer has been given everything. After one with a
    `fence` (over 0) a durable group takes none with a lower one. One with a `growth` is taken only
    if the group's text ends there, or begins anew.
    """

    body: str
    exclude: ConnectionId | None = None
    last: bool = False
    passing: bool = False
    key: str = ""
    headers: Headers = field(default_factory=dict)
    fence: int = 0
    growth: Growth | None = None

    @property
    def size(self) -> int:
        """Bytes of the frame in UTF-8: what it counts for in its group's history."""
        return len(self.body) if self.body.isascii() else len(self.body.encode())


class Live(NamedTuple):
    """What all processes hear of a durable group. The frame of one that is passing has no cursor
    yet, and its position is the end of the history."""

    entry: Entry
    is_last: bool = False
    is_passing: bool = False


def named(body: str, headers: Headers) -> str:
    """A frame with the `id` and `at` of its headers, where they say them."""
    if "id" not in headers or "at" not in headers:
        return body
    return f'{body[:-1]},"id":"{headers["id"]}","at":{headers["at"]}}}'


def encode_headers(headers: Headers) -> str:
    return _compact(dict(headers))


def encode_ephemeral(publication: Publication) -> str:
    """The message by which all processes hear of it. `append.lua` makes that of a durable one."""
    head = {"v": VERSION, "x": publication.exclude or "", "h": dict(publication.headers)}
    return f"{_compact(head)}\n{publication.body}"


@_decoder
def decode_ephemeral(payload: bytes) -> tuple[str, ConnectionId | None]:
    """The frame, and who is not to hear it."""
    head, body = _halves(payload)
    if not head.startswith("{"):
        # The form of the release before, without headers.
        return _object(body), _connection(head)
    fields = _head(head)
    return named(_object(body), _headers(fields["h"])), _connection(fields["x"])


@_decoder
def decode_live(group: str, payload: bytes) -> Live:
    """What `append.lua` tells."""
    head, body = _halves(payload)
    if head.startswith("{"):
        fields = _head(head)
        if fields.get("n"):
            position = decode_place(fields["p"])
            frame = named(_object(body), _headers(fields["h"]))
            return Live(Entry(position, frame, _connection(fields["x"])), is_passing=True)
        entry = _entry(group, fields["p"], body, fields["x"], _headers(fields["h"]))
        return Live(entry, bool(fields["l"]))
    # The form of the release before, without headers.
    *place, exclude, last = head.split(" ")
    return Live(_entry(group, " ".join(place), body, exclude), last == "1")


@_decoder
def decode_stored(group: str, epoch: str, raw_id: bytes, raw_fields: list[bytes]) -> Entry:
    """An entry as a stream holds it: `b` the frame, `x` who was not to hear it, `h` headers."""
    at, _, offset = raw_id.decode().partition("-")
    fields = dict(zip(raw_fields[::2], raw_fields[1::2], strict=True))
    if b"b" not in fields:
        raise ValueError("an entry holds a frame")
    exclude = fields.get(b"x", b"").decode()
    headers = _headers(json.loads(fields[b"h"])) if b"h" in fields else {}
    return _entry(group, f"{epoch} {at} {offset}", fields[b"b"].decode(), exclude, headers)


def encode_message(message: Mapping[str, Any]) -> bytes:
    return MESSAGE + json.dumps(message).encode()


@_decoder
def decode_message(payload: bytes) -> Mapping[str, Any]:
    """A message for subscribers' own handlers: an object with a type."""
    message: dict[str, Any] = json.loads(payload[len(MESSAGE) :])
    if not isinstance(message.get("type"), str):
        raise ValueError("a message has a type")
    return message


def decode_place(place: str) -> Position:
    """A position as the scripts write it: "epoch milliseconds offset"; raises `ValueError`."""
    if not _PLACE.fullmatch(place):
        raise ValueError("this is no place in a history")
    epoch, at, offset = place.split(" ")
    return Position(epoch, int(at), int(offset))


@_decoder
def decode_end(place: bytes | None) -> Position:
    """The end of a history; its beginning if there is none."""
    return decode_place(place.decode()) if place else BEGINNING


def _entry(
    group: str, place: str, body: str, exclude: str, headers: Headers = MappingProxyType({})
) -> Entry:
    position = decode_place(place)
    if not position.offset:
        raise ValueError("offsets count from 1")
    frame = placed(named(_object(body), headers), position, group)
    return Entry(position, frame, _connection(exclude))


def _halves(payload: bytes) -> tuple[str, str]:
    head, newline, body = payload.decode().partition("\n")
    if not newline:
        raise ValueError("a frame has a line before it")
    return head, body


def _head(line: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(line)
    if fields.get("v") != VERSION:
        raise ValueError("a publication of another release")
    return fields


def _object(body: str) -> str:
    """A frame, at least by its ends: to parse each would cost more than all else on its way."""
    if not (body.startswith('{"') and body.endswith("}")):
        raise ValueError("a frame is a JSON object")
    return body


def _headers(headers: Any) -> Headers:
    if not (isinstance(headers, dict) and all(isinstance(it, str) for it in headers.values())):
        raise TypeError("headers are texts by name")
    if not (_ID.fullmatch(headers.get("id", "0")) and _AT.fullmatch(headers.get("at", "0"))):
        raise ValueError("an id or a time is of no form that we write")
    return headers


def _connection(name: Any) -> ConnectionId | None:
    if not isinstance(name, str):
        raise TypeError("a connection's id is a text")
    return ConnectionId(name) if name else None
