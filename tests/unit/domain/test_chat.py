"""Chat, public and reliable."""

from domain import chat
from domain.events import MemberJoined, MemberLeft, MessageSaid
from domain.identity import Member, MemberId, MessageText

ADA = Member(MemberId("ada"), "Ada")


def test_coming_speaking_and_going_are_told_with_who_did_it() -> None:
    text = MessageText("hello")

    assert chat.join(ADA) == MemberJoined(ADA)
    assert chat.say(ADA, text) == MessageSaid(ADA, text)
    assert chat.leave(ADA) == MemberLeft(ADA)
