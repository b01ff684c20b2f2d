"""What several features tell of, in the past tense. Each feature says which of these, and which of
its own, its audience hears; how they look on a wire is the affair of `adapters/websocket`."""

import hashlib
from dataclasses import dataclass, field

from domain.identity import Member, MessageText


@dataclass(frozen=True, slots=True)
class LastEvent:
    """After one of these its audience hears nothing more; `at` is when it came, in seconds since
    1970."""

    at: float | None = field(default=None, kw_only=True, compare=False)


def ending_id(channel: str) -> str:
    """The id of an audience's last event: the same for whoever hears it, and whoever is told of
    it later. Who can't guess the channel can't guess it."""
    return hashlib.sha256(f"the end of {channel}".encode()).hexdigest()[:32]


class PassingEvent:
    """Whoever is there hears it; it is no part of history, and nobody is told of it later."""

    __slots__ = ()


class FencedEvent:
    """Told by one of several attempts at the same thing, counted from 1. Once a later attempt has
    told its audience anything, nothing that an earlier one tells is heard."""

    __slots__ = ()
    attempt: int


class GrowingEvent(FencedEvent):
    """Its audience has a text. This one ends at `at` (in characters, code points) and goes on with
    `append`; at 0 it begins anew."""

    __slots__ = ()
    at: int
    append: str


@dataclass(frozen=True, slots=True)
class MemberJoined(PassingEvent):
    """`members` is how many are there now, where somebody counts them."""

    member: Member
    members: int | None = None


@dataclass(frozen=True, slots=True)
class MemberLeft(PassingEvent):
    member: Member
    members: int | None = None


@dataclass(frozen=True, slots=True)
class MessageSaid:
    member: Member
    text: MessageText


@dataclass(frozen=True, slots=True)
class AnnouncementMade:
    """Said from outside by the service itself, not by a member; `periodic` by the clock."""

    text: MessageText
    periodic: bool = False
