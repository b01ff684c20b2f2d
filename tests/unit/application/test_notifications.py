"""Notifications on their own lane."""

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from application.notifications import NotificationService
from domain.errors import BrokenRule, TextIsEmpty, TextIsNotUnicode, TextIsTooLong
from domain.events import MemberJoined, MessageSaid
from domain.identity import MessageText
from tests.doubles import EventBook, RecordingSubscriber
from tests.unit.application.people import ACCESS, ADA, BOB


@pytest.fixture
def notifications(broadcaster: LaneBroadcaster) -> NotificationService:
    return NotificationService(broadcaster, broadcaster, ACCESS, text_limit=10)


async def test_everybody_hears_of_a_newcomer_the_newcomer_too(
    notifications: NotificationService, book: EventBook
) -> None:
    ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")

    await notifications.join(ADA, ada)
    await notifications.join(BOB, bob)

    assert book.heard_by(ada) == [MemberJoined(ADA.member), MemberJoined(BOB.member)]
    assert book.heard_by(bob) == [MemberJoined(BOB.member)]


async def test_a_members_notice_reaches_everybody_the_member_too(
    notifications: NotificationService, book: EventBook
) -> None:
    ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
    await notifications.join(ADA, ada)
    await notifications.join(BOB, bob)

    await notifications.notify(BOB, "lunch")

    for subscriber in (ada, bob):
        assert book.heard_by(subscriber)[-1] == MessageSaid(BOB.member, MessageText("lunch"))


@pytest.mark.parametrize(
    ("text", "broken"),
    [("", TextIsEmpty), ("x" * 11, TextIsTooLong), ("\ud800", TextIsNotUnicode)],
    ids=ascii,
)
async def test_an_impossible_notice_reaches_nobody(
    notifications: NotificationService, book: EventBook, text: str, broken: type[BrokenRule]
) -> None:
    with pytest.raises(broken):
        await notifications.notify(ADA, text)

    assert book.encoded == []


async def test_whoever_leaves_hears_nothing_more_and_nobody_is_told(
    notifications: NotificationService, book: EventBook
) -> None:
    ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
    await notifications.join(ADA, ada)
    await notifications.join(BOB, bob)

    await notifications.leave(ada)
    await notifications.notify(BOB, "lunch")

    assert len(ada.frames) == 2
    assert book.heard_by(bob) == [
        MemberJoined(BOB.member),
        MessageSaid(BOB.member, MessageText("lunch")),
    ]
