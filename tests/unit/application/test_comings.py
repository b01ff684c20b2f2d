"""Who comes and goes is told to whoever is there, and is no part of what was said."""

from adapters.layers.broadcaster import LaneBroadcaster
from adapters.storage.presence_memory import MemoryPresence
from application.ports import Recovery
from application.rooms import RoomService
from domain.events import MessageSaid
from domain.identity import MessageText, RoomName
from tests.contracts.broadcasting import PLANS
from tests.doubles import EventBook, RecordingSubscriber, cursor_of
from tests.unit.application.people import ACCESS, ADA, BOB, limits

LOBBY = RoomName("lobby")


async def test_however_many_come_and_go_what_was_said_stays(
    broadcaster: LaneBroadcaster, book: EventBook
) -> None:
    rooms = RoomService(
        broadcaster,
        broadcaster,
        broadcaster,
        MemoryPresence(),
        ACCESS,
        limits(),
        text_limit=10,
        member_limit=3,
    )
    first, second = (MessageSaid(ADA.member, MessageText(text)) for text in ("first", "second"))
    ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
    await rooms.enter(LOBBY, ADA, ada, None)
    await rooms.say(LOBBY, ADA, "first")
    await rooms.say(LOBBY, ADA, "second")
    for _ in range(PLANS["rooms"].capacity + 1):
        await rooms.enter(LOBBY, BOB, bob, None)
        await rooms.leave(LOBBY, BOB, bob)
    again = RecordingSubscriber("ada again")

    await rooms.enter(LOBBY, ADA, again, cursor_of(ada.frames[0]))

    assert again.recoveries == [Recovery(1)]
    assert book.heard_by(again) == [second]
    assert book.read(await rooms.recent(LOBBY, ADA, 9)) == [first, second]
