"""Values that name people, places and things: what `parse` makes of a text is right."""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import NewType, Self

from domain.characters import WHITE_SPACE, can_be_name, shows_nothing
from domain.errors import (
    IdempotencyKeyIsImpossible,
    RoomNameIsImpossible,
    TextIsEmpty,
    TextIsNotUnicode,
    TextIsTooLong,
)

MemberId = NewType("MemberId", str)
"""Who somebody is across connections: the same browser or token gives the same id."""

ConnectionId = NewType("ConnectionId", str)
"""One open socket. A member may have several."""

JobId = NewType("JobId", str)
"""Unguessable, so that knowing the id of an anonymous job is the permission to watch it."""

_KEY = re.compile("[!-~]{1,64}")
_SURROGATES = re.compile("[\ud800-\udfff]")

ANONYMOUS = "Someone"
ROOM_NAME_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Member:
    """Whoever is behind a connection.

    `recognised` is true when the client itself brought something that says who it is
    (a visitor cookie, later a token), so that it can be the same member again.
    """

    id: MemberId
    name: str = ANONYMOUS
    recognised: bool = False


@dataclass(frozen=True, slots=True)
class RoomName:
    """1 to 64 characters that can be seen, without `/`, without spaces at either end."""

    value: str

    @classmethod
    def parse(cls, raw: str) -> Self:
        """Raise `RoomNameIsImpossible` unless `raw` names a room."""
        if not raw:
            raise RoomNameIsImpossible("A room needs a name.")
        if len(raw) > ROOM_NAME_LENGTH:
            raise RoomNameIsImpossible(
                f"A room's name has at most {ROOM_NAME_LENGTH} characters, this one {len(raw)}."
            )
        if "/" in raw:
            raise RoomNameIsImpossible("A room's name can't contain '/'.")
        if raw != raw.strip(WHITE_SPACE):
            raise RoomNameIsImpossible("A room's name can't begin or end with a space.")
        if not can_be_name(raw):
            raise RoomNameIsImpossible("A room's name can't contain invisible characters.")
        return cls(raw)

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class MessageText:
    """What somebody said: something to see, at most `limit` characters, otherwise untouched."""

    value: str

    @classmethod
    def parse(cls, raw: str, *, limit: int) -> Self:
        """Raise `TextIsEmpty`, `TextIsTooLong` or `TextIsNotUnicode`; `limit` counts characters."""
        if len(raw) > limit:
            raise TextIsTooLong(f"At most {limit} characters are allowed, this has {len(raw)}.")
        if shows_nothing(raw):
            raise TextIsEmpty("There is no text in this message.")
        if not raw.isascii() and _SURROGATES.search(raw):
            raise TextIsNotUnicode("This text holds halves of characters.")
        return cls(raw)

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """Tells a retry from another send: the key that a client chose, who sent it, and what.

    All of it goes into `value`, 32 hexadecimal digits: members that choose the same key don't get
    in each other's way, nor does a key that a member uses for something else.
    """

    value: str

    @classmethod
    def parse(cls, raw: str, member: MemberId, *content: str) -> Self:
        """Raise `IdempotencyKeyIsImpossible` unless `raw` is 1 to 64 visible ASCII characters."""
        if not _KEY.fullmatch(raw):
            raise IdempotencyKeyIsImpossible("A key has 1 to 64 visible ASCII characters.")
        # As JSON, in which no text can pass for two.
        whole = json.dumps([raw, member, *content]).encode()
        return cls(hashlib.sha256(whole).hexdigest()[:32])
