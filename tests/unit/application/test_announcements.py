"""Announcements: the service speaks on whichever channel it is asked to."""

from collections.abc import Mapping

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from application.announcements import AnnouncementService
from application.limits import RoomsMade
from domain import rooms
from domain.audiences import Audience
from domain.errors import (
    BrokenRule,
    ChannelIsUnknown,
    RoomNameIsImpossible,
    TextIsEmpty,
    TextIsNotUnicode,
    TextIsTooLong,
)
from domain.events import AnnouncementMade
from domain.identity import MessageText, RoomName
from tests.doubles import EventBook, RecordingSubscriber
from tests.sockets import fixed_audiences
from tests.unit.application.people import ACCESS, ADA, limits

TEXT = MessageText("Hear, hear")

AUDIENCES: Mapping[str, Audience[AnnouncementMade]] = {
    **{audience.channel: audience for audience in fixed_audiences()},
    "room:lobby": rooms.audience(RoomName("lobby")),
    "room:chat": rooms.audience(RoomName("chat")),
    "room:room:a": rooms.audience(RoomName("room:a")),
}
"""Who is to hear what is announced on a channel."""


@pytest.fixture
def announcements(broadcaster: LaneBroadcaster) -> AnnouncementService:
    return AnnouncementService(broadcaster, ACCESS, RoomsMade(broadcaster, limits()), text_limit=10)


@pytest.mark.parametrize("channel", AUDIENCES)
@pytest.mark.parametrize("periodic", [False, True])
async def test_an_announcement_is_heard_on_its_channel_and_on_no_other(
    announcements: AnnouncementService,
    broadcaster: LaneBroadcaster,
    book: EventBook,
    channel: str,
    periodic: bool,
) -> None:
    listening = {name: RecordingSubscriber(name) for name in AUDIENCES}
    for name, subscriber in listening.items():
        await broadcaster.subscribe(AUDIENCES[name], subscriber)

    await announcements.announce(ADA, channel, TEXT.value, periodic=periodic)

    announcement = AnnouncementMade(TEXT, periodic)
    heard = {name: book.heard_by(subscriber) for name, subscriber in listening.items()}
    assert heard == {name: [announcement] if name == channel else [] for name in AUDIENCES}
    assert book.encoded == [(AUDIENCES[channel], announcement)]


@pytest.mark.parametrize(
    ("channel", "text", "broken"),
    [
        ("nowhere", "text", ChannelIsUnknown),
        ("", "text", ChannelIsUnknown),
        ("room", "text", ChannelIsUnknown),
        ("Chat", "text", ChannelIsUnknown),
        ("chat:lobby", "text", ChannelIsUnknown),
        ("job:7", "text", ChannelIsUnknown),
        ("room:", "text", RoomNameIsImpossible),
        ("room: lobby", "text", RoomNameIsImpossible),
        ("chat", " ", TextIsEmpty),
        ("room:lobby", "x" * 11, TextIsTooLong),
        ("chat", "\ud800", TextIsNotUnicode),
    ],
    ids=ascii,
)
async def test_an_impossible_announcement_reaches_nobody(
    announcements: AnnouncementService,
    book: EventBook,
    channel: str,
    text: str,
    broken: type[BrokenRule],
) -> None:
    with pytest.raises(broken):
        await announcements.announce(ADA, channel, text)

    assert book.encoded == []


async def test_an_unknown_channel_is_answered_with_those_that_there_are(
    announcements: AnnouncementService,
) -> None:
    with pytest.raises(ChannelIsUnknown) as refused:
        await announcements.announce(ADA, "<nowhere>", "text")

    for channel in (*(audience.channel for audience in fixed_audiences()), "room:NAME"):
        assert channel in refused.value.detail
    assert "nowhere" not in refused.value.detail
