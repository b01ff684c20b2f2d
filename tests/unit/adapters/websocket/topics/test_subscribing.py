"""A topic is subscribed to, heard, left, and come back to."""

import json

import pytest

from tests import sockets
from tests.sockets import ANNOUNCED, channel_of
from tests.unit.adapters.websocket.driving import Service, Socket
from tests.unit.adapters.websocket.topics.talking import (
    LOBBY,
    PATH,
    actions,
    said,
    say,
    subscribe,
    unsubscribe,
)

TOPICS = [*map(channel_of, ANNOUNCED), "job:*"]
DURABLE = [channel_of(path) for path in ANNOUNCED if path in sockets.DURABLE]


@pytest.mark.parametrize("topic", TOPICS)
async def test_the_answer_comes_before_all_else(service: Service, topic: str) -> None:
    async with service.socket(PATH) as client:
        first, *more = await subscribe(client, topic)
    assert first["action"] == "subscribed"
    assert (first["topic"], first["ref"], first["version"]) == (topic, "s", 1)
    assert {frame["topic"] for frame in more} <= {topic}
    assert not [frame for frame in more if "ref" in frame]
    assert ("caught_up" in actions(more)) == (topic in DURABLE)


@pytest.mark.parametrize("topic", DURABLE)
async def test_whoever_heard_nothing_can_come_back(service: Service, topic: str) -> None:
    async with service.socket(PATH) as client:
        subscribed, caught_up, *_ = await subscribe(client, topic)
        assert caught_up["payload"]["cursor"] == subscribed["payload"]["cursor"]
        again = await subscribe(client, topic, since=subscribed["payload"]["cursor"])
    assert again[0]["payload"]["recovered"] is True


async def test_what_is_heard_has_the_topic_and_its_number(service: Service) -> None:
    async with service.socket(PATH) as client, service.socket("/ws/room/lobby") as other:
        await subscribe(client, LOBBY)
        await other.say("room_chat", {"message": "hello"})
        (own,) = [f for f in await other.frames_until_pong() if f["payload"].get("kind") == "said"]
        (heard,) = await client.frames_until_pong()
    assert heard == {**own, "topic": LOBBY, "version": 1}
    assert heard["seq"] == 1


async def test_an_answer_has_the_topic_and_the_ref(service: Service) -> None:
    async with service.socket(PATH) as client:
        await subscribe(client, LOBBY)
        await client.say("room_members", topic=LOBBY, ref="m")
        (members,) = await client.frames_until_pong()
        assert (members["topic"], members["ref"]) == (LOBBY, "m")
        assert members["payload"]["count"] == 1
        await client.say("room_chat", {"message": "hello"}, topic=LOBBY, ref="c", key="k")
        frames = await client.frames_until_pong()
    (accepted,) = [frame for frame in frames if frame["action"] == "accepted"]
    assert (accepted["topic"], accepted["ref"], accepted["payload"]["key"]) == (LOBBY, "c", "k")
    assert said(frames) == ["hello"]


async def test_several_topics_are_told_apart(service: Service) -> None:
    async with service.socket(PATH) as client:
        for room in ("room:a", "room:b", "chat"):
            await subscribe(client, room)
        await client.say("room_chat", {"message": "to b"}, topic="room:b")
        await client.say("room_chat", {"message": "to a"}, topic="room:a")
        await client.say("chat", {"message": "to all"}, topic="chat")
        frames = await client.frames_until_pong()
    assert [frame["topic"] for frame in frames] == ["room:b", "room:a", "chat"]
    assert said(frames) == ["to b", "to a"]


async def test_twice_is_once_and_answered_with_the_present_place(service: Service) -> None:
    async with service.socket(PATH) as client:
        await subscribe(client, LOBBY)
        await client.say("room_chat", {"message": "hello"}, topic=LOBBY)
        (heard,) = await client.frames_until_pong()
        (again,) = await subscribe(client, LOBBY, since="0")
        assert again["payload"] == {"recovered": True, "missed": 0, "cursor": heard["cursor"]}
        await client.say("room_chat", {"message": "once"}, topic=LOBBY)
        assert said(await client.frames_until_pong()) == ["once"]


async def test_nothing_comes_after_unsubscribed(service: Service) -> None:
    async with service.socket(PATH) as client:
        await subscribe(client, LOBBY)
        (left,) = await unsubscribe(client, LOBBY)
        assert left == {
            "action": "unsubscribed",
            "payload": None,
            "topic": LOBBY,
            "ref": "u",
            "version": 1,
        }
        await say(service, "unheard")
        await client.hears_nothing()


async def test_to_leave_what_one_is_not_in_is_no_error(service: Service) -> None:
    async with service.socket(PATH) as client:
        assert actions(await unsubscribe(client, LOBBY)) == ["unsubscribed"]


