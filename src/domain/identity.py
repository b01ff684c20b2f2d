"""Values that name people, places and things: what `parse` makes of a text is right."""

import hashlib
import json
import re
from dataclasses import dataclass, replace
from typing import NewType, Self

from domain.capabilities import EVERYTHING, NOTHING, Capabilities
from domain.characters import WHITE_SPACE, can_be_name, shows_nothing
from domain.errors import (
    IdempotencyKeyIsImpossible,
    MemberChanged,
    MemberNameIsImpossible,
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
MEMBER_NAME_LENGTH = 64

VISITOR_MARK = "~"
"""Begins the id of every member whom no token names, and of none whom one does: nobody can be
given the id of a visitor, which everybody hears."""


@dataclass(frozen=True, slots=True)
class Member:
    """Whoever is behind a connection.

    `recognised` is true when the client itself brought something that says who it is
    (a visitor cookie, a token), so that it can be the same member again.
    """

    id: MemberId
    name: str = ANONYMOUS
    recognised: bool = False


def member_name(raw: str) -> str:
    """`raw`, if it can be a member's name; raises `MemberNameIsImpossible`.

    1 to 64 characters that can be seen, without spaces at either end.
    """
    if not 0 < len(raw) <= MEMBER_NAME_LENGTH:
        raise MemberNameIsImpossible(f"A name has 1 to {MEMBER_NAME_LENGTH} characters.")
    if raw != raw.strip(WHITE_SPACE) or not can_be_name(raw):
        raise MemberNameIsImpossible(
            "A name has no invisible characters, and no spaces at either end."
        )
    return raw


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody has shown to be, and what that allows.

    Times are in seconds since 1970. With a token, `issued_at` is when it was issued (0 if it
    doesn't say), `expires_at` until when it is believed, `token_id` and `login` are its `jti` and
    `sid`. Without one, `issued_at` is when the member came, and nothing expires. The operator is
    whoever runs the service, or brings a key of its API.
    """

    member: Member
    capabilities: Capabilities = EVERYTHING
    has_token: bool = False
    issued_at: float = 0.0
    expires_at: float | None = None
    token_id: str | None = None
    login: str | None = None
    is_operator: bool = False

    def renewed(self, by: "Identity") -> "Identity":
        """What this becomes by a newer token; raises `MemberChanged` for another member's, and
        for an older one."""
        if self.has_token and by.member.id != self.member.id:
            raise MemberChanged("This token is another member's.")
        if self.has_token and by.issued_at < self.issued_at:
            raise MemberChanged("This token is older than the one before.")
        return by

    def called(self, name: str) -> "Identity":
        """The same with a chosen name; raises `MemberNameIsImpossible`, and `MemberChanged` where
        a token says the name."""
        if self.has_token:
            raise MemberChanged("This member's name is said by its token.")
        return replace(self, member=replace(self.member, name=member_name(name)))


NOBODY = Identity(Member(MemberId("")), NOTHING)
"""Who has not said yet who it is."""

OPERATOR = Identity(
    Member(MemberId(f"{VISITOR_MARK}operator"), "Operator", recognised=True), is_operator=True
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for something, and from which network address; empty where there is none."""

    identity: Identity
    address: str = ""

    @property
    def member(self) -> Member:
        return self.identity.member


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
