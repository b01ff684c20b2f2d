"""Rooms: coming in, speaking, going out, and who is there."""

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from adapters.layers.lane_memory import MemoryLane
from adapters.storage.presence_memory import MemoryPresence
from application.errors import Unavailable
from application.ports import LossReason, Recovery
from application.rooms import ROSTER_NAMES, RoomService
from domain.errors import BrokenRule, RoomIsFull, TextIsEmpty, TextIsNotUnicode, TextIsTooLong
from domain.events import MemberJoined, MemberLeft, MessageSaid
from domain.identity import Caller, MessageText, RoomName
from domain.rooms import RoomSize, Roster
from tests.doubles import EventBook, FragileSubscriptions, RecordingSubscriber
from tests.unit.application.people import ACCESS, ADA, BOB, EVE, STRANGER, caller, limits

LOBBY, ATTIC = RoomName("lobby"), RoomName("attic")


@pytest.fixture
def subscriptions(lanes: dict[str, MemoryLane], book: EventBook) -> FragileSubscriptions:
    return FragileSubscriptions(lanes, book, subscription_limit=4)


@pytest.fixture
def rooms(broadcaster: LaneBroadcaster, subscriptions: FragileSubscriptions) -> RoomService:
    return RoomService(
        broadcaster,
        subscriptions,
        broadcaster,
        MemoryPresence(),
        ACCESS,
        limits(),
        text_limit=10,
        member_limit=3,
    )


async def entered(rooms: RoomService, *callers: Caller) -> list[RecordingSubscriber]:
    subscribers = [RecordingSubscriber(each.member.name) for each in callers]
    for each, subscriber in zip(callers, subscribers, strict=True):
        await rooms.enter(LOBBY, each, subscriber, None)
    return subscribers


def said(caller: Caller, text: str) -> MessageSaid:
    return MessageSaid(caller.member, MessageText(text))


async def test_the_others_hear_of_a_newcomer_and_how_many_are_in_now(
    rooms: RoomService, book: EventBook
) -> None:
    ada, bob = await entered(rooms, ADA, BOB)

    assert book.heard_by(ada) == [MemberJoined(BOB.member, 2)]
    assert book.heard_by(bob) == []


async def test_everybody_in_the_room_hears_what_is_said_the_speaker_too(
    rooms: RoomService, book: EventBook
) -> None:
    ada, bob = await entered(rooms, ADA, BOB)

    await rooms.say(LOBBY, BOB, "hello")

    for subscriber in (ada, bob):
        assert book.heard_by(subscriber)[-1] == said(BOB, "hello")


@pytest.mark.parametrize(
    ("text", "broken"),
    [(" ", TextIsEmpty), ("x" * 11, TextIsTooLong), ("\ud800", TextIsNotUnicode)],
    ids=ascii,
)
async def test_an_impossible_text_is_heard_by_nobody(
    rooms: RoomService, text: str, broken: type[BrokenRule]
) -> None:
    (ada,) = await entered(rooms, ADA)

    with pytest.raises(broken):
        await rooms.say(LOBBY, ADA, text)

    assert ada.frames == []


async def test_one_room_does_not_hear_another(rooms: RoomService, book: EventBook) -> None:
    (ada,) = await entered(rooms, ADA)
    bob = RecordingSubscriber("bob")
    await rooms.enter(ATTIC, BOB, bob, None)

    await rooms.say(ATTIC, BOB, "up here")
    await rooms.say(LOBBY, ADA, "down here")

    assert book.heard_by(ada) == [said(ADA, "down here")]
    assert book.heard_by(bob) == [said(BOB, "up here")]


async def test_a_full_room_tells_the_newcomer_and_nobody_else(
    rooms: RoomService, lanes: dict[str, MemoryLane]
) -> None:
    others = await entered(rooms, ADA, BOB, STRANGER)
    heard_before = [list(other.frames) for other in others]
    eve = RecordingSubscriber("eve")

    with pytest.raises(RoomIsFull):
        await rooms.enter(LOBBY, EVE, eve, None)
    await rooms.leave(LOBBY, EVE, eve)

    assert [other.frames for other in others] == heard_before
    assert lanes["rooms"].attached(eve) == 0
    assert (await rooms.roster(LOBBY, ADA)).count == 3


async def test_whoever_leaves_hears_nothing_more_and_the_others_hear_who_is_left(
    rooms: RoomService, book: EventBook
) -> None:
    ada, bob = await entered(rooms, ADA, BOB)
    heard_before = list(ada.frames)

    await rooms.leave(LOBBY, ADA, ada)

    assert book.heard_by(bob) == [MemberLeft(ADA.member, 1)]
    assert ada.frames == heard_before


