"""Public and reliable chat."""

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from application.chat import ChatService
from application.ports import Cursor, LossReason, Recovery
from domain.audiences import Audience
from domain.chat import CHAT, RELIABLE, ChatEvent
from domain.errors import BrokenRule, TextIsEmpty, TextIsNotUnicode, TextIsTooLong
from domain.events import MemberJoined, MemberLeft, MessageSaid
from domain.identity import MessageText
from tests.doubles import EventBook, RecordingSubscriber
from tests.unit.application.people import ACCESS, ADA, BOB, limits


@pytest.fixture(params=[CHAT, RELIABLE], ids=["public", "reliable"])
def audience(request: pytest.FixtureRequest) -> Audience[ChatEvent]:
    chosen: Audience[ChatEvent] = request.param
    return chosen


@pytest.fixture
def chat(broadcaster: LaneBroadcaster, audience: Audience[ChatEvent]) -> ChatService:
    return ChatService(broadcaster, broadcaster, ACCESS, limits(), audience, text_limit=10)


@pytest.fixture
def reliable(broadcaster: LaneBroadcaster) -> ChatService:
    return ChatService(broadcaster, broadcaster, ACCESS, limits(), RELIABLE, text_limit=10)


async def test_everybody_hears_of_a_newcomer_the_newcomer_too(
    chat: ChatService, book: EventBook
) -> None:
    ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")

    await chat.join(ADA, ada, None)
    await chat.join(BOB, bob, None)

    assert book.heard_by(ada) == [MemberJoined(ADA.member), MemberJoined(BOB.member)]
    assert book.heard_by(bob) == [MemberJoined(BOB.member)]


async def test_everybody_hears_what_is_said_the_speaker_too(
    chat: ChatService, book: EventBook
) -> None:
    ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
    await chat.join(ADA, ada, None)
    await chat.join(BOB, bob, None)

    await chat.say(ADA, "hello")

    for subscriber in (ada, bob):
        assert book.heard_by(subscriber)[-1] == MessageSaid(ADA.member, MessageText("hello"))


@pytest.mark.parametrize(
    ("text", "broken"),
    [("", TextIsEmpty), ("x" * 11, TextIsTooLong), ("\ud800", TextIsNotUnicode)],
    ids=ascii,
)
async def test_an_impossible_text_is_heard_by_nobody(
    chat: ChatService, book: EventBook, text: str, broken: type[BrokenRule]
) -> None:
    ada = RecordingSubscriber("ada")
    await chat.join(ADA, ada, None)

    with pytest.raises(broken):
        await chat.say(ADA, text)

    assert book.heard_by(ada) == [MemberJoined(ADA.member)]


async def test_whoever_leaves_hears_nothing_more_and_the_others_hear_of_it(
    chat: ChatService, book: EventBook
) -> None:
    ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
    await chat.join(ADA, ada, None)
    await chat.join(BOB, bob, None)

    await chat.leave(ADA, ada)

    assert book.heard_by(bob)[-1] == MemberLeft(ADA.member)
    assert book.heard_by(ada) == [MemberJoined(ADA.member), MemberJoined(BOB.member)]


async def test_what_was_missed_in_reliable_chat_comes_before_the_news_of_coming_back(
    reliable: ChatService, book: EventBook
) -> None:
    ada = RecordingSubscriber("ada")
    await reliable.join(ADA, ada, None)
    position = ada.cursor
    await reliable.leave(ADA, ada)
    await reliable.say(BOB, "missed")
    again = RecordingSubscriber("ada again")

    await reliable.join(ADA, again, position)

    assert again.recoveries == [Recovery(1)]
    assert book.heard_by(again) == [
        MessageSaid(BOB.member, MessageText("missed")),
        MemberJoined(ADA.member),
    ]


async def test_a_position_that_means_nothing_does_not_keep_anybody_out(
    reliable: ChatService, book: EventBook
) -> None:
    ada = RecordingSubscriber("ada")

    await reliable.join(ADA, ada, Cursor("nonsense"))

    assert ada.recoveries == [Recovery(0, LossReason.INVALID)]
    assert book.heard_by(ada) == [MemberJoined(ADA.member)]


async def test_public_and_reliable_chat_do_not_hear_each_other(
    broadcaster: LaneBroadcaster, book: EventBook
) -> None:
    public = ChatService(broadcaster, broadcaster, ACCESS, limits(), CHAT, text_limit=10)
    reliable = ChatService(broadcaster, broadcaster, ACCESS, limits(), RELIABLE, text_limit=10)
    ada, bob = RecordingSubscriber("ada"), RecordingSubscriber("bob")
    await public.join(ADA, ada, None)
    await reliable.join(BOB, bob, None)

    await public.say(ADA, "public")

    assert book.heard_by(bob) == [MemberJoined(BOB.member)]
