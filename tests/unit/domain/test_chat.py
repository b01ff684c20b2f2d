"""What may be said in a chat, and so in a room and in a notification."""

import pytest

from domain import chat
from domain.errors import TextIsEmpty, TextIsNotUnicode, TextIsTooLong
from domain.events import MessageSaid
from domain.identity import Member, MemberId, MessageText

ADA = Member(MemberId("ada"), "Ada")


def test_a_member_says_a_text_as_it_is() -> None:
    assert chat.say(ADA, " hello ", limit=7) == MessageSaid(ADA, MessageText(" hello "))


@pytest.mark.parametrize(
    ("raw", "broken"),
    [
        ("", TextIsEmpty),
        (" ", TextIsEmpty),
        ("12345678", TextIsTooLong),
        ("\ud800", TextIsNotUnicode),
    ],
    ids=ascii,
)
def test_what_is_no_message_is_not_said(raw: str, broken: type[Exception]) -> None:
    with pytest.raises(broken):
        chat.say(ADA, raw, limit=7)