async def test_leaving_a_room_never_entered_changes_nothing(rooms: RoomService) -> None:
    (ada,) = await entered(rooms, ADA)

    await rooms.leave(LOBBY, BOB, RecordingSubscriber("bob"))

    assert ada.frames == []
    assert (await rooms.roster(LOBBY, ADA)).count == 1


async def test_leaving_twice_is_told_once(rooms: RoomService, book: EventBook) -> None:
    ada, bob = await entered(rooms, ADA, BOB)

    await rooms.leave(LOBBY, ADA, ada)
    await rooms.leave(LOBBY, ADA, ada)

    assert book.heard_by(bob) == [MemberLeft(ADA.member, 1)]


async def test_an_entry_that_came_half_way_is_undone_by_leaving(
    rooms: RoomService, subscriptions: FragileSubscriptions
) -> None:
    ada = RecordingSubscriber("ada")
    subscriptions.broken = True
    with pytest.raises(Unavailable):
        await rooms.enter(LOBBY, ADA, ada, None)
    subscriptions.broken = False

    await rooms.leave(LOBBY, ADA, ada)

    assert await rooms.roster(LOBBY, ADA) == Roster(0, ())


async def test_whoever_leaves_is_gone_also_when_the_lane_does_not_answer(
    rooms: RoomService, subscriptions: FragileSubscriptions
) -> None:
    (ada,) = await entered(rooms, ADA)
    subscriptions.broken = True

    with pytest.raises(Unavailable):
        await rooms.leave(LOBBY, ADA, ada)

    assert await rooms.roster(LOBBY, ADA) == Roster(0, ())


async def test_whoever_comes_back_gets_what_was_missed_before_anything_else(
    rooms: RoomService, book: EventBook
) -> None:
    ada, _bob = await entered(rooms, ADA, BOB)
    await rooms.leave(LOBBY, ADA, ada)
    await rooms.say(LOBBY, BOB, "missed")
    again = RecordingSubscriber("ada again")

    await rooms.enter(LOBBY, ADA, again, ada.cursor)
    await rooms.say(LOBBY, ADA, "back")

    assert again.recoveries == [Recovery(1)]
    assert book.heard_by(again) == [said(BOB, "missed"), said(ADA, "back")]


async def test_a_position_in_another_room_is_unknown_here(
    rooms: RoomService, book: EventBook
) -> None:
    ada, _bob = await entered(rooms, ADA, BOB)
    again = RecordingSubscriber("ada again")

    await rooms.enter(ATTIC, ADA, again, ada.cursor)

    assert again.recoveries == [Recovery(0, LossReason.UNKNOWN_POSITION)]
    assert book.heard_by(again) == []


async def test_the_roster_shows_who_is_in(rooms: RoomService) -> None:
    await entered(rooms, ADA, BOB)

    assert await rooms.roster(LOBBY, ADA) == Roster(2, (ADA.member, BOB.member))
    assert await rooms.roster(ATTIC, ADA) == Roster(0, ())


async def test_a_roster_names_a_hundred_and_counts_all(
    broadcaster: LaneBroadcaster,
) -> None:
    rooms = RoomService(
        broadcaster,
        broadcaster,
        broadcaster,
        MemoryPresence(),
        ACCESS,
        limits(),
        text_limit=10,
        member_limit=999,
    )
    await entered(rooms, *(caller(str(n), f"member {n}") for n in range(150)))

    roster = await rooms.roster(LOBBY, ADA)

    assert ROSTER_NAMES == 100
    assert (roster.count, len(roster.members)) == (150, 100)


async def test_rooms_are_listed_fullest_first(rooms: RoomService) -> None:
    await rooms.enter(ATTIC, STRANGER, RecordingSubscriber("s"), None)
    await entered(rooms, ADA, BOB)

    assert await rooms.rooms(ADA, 9) == [RoomSize(LOBBY, 2), RoomSize(ATTIC, 1)]
    assert await rooms.rooms(ADA, 1) == [RoomSize(LOBBY, 2)]


async def test_recent_frames_are_those_that_members_heard(
    rooms: RoomService, book: EventBook
) -> None:
    (ada,) = await entered(rooms, ADA)
    for text in ("one", "two", "three"):
        await rooms.say(LOBBY, ADA, text)

    assert await rooms.recent(LOBBY, ADA, 2) == ada.frames[-2:]
    assert book.read(await rooms.recent(LOBBY, ADA, 9)) == [
        said(ADA, text) for text in ("one", "two", "three")
    ]
    assert await rooms.recent(ATTIC, ADA, 9) == []
