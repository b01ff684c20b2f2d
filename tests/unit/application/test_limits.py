"""What callers may have kept, asked for by the services: whoever carries the question in."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from adapters.layers.lane_memory import MemoryLane
from adapters.limits.caller_limits import CallerLimits
from adapters.storage.presence_memory import MemoryPresence
from adapters.storage.tally_memory import MemoryTally
from application.analytics import AnalyticsService
from application.announcements import AnnouncementService
from application.chat import ChatService
from application.errors import RateLimited
from application.limits import RoomsMade
from application.ports import Cursor
from application.rooms import RoomService
from domain.chat import RELIABLE
from domain.identity import OPERATOR, Caller, RoomName
from tests.doubles import EventBook, ManualClock, RecordingSubscriber, caller_limits
from tests.unit.application.people import ACCESS, ADA, BOB

LOBBY, ATTIC, CELLAR = RoomName("lobby"), RoomName("attic"), RoomName("cellar")


class House:
    """The services of rooms over one broadcaster."""

    def __init__(self, broadcaster: LaneBroadcaster, limits: CallerLimits) -> None:
        three = (broadcaster, broadcaster, broadcaster)
        self.rooms = RoomService(
            *three, MemoryPresence(), ACCESS, limits, text_limit=100, member_limit=10
        )
        made = RoomsMade(broadcaster, limits)
        self.announcements = AnnouncementService(broadcaster, ACCESS, made, text_limit=100)

    async def enter(self, room: RoomName, name: str) -> RecordingSubscriber:
        subscriber = RecordingSubscriber(name)
        await self.rooms.enter(room, ADA, subscriber, None)
        return subscriber


@pytest.fixture
def limits() -> CallerLimits:
    return caller_limits(member_room_burst=1, member_name_burst=1, member_recoveries=1)


@pytest.fixture
def house(broadcaster: LaneBroadcaster, limits: CallerLimits) -> House:
    return House(broadcaster, limits)


@contextmanager
def refused(scope: str = "member") -> Iterator[None]:
    with pytest.raises(RateLimited) as told:
        yield
    assert told.value.scope == scope
    assert told.value.retry_after > 0


async def test_entering_saying_and_announcing_make_rooms_alike(
    house: House, lanes: dict[str, MemoryLane], book: EventBook
) -> None:
    await house.rooms.say(LOBBY, ADA, "hello")
    before = list(book.encoded)

    with refused():
        await house.rooms.say(ATTIC, ADA, "hello")
    with refused():
        await house.announcements.announce(ADA, "room:attic", "hello")
    eve = RecordingSubscriber("eve")
    with refused():
        await house.rooms.enter(ATTIC, ADA, eve, None)

    assert book.encoded == before
    assert await house.rooms.rooms(ADA, 9) == []
    assert lanes["rooms"].attached(eve) == 0


async def test_a_room_that_exists_costs_nothing(house: House) -> None:
    first = await house.enter(LOBBY, "first")
    for number in range(5):
        await house.enter(LOBBY, f"another {number}")
        await house.rooms.say(LOBBY, ADA, "hello")
        await house.announcements.announce(ADA, "room:lobby", "hello")

    await house.rooms.leave(LOBBY, ADA, first)
    await house.enter(LOBBY, "again")


async def test_a_room_with_a_history_is_there_with_nobody_in_it(house: House) -> None:
    await house.rooms.say(LOBBY, ADA, "hello")

    await house.rooms.say(LOBBY, ADA, "hello again")
    await house.enter(LOBBY, "ada")


async def test_what_makes_no_room_is_never_asked(house: House) -> None:
    await house.rooms.say(LOBBY, ADA, "hello")

    await house.rooms.roster(ATTIC, ADA)
    await house.rooms.recent(ATTIC, ADA, 9)
    for _ in range(3):
        await house.announcements.announce(ADA, "chat", "hello")

    with refused():
        await house.rooms.say(ATTIC, ADA, "hello")


async def test_others_and_the_operator_go_on_making_rooms(house: House) -> None:
    await house.rooms.say(LOBBY, ADA, "hello")

    await house.rooms.say(ATTIC, BOB, "hello")
    for number in range(5):
        await house.announcements.announce(Caller(OPERATOR), f"room:{number}", "hello")


@pytest.fixture
def analytics(broadcaster: LaneBroadcaster, limits: CallerLimits) -> AnalyticsService:
    tally = MemoryTally(ManualClock(), name_limit=3, expiry=60)
    return AnalyticsService(broadcaster, broadcaster, tally, ACCESS, limits, data_limit=100)


async def test_only_new_names_of_events_count(analytics: AnalyticsService, book: EventBook) -> None:
    await analytics.record(ADA, "view", None)
    with refused():
        await analytics.record(ADA, "click", None)
    for _ in range(3):
        await analytics.record(ADA, "view", None)

    assert (await analytics.counts(ADA)).by_name == {"view": 4}
    assert len(book.encoded) == 4
    await analytics.record(BOB, "click", None)
    await analytics.record(ADA, "click", None)


async def test_where_the_tally_takes_no_names_none_is_new(analytics: AnalyticsService) -> None:
    for number in range(3):
        await analytics.record(Caller(OPERATOR), str(number), None)

    for number in range(5):
        await analytics.record(ADA, f"one too many {number}", None)

    assert (await analytics.counts(ADA)).by_name["(other)"] == 5


async def test_whoever_comes_back_takes_a_turn_everywhere(broadcaster: LaneBroadcaster) -> None:
    limits = caller_limits(member_recoveries=1, recovery_wait=0.01)
    since = Cursor("somewhere")
    rooms = House(broadcaster, limits).rooms
    reliable = ChatService(broadcaster, broadcaster, ACCESS, limits, RELIABLE, text_limit=100)
    tally = MemoryTally(ManualClock(), name_limit=3, expiry=60)
    events = AnalyticsService(broadcaster, broadcaster, tally, ACCESS, limits, data_limit=100)

    async with limits.recovery(ADA, since):
        with refused():
            await rooms.enter(LOBBY, ADA, RecordingSubscriber("a"), since)
        with refused():
            await reliable.join(ADA, RecordingSubscriber("b"), since)
        with refused():
            await events.join(ADA, RecordingSubscriber("c"), since)
        await rooms.enter(LOBBY, ADA, RecordingSubscriber("e"), None)

    await reliable.join(ADA, RecordingSubscriber("f"), since)
