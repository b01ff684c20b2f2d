"""Many topics in one round trip."""

from adapters.websocket.topic_frames import TOPICS
from tests.unit.adapters.websocket.driving import Service
from tests.unit.adapters.websocket.topics.talking import (
    PATH,
    actions,
    reasons,
    said,
    say,
    subscribe,
)


async def test_each_topic_is_told_how_it_went_then_what_it_missed(service: Service) -> None:
    await say(service, "a1", "a2", room="a")
    await say(service, "b1", room="b")
    asked = {"room:a": "0", "room:b": "garbage", "nowhere": "0", "chat": "0"}
    async with service.socket(PATH) as client:
        await client.say("resume", {"topics": asked}, ref="r")
        first, *frames = await client.frames_until_pong()
    assert (first["action"], first["ref"]) == ("resumed", "r")
    nowhere = first["payload"]["topics"].pop("nowhere")
    assert nowhere["error"]["reason"] == "unknown_topic"
    assert first["payload"]["topics"] == {
        "room:a": {"recovered": True, "missed": 2},
        "room:b": {"recovered": False, "missed": 1, "reason": "invalid"},
        "chat": {"recovered": True, "missed": 0},
    }
    of_a = [frame for frame in frames if frame["topic"] == "room:a"]
    assert frames[: len(of_a)] == of_a
    assert actions(of_a) == ["subscribed", *["room_notification"] * 2, "caught_up"]
    assert said(of_a) == ["a1", "a2"]


async def test_what_is_open_already_is_answered_with_its_present_place(service: Service) -> None:
    async with service.socket(PATH) as client:
        await subscribe(client, "room:a")
        await client.say("room_chat", {"message": "hello"}, topic="room:a")
        (heard,) = await client.frames_until_pong()
        await client.say("resume", {"topics": {"room:a": "0"}})
        resumed, subscribed = await client.frames_until_pong()
    assert resumed["payload"]["topics"] == {"room:a": {"recovered": True, "missed": 0}}
    assert subscribed["payload"]["cursor"] == heard["cursor"]


async def test_what_was_missed_once_is_not_told_as_missed_again(service: Service) -> None:
    await say(service, "one", "two", room="a")
    async with service.socket(PATH) as client:
        await subscribe(client, "room:a", since="0")
        await client.say("resume", {"topics": {"room:a": "0"}})
        resumed, _ = await client.frames_until_pong()
    assert resumed["payload"]["topics"] == {"room:a": {"recovered": True, "missed": 0}}


async def test_as_many_as_one_connection_may_have_and_no_more(service: Service) -> None:
    async with service.socket(PATH) as client:
        await client.say("resume", {"topics": {f"room:{n}": "0" for n in range(TOPICS + 1)}})
        (refused,) = await client.frames_until_pong()
        assert refused["action"] == "error"
        await client.say("resume", {"topics": {f"room:{n}": "0" for n in range(TOPICS)}})
        resumed, *_ = await client.frames_until_pong()
        assert len(resumed["payload"]["topics"]) == TOPICS
        (full,) = await subscribe(client, "room:one more")
        assert full["payload"]["code"] == "too_many_subscriptions"
        assert reasons([full]) == [None]
        await client.say("resume", {"topics": {"room:one more": "0"}})
        (resumed,) = await client.frames_until_pong()
        outcome = resumed["payload"]["topics"]["room:one more"]
        assert outcome["error"]["code"] == "too_many_subscriptions"
    assert (await service.container.backend().presence.rooms(TOPICS)) == []
