"""What several features tell of, in the past tense. Each feature says which of these, and which of
its own, its audience hears; how they look on a wire is the affair of `adapters/websocket`."""

from dataclasses import dataclass

from domain.identity import Member, MessageText


class LastEvent:
    """After one of these its audience hears nothing more."""

    __slots__ = ()


class PassingEvent:
    """Whoever is there hears it; it is no part of history, and nobody is told of it later."""

    __slots__ = ()


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
