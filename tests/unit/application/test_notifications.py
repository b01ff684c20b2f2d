"""Notifications on their own lane."""

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from application.notifications import NotificationService
from domain.errors import BrokenRule, TextIsEmpty, TextIsTooLong
from domain.events import AnnouncementMade, MemberJoined, NoticeKind, NoticeRaised
from domain.identity import MessageText
from tests.doubles import EventBook, RecordingSubscriber
from tests.unit.application.people import ADA, BOB


@pytest.fixture
def notifications(broadcaster: LaneBroadcaster) -> NotificationService:
    return NotificationService(broadcaster, broadcaster, text_limit=10)


async def test_everybody_hears_of_a_newcomer_the_newcomer_too(
    notifications: NotificationService, book: EventBook
) -> None:
    ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")

    await notifications.join(ADA, ada)
    await notifications.join(BOB, bob)

    assert book.heard_by(ada) == [MemberJoined(ADA), MemberJoined(BOB)]
    assert book.heard_by(bob) == [MemberJoined(BOB)]


async def test_a_users_notice_reaches_everybody(
    notifications: NotificationService, book: EventBook
) -> None:
    ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
    await notifications.join(ADA, ada)
    await notifications.join(BOB, bob)

    await notifications.notify("lunch")

    for subscriber in (ada, bob):
        assert book.heard_by(subscriber)[-1] == NoticeRaised(NoticeKind.USER, MessageText("lunch"))


@pytest.mark.parametrize(("text", "broken"), [("", TextIsEmpty), ("x" * 11, TextIsTooLong)])
async def test_an_impossible_notice_reaches_nobody(
    notifications: NotificationService, book: EventBook, text: str, broken: type[BrokenRule]
) -> None:
    with pytest.raises(broken):
        await notifications.notify(text)

    assert book.encoded == []


@pytest.mark.parametrize(
    ("periodic", "kind"), [(False, NoticeKind.SYSTEM), (True, NoticeKind.PERIODIC)]
)
async def test_an_announcement_becomes_the_services_notice(
    notifications: NotificationService, book: EventBook, periodic: bool, kind: NoticeKind
) -> None:
    ada = RecordingSubscriber("ada")
    await notifications.join(ADA, ada)

    await notifications.announce(AnnouncementMade(MessageText("Hear, hear"), periodic))

    assert book.heard_by(ada)[-1] == NoticeRaised(kind, MessageText("Hear, hear"))


async def test_whoever_leaves_hears_nothing_more_and_nobody_is_told(
    notifications: NotificationService, book: EventBook
) -> None:
    ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
    await notifications.join(ADA, ada)
    await notifications.join(BOB, bob)

    await notifications.leave(ada)
    await notifications.notify("lunch")

    assert len(ada.frames) == 2
    assert book.heard_by(bob) == [
        MemberJoined(BOB),
        NoticeRaised(NoticeKind.USER, MessageText("lunch")),
    ]
