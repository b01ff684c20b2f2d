"""Chat, public and reliable: everybody hears everybody. They differ in their lane only."""

from typing import TypeAlias

from domain.audiences import Audience, AudienceKind
from domain.events import AnnouncementMade, MemberJoined, MemberLeft, MessageSaid
from domain.identity import Member, MessageText

ChatEvent: TypeAlias = MemberJoined | MemberLeft | MessageSaid | AnnouncementMade

CHAT: Audience[ChatEvent] = Audience(AudienceKind.CHAT)
RELIABLE: Audience[ChatEvent] = Audience(AudienceKind.RELIABLE)


def say(member: Member, raw: str, *, limit: int) -> MessageSaid:
    """What is said in a chat, a room or a notification, by a member, in at most `limit`
    characters; raises `TextIsEmpty`, `TextIsTooLong` or `TextIsNotUnicode`."""
    return MessageSaid(member, MessageText.parse(raw, limit=limit))
