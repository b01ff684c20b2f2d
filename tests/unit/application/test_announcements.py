"""Announcements: the service speaks on whichever channel it is asked to."""

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from adapters.storage.presence_memory import MemoryPresence
from adapters.storage.tally_memory import MemoryTally
from application.analytics import AnalyticsService
from application.announcements import AnnouncementService
from application.chat import ChatService
from application.notifications import NotificationService
from application.rooms import RoomService
from domain import audiences
from domain.audiences import ANALYTICS, CHAT, NOTIFICATIONS, RELIABLE, Audience
from domain.errors import (
    BrokenRule,
    ChannelIsUnknown,
    RoomNameIsImpossible,
    TextIsEmpty,
    TextIsTooLong,
)
from domain.events import AnnouncementMade, NoticeKind, NoticeRaised
from domain.identity import MessageText, RoomName
from tests.doubles import EventBook

TEXT = MessageText("Hear, hear")


@pytest.fixture
def announcements(broadcaster: LaneBroadcaster) -> AnnouncementService:
    return AnnouncementService(
        ChatService(broadcaster, broadcaster, CHAT, text_limit=10),
        ChatService(broadcaster, broadcaster, RELIABLE, text_limit=10),
        NotificationService(broadcaster, broadcaster, text_limit=10),
        AnalyticsService(broadcaster, broadcaster, MemoryTally(name_limit=9), data_limit=100),
        RoomService(
            broadcaster, broadcaster, broadcaster, MemoryPresence(), text_limit=10, member_limit=9
        ),
        text_limit=10,
    )


@pytest.mark.parametrize(
    ("channel", "audience"),
    [
        ("chat", CHAT),
        ("reliable", RELIABLE),
        ("analytics", ANALYTICS),
        ("room:lobby", audiences.room(RoomName("lobby"))),
        ("room:chat", audiences.room(RoomName("chat"))),
        ("room:room:a", audiences.room(RoomName("room:a"))),
    ],
)
@pytest.mark.parametrize("periodic", [False, True])
async def test_an_announcement_reaches_the_audience_of_its_channel(
    announcements: AnnouncementService,
    book: EventBook,
    channel: str,
    audience: Audience,
    periodic: bool,
) -> None:
    await announcements.announce(channel, TEXT.value, periodic=periodic)

    assert book.encoded == [(audience, AnnouncementMade(TEXT, periodic))]


@pytest.mark.parametrize(
    ("periodic", "kind"), [(False, NoticeKind.SYSTEM), (True, NoticeKind.PERIODIC)]
)
async def test_among_notifications_it_is_a_notice(
    announcements: AnnouncementService, book: EventBook, periodic: bool, kind: NoticeKind
) -> None:
    await announcements.announce("notifications", TEXT.value, periodic=periodic)

    assert book.encoded == [(NOTIFICATIONS, NoticeRaised(kind, TEXT))]


@pytest.mark.parametrize(
    ("channel", "text", "broken"),
    [
        ("nowhere", "text", ChannelIsUnknown),
        ("", "text", ChannelIsUnknown),
        ("room", "text", ChannelIsUnknown),
        ("Chat", "text", ChannelIsUnknown),
        ("room:", "text", RoomNameIsImpossible),
        ("room: lobby", "text", RoomNameIsImpossible),
        ("chat", " ", TextIsEmpty),
        ("room:lobby", "x" * 11, TextIsTooLong),
    ],
)
async def test_an_impossible_announcement_reaches_nobody(
    announcements: AnnouncementService,
    book: EventBook,
    channel: str,
    text: str,
    broken: type[BrokenRule],
) -> None:
    with pytest.raises(broken):
        await announcements.announce(channel, text)

    assert book.encoded == []


async def test_an_unknown_channel_is_answered_with_those_that_there_are(
    announcements: AnnouncementService,
) -> None:
    with pytest.raises(ChannelIsUnknown) as refused:
        await announcements.announce("<nowhere>", "text")

    for channel in ("chat", "reliable", "notifications", "analytics", "room:NAME"):
        assert channel in refused.value.detail
    assert "nowhere" not in refused.value.detail
