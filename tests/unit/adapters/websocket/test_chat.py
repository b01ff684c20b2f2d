"""Public and reliable chat: the same conversation, in different words."""

from dataclasses import dataclass

import pytest

from domain.chat import CHAT, RELIABLE
from domain.events import AnnouncementMade, MemberJoined, MemberLeft, MessageSaid
from domain.identity import Member, MemberId, MessageText
from tests.frames import SOMEONE, content
from tests.unit.adapters.websocket.driving import Service, serving
from tests.unit.adapters.websocket.presenting import assert_told

UNNAMED, ANNA = Member(MemberId("1")), Member(MemberId("2"), "Anna")
BY_UNNAMED = {"member": {"id": "1", "name": "Someone"}}
BY_ANNA = {"member": {"id": "2", "name": "Anna"}}
TEXT = MessageText("hello")


@dataclass(frozen=True)
class Words:
    path: str
    say: str
    heard: str
    joined: str
    said: str
    left: str


CHAT_WORDS = Words(
    "/ws/chat",
    "chat",
    "chat_notification",
    "📢 Someone joined the chat",
    "💬 {}",
    "❌ Someone left the chat.",
)
RELIABLE_WORDS = Words(
    "/ws/reliable",
    "reliable_chat",
    "reliable_chat_notification",
    "🔒 Reliable chat connection established!",
    "📨 {}",
    "🚪 Left reliable chat!",
)

both = pytest.mark.parametrize("words", [CHAT_WORDS, RELIABLE_WORDS], ids=["chat", "reliable"])


@both
async def test_whoever_joins_is_told_to_all_and_to_themselves(
    service: Service, words: Words
) -> None:
    joined = {"action": words.heard, "payload": {"message": words.joined, "member": SOMEONE}}
    async with service.socket(words.path) as first:
        assert content(await first.frame()) == joined
        async with service.socket(words.path) as second:
            assert content(await second.frame()) == joined
            assert content(await first.frame()) == joined


@both
async def test_what_is_said_is_heard_by_all_in_the_same_words(
    service: Service, words: Words
) -> None:
    async with service.socket(words.path) as first, service.socket(words.path) as second:
        await first.frames(2)
        await second.frame()
        await first.say(words.say, {"message": "hello"})
        heard = await first.frame()
        assert content(heard) == {
            "action": words.heard,
            "payload": {"message": words.said.format("hello"), "member": SOMEONE},
        }
        assert await second.frame() == heard


@both
async def test_whoever_leaves_is_told_to_the_others(service: Service, words: Words) -> None:
    async with service.socket(words.path) as stays:
        async with service.socket(words.path):
            await stays.frames(2)
        assert await stays.payload(words.heard) == {"message": words.left, "member": SOMEONE}
        await stays.hears_nothing()


@both
async def test_a_text_of_the_longest_length_is_said_and_a_longer_one_refused(words: Words) -> None:
    async with serving(text_limit=5) as service, service.socket(words.path) as client:
        await client.frame()
        await client.say(words.say, {"message": "👋" * 5})
        assert (await client.payload(words.heard))["message"] == words.said.format("👋" * 5)
        await client.say(words.say, {"message": "sixsix"})
        assert await client.payload("error") == {
            "code": "text_is_too_long",
            "detail": "At most 5 characters are allowed, this has 6.",
            "retryable": False,
        }


@both
@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
async def test_a_blank_text_is_refused_and_heard_by_nobody(
    service: Service, words: Words, text: str
) -> None:
    async with service.socket(words.path) as client, service.socket(words.path) as other:
        await client.frames(2)
        await other.frame()
        await client.say(words.say, {"message": text})
        assert (await client.payload("error"))["code"] == "text_is_empty"
        await other.hears_nothing()


@both
async def test_a_text_is_passed_on_untouched(service: Service, words: Words) -> None:
    text = ' <b>"quotes"</b> \\ \u202e \x00 \u2028 👩‍👩‍👧 '
    async with service.socket(words.path) as client:
        await client.frame()
        await client.say(words.say, {"message": text})
        assert await client.payload(words.heard) == {
            "message": words.said.format(text),
            "member": SOMEONE,
        }


async def test_the_two_chats_do_not_hear_each_other(service: Service) -> None:
    async with service.socket("/ws/chat") as chat, service.socket("/ws/reliable") as reliable:
        await chat.frame()
        await reliable.frame()
        await chat.say("chat", {"message": "hello"})
        await chat.frame()
        await reliable.hears_nothing()


async def test_only_the_reliable_chat_gives_out_cursors(service: Service) -> None:
    async with service.socket("/ws/chat") as chat, service.socket("/ws/reliable") as reliable:
        assert "cursor" not in await chat.frame()
        first = await reliable.frame()
        await reliable.say("reliable_chat", {"message": "hello"})
        second = await reliable.frame()
        assert isinstance(first["cursor"], str)
        assert first["cursor"] != second["cursor"]


def test_the_chat_hears_every_event_in_its_words() -> None:
    assert_told(
        CHAT,
        "chat_notification",
        [
            (MemberJoined(UNNAMED), {"message": "📢 Someone joined the chat", **BY_UNNAMED}),
            (MemberJoined(ANNA), {"message": "📢 Anna joined the chat", **BY_ANNA}),
            (MessageSaid(UNNAMED, TEXT), {"message": "💬 hello", **BY_UNNAMED}),
            (MemberLeft(UNNAMED), {"message": "❌ Someone left the chat.", **BY_UNNAMED}),
            (AnnouncementMade(TEXT), {"message": "hello"}),
        ],
    )


def test_the_reliable_chat_hears_every_event_in_its_words() -> None:
    assert_told(
        RELIABLE,
        "reliable_chat_notification",
        [
            (
                MemberJoined(UNNAMED),
                {"message": "🔒 Reliable chat connection established!", **BY_UNNAMED},
            ),
            (MessageSaid(UNNAMED, TEXT), {"message": "📨 hello", **BY_UNNAMED}),
            (MemberLeft(UNNAMED), {"message": "🚪 Left reliable chat!", **BY_UNNAMED}),
            (AnnouncementMade(TEXT), {"message": "hello"}),
        ],
    )