async def test_a_room_knows_who_subscribes_and_who_leaves(service: Service) -> None:
    async with service.socket("/ws/room/lobby") as other, service.socket(PATH) as client:
        await subscribe(client, LOBBY)
        await unsubscribe(client, LOBBY)
        await subscribe(client, LOBBY)
        await client.disconnect()
        kinds = [f["payload"]["kind"] for f in await other.frames_until_pong()]
    assert kinds == ["joined", "left", "joined", "left"]


async def test_what_was_missed_comes_before_what_is_new(service: Service) -> None:
    async with service.socket(PATH) as client:
        (subscribed, _) = await subscribe(client, LOBBY)
        await unsubscribe(client, LOBBY)
        await say(service, "one", "two")
        cursor = subscribed["payload"]["cursor"]
        first, *missed, caught_up = await subscribe(client, LOBBY, since=cursor)
        assert first["payload"]["missed"] == 2
        assert said(missed) == ["one", "two"]
        assert caught_up["action"] == "caught_up"
        assert caught_up["payload"]["cursor"] == missed[-1]["cursor"]
        await client.say("room_chat", {"message": "three"}, topic=LOBBY)
        assert said(await client.frames_until_pong()) == ["three"]


async def came_back(client: Socket, since: str) -> list[str]:
    await unsubscribe(client, LOBBY)
    return said(await subscribe(client, LOBBY, since=since))


async def test_every_cursor_is_a_place_to_come_back_to(service: Service) -> None:
    await say(service, "one", "two", "three")
    async with service.socket(PATH) as client:
        frames = await subscribe(client, LOBBY, since="0")
        cursors = [f.get("cursor") or f["payload"]["cursor"] for f in frames]
        assert [await came_back(client, each) for each in cursors] == [
            ["one", "two", "three"],
            ["two", "three"],
            ["three"],
            [],
            [],
        ]


async def test_a_position_that_cannot_be_honoured_is_told_with_a_reason(service: Service) -> None:
    await say(service, "one", "two")
    async with service.socket(PATH) as client:
        first, *left, _ = await subscribe(client, LOBBY, since="garbage")
        assert first["payload"]["recovered"] is False
        assert (first["payload"]["missed"], first["payload"]["reason"]) == (2, "invalid")
        assert said(left) == ["one", "two"]
        # Whoever is cut off before it has read more comes back to all that was left.
        assert await came_back(client, first["payload"]["cursor"]) == ["one", "two"]


async def test_a_job_is_a_topic(slow_service: Service) -> None:
    async with slow_service.socket(PATH) as client:
        await subscribe(client, "job:*")
        await client.say("job", {"content": "x"}, topic="job:*", ref="j")
        (queued,) = [
            frame
            for frame in await client.frames_until_pong()
            if frame["payload"]["status"] == "queued"
        ]
        job_id = queued["payload"]["job_id"]
        topic = f"job:{job_id}"
        of_it = [frame for frame in await subscribe(client, topic) if frame["topic"] == topic]
        assert of_it[0]["action"] == "subscribed"
        await client.say("job_cancel", {"job_id": job_id}, topic=topic)
        ends = [(await client.status("cancelled"))["topic"] for _ in range(2)]
    assert sorted(ends) == ["job:*", topic]


async def test_a_topic_s_name_is_written_as_json(service: Service) -> None:
    topic = 'room:"quoted\\"'
    async with service.socket(PATH) as client:
        assert {f["topic"] for f in await subscribe(client, topic)} == {topic}
        await client.say("room_chat", {"message": "hello"}, topic=topic)
        assert json.dumps(topic) in json.dumps(await client.frames_until_pong())


async def test_a_socket_of_one_thing_takes_its_own_topic(service: Service) -> None:
    async with service.socket("/ws/room/lobby") as client:
        await client.say("room_members", topic=LOBBY, ref="m")
        (members,) = await client.frames_until_pong()
    assert (members["action"], members["topic"], members["ref"]) == ("room_members", LOBBY, "m")


async def test_whoever_comes_to_a_job_is_given_its_output_so_far(service: Service) -> None:
    async with service.socket(PATH) as client:
        await subscribe(client, "job:*")
        await client.say("job", {"type": "generate", "content": "weather"}, topic="job:*")
        while (frame := await client.frame())["payload"].get("status") != "result":
            pass
        topic = f"job:{frame['payload']['job_id']}"
        first, *more = [f for f in await subscribe(client, topic) if f["topic"] == topic]
    assert first["action"] == "subscribed"
    (output,) = [each for each in more if each["action"] == "job_output"]
    assert (output["payload"]["at"], output["payload"]["text"]) == (0, frame["payload"]["message"])
    assert more[-1]["payload"]["status"] == "result"
