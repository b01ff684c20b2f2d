"""Rights are asked for where something is done: each service, each deed, with and without them."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from adapters.storage.presence_memory import MemoryPresence
from adapters.storage.tally_memory import MemoryTally
from application.access import Access, CapabilityAuthorizer
from application.analytics import AnalyticsService
from application.announcements import AnnouncementService
from application.chat import ChatService
from application.limits import RoomsMade
from application.notifications import NotificationService
from application.ports import Cursor
from application.rooms import RoomService
from domain import rooms
from domain.capabilities import Capabilities, Grant, Right
from domain.chat import CHAT, RELIABLE
from domain.errors import NotAllowed
from domain.identity import Caller, Identity, Member, MemberId, RoomName
from tests.doubles import ManualClock, RecordingSubscriber
from tests.sockets import fixed_audiences
from tests.unit.application.people import limits

LOBBY = RoomName.parse("lobby")
NOWHERE = Cursor("chat~000000000000-1-1")


def caller(*rights: Right, on: str) -> Caller:
    grants = (Grant((on,), frozenset(rights)),)
    return Caller(Identity(Member(MemberId("ada"), "Ada"), Capabilities(grants), has_token=True))


class House:
    """Every service over one broadcaster, with rights as the caller has them."""

    def __init__(self, broadcaster: LaneBroadcaster) -> None:
        access = Access(CapabilityAuthorizer())
        both = (broadcaster, broadcaster)
        self.chat = ChatService(*both, access, limits(), CHAT, text_limit=100)
        self.reliable = ChatService(*both, access, limits(), RELIABLE, text_limit=100)
        self.notifications = NotificationService(*both, access, text_limit=100)
        tally = MemoryTally(ManualClock(), name_limit=10, expiry=60)
        self.analytics = AnalyticsService(*both, tally, access, limits(), data_limit=100)
        self.rooms = RoomService(
            *both, broadcaster, MemoryPresence(), access, limits(), text_limit=100, member_limit=10
        )
        self.announcements = AnnouncementService(
            broadcaster, access, RoomsMade(broadcaster, limits()), text_limit=100
        )
        self.someone = RecordingSubscriber("someone")


Deed: TypeAlias = Callable[[House, Caller], Awaitable[object]]

DEEDS: list[tuple[str, str, frozenset[Right], Deed]] = [
    (channel, name, frozenset(rights), deed)
    for channel, name, rights, deed in [
        ("chat", "join", {Right.SUBSCRIBE}, lambda h, c: h.chat.join(c, h.someone, None)),
        ("chat", "say", {Right.PUBLISH}, lambda h, c: h.chat.say(c, "hello")),
        ("reliable", "join", {Right.SUBSCRIBE}, lambda h, c: h.reliable.join(c, h.someone, None)),
        (
            "reliable",
            "come back",
            {Right.SUBSCRIBE, Right.HISTORY},
            lambda h, c: h.reliable.join(c, h.someone, NOWHERE),
        ),
        ("reliable", "say", {Right.PUBLISH}, lambda h, c: h.reliable.say(c, "hello")),
        (
            "notifications",
            "join",
            {Right.SUBSCRIBE},
            lambda h, c: h.notifications.join(c, h.someone),
        ),
        ("notifications", "notify", {Right.PUBLISH}, lambda h, c: h.notifications.notify(c, "hi")),
        ("analytics", "join", {Right.SUBSCRIBE}, lambda h, c: h.analytics.join(c, h.someone, None)),
        ("analytics", "record", {Right.PUBLISH}, lambda h, c: h.analytics.record(c, "view", None)),
        ("analytics", "counts", {Right.HISTORY}, lambda h, c: h.analytics.counts(c)),
        (
            "room:lobby",
            "enter",
            {Right.SUBSCRIBE},
            lambda h, c: h.rooms.enter(LOBBY, c, h.someone, None),
        ),
        ("room:lobby", "say", {Right.PUBLISH}, lambda h, c: h.rooms.say(LOBBY, c, "hello")),
        ("room:lobby", "roster", {Right.PRESENCE}, lambda h, c: h.rooms.roster(LOBBY, c)),
        ("room:lobby", "recent", {Right.HISTORY}, lambda h, c: h.rooms.recent(LOBBY, c, 10)),
        *[
            (
                channel,
                "announce",
                {Right.PUBLISH},
                lambda h, c, channel=channel: h.announcements.announce(c, channel, "hear"),
            )
            for channel in (*(audience.channel for audience in fixed_audiences()), "room:lobby")
        ],
    ]
]

each_deed = pytest.mark.parametrize(
    ("channel", "needed", "deed"),
    [pytest.param(c, needed, deed, id=f"{name} {c}") for c, name, needed, deed in DEEDS],
)


@pytest.fixture
def house(broadcaster: LaneBroadcaster) -> House:
    return House(broadcaster)


@each_deed
async def test_whoever_has_the_rights_may(
    house: House, channel: str, needed: frozenset[Right], deed: Deed
) -> None:
    await deed(house, caller(*needed, on=channel))


@each_deed
async def test_whoever_lacks_one_may_not(
    house: House, channel: str, needed: frozenset[Right], deed: Deed
) -> None:
    for missing in needed:
        others = set(Right) - {missing}
        with pytest.raises(NotAllowed):
            await deed(house, caller(*others, on=channel))


@each_deed
async def test_rights_elsewhere_are_no_rights_here(
    house: House, channel: str, needed: frozenset[Right], deed: Deed
) -> None:
    with pytest.raises(NotAllowed):
        await deed(house, caller(*Right, on=f"{channel}:inner"))


async def test_whoever_may_not_leaves_no_trace(house: House, broadcaster: LaneBroadcaster) -> None:
    await house.rooms.enter(LOBBY, caller(Right.SUBSCRIBE, on="*"), house.someone, None)
    stranger = RecordingSubscriber("stranger")

    with pytest.raises(NotAllowed):
        await house.rooms.enter(LOBBY, caller(Right.PUBLISH, on="*"), stranger, None)
    with pytest.raises(NotAllowed):
        await house.rooms.say(LOBBY, caller(Right.SUBSCRIBE, on="*"), "hello")

    assert (await house.rooms.roster(LOBBY, caller(Right.PRESENCE, on="*"))).count == 1
    assert not house.someone.frames
    assert not await broadcaster.recent(rooms.audience(LOBBY), 10)


async def test_only_rooms_that_one_may_know_of_are_listed(house: House) -> None:
    everywhere = caller(*Right, on="*")
    for name in ("lobby", "team:a", "team:b"):
        await house.rooms.enter(RoomName.parse(name), everywhere, RecordingSubscriber(name), None)

    async def listed(on: str) -> set[str]:
        found = await house.rooms.rooms(caller(Right.PRESENCE, on=on), 10)
        return {size.name.value for size in found}

    assert await listed("*") == {"lobby", "team:a", "team:b"}
    assert await listed("room:team:*") == {"team:a", "team:b"}
    assert await listed("chat") == set()
