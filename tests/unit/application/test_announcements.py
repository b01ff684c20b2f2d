"""Announcements: the service speaks on whichever channel it is asked to."""

from typing import Any

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from application.announcements import AnnouncementService
from domain import rooms
from domain.analytics import ANALYTICS
from domain.audiences import (
    Audience,
)
from domain.chat import CHAT, RELIABLE
from domain.errors import (
    BrokenRule,
    ChannelIsUnknown,
    RoomNameIsImpossible,
    TextIsEmpty,
    TextIsTooLong,
)
from domain.events import (
    AnnouncementMade,
)
from domain.identity import MessageText, RoomName
from domain.notifications import NOTIFICATIONS
from tests.doubles import EventBook

TEXT = MessageText("Hear, hear")


@pytest.fixture
def announcements(broadcaster: LaneBroadcaster) -> AnnouncementService:
    return AnnouncementService(broadcaster, text_limit=10)


@pytest.mark.parametrize(
    ("channel", "audience"),
    [
        ("chat", CHAT),
        ("reliable", RELIABLE),
        ("notifications", NOTIFICATIONS),
        ("analytics", ANALYTICS),
        ("room:lobby", rooms.audience(RoomName("lobby"))),
        ("room:chat", rooms.audience(RoomName("chat"))),
        ("room:room:a", rooms.audience(RoomName("room:a"))),
    ],
)
@pytest.mark.parametrize("periodic", [False, True])
async def test_an_announcement_reaches_the_audience_of_its_channel(
    announcements: AnnouncementService,
    book: EventBook,
    channel: str,
    audience: Audience[Any],
    periodic: bool,
) -> None:
    await announcements.announce(channel, TEXT.value, periodic=periodic)

    assert book.encoded == [(audience, AnnouncementMade(TEXT, periodic))]


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
