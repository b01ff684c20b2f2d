"""Rooms: chat behind a name, with somebody counting who is here."""

from dataclasses import dataclass
from typing import TypeAlias

from domain.audiences import Audience, AudienceKind
from domain.errors import RoomIsFull
from domain.events import AnnouncementMade, MemberJoined, MemberLeft, MessageSaid
from domain.identity import Member, RoomName

RoomEvent: TypeAlias = MemberJoined | MemberLeft | MessageSaid | AnnouncementMade


def audience(room: RoomName) -> Audience[RoomEvent]:
    return Audience(AudienceKind.ROOM, room.value)


@dataclass(frozen=True, slots=True)
class RoomSize:
    """How many connections are in a room."""

    name: RoomName
    members: int


@dataclass(frozen=True, slots=True)
class Roster:
    """Who is in a room: `members` may be the first few of `count`."""

    count: int
    members: tuple[Member, ...]


def admit(members: int, *, limit: int) -> None:
    """Raise `RoomIsFull` when a room with this many members takes nobody more."""
    if members >= limit:
        raise RoomIsFull(f"This room is full: it takes {limit} members.")
