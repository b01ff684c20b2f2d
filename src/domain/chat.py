"""Chat, public and reliable: everybody hears everybody. They differ in their lane only."""

from domain.events import MemberJoined, MemberLeft, MessageSaid
from domain.identity import Member, MessageText


def join(member: Member) -> MemberJoined:
    return MemberJoined(member)


def say(member: Member, text: MessageText) -> MessageSaid:
    return MessageSaid(member, text)


def leave(member: Member) -> MemberLeft:
    return MemberLeft(member)
