"""What can't be subscribed to, and by whom."""

import pytest

from application.errors import Unavailable
from domain.capabilities import Right
from tests.unit.adapters.websocket.authenticating import (
    authenticate,
    bearing,
    caps,
    taking_tokens,
    token,
)
from tests.unit.adapters.websocket.driving import Service, serving
from tests.unit.adapters.websocket.topics.talking import (
    LOBBY,
    PATH,
    actions,
    reasons,
    say,
    subscribe,
)

LISTEN = (Right.SUBSCRIBE, Right.PUBLISH)


@pytest.mark.parametrize(
    "topic",
    ["", "nowhere", "room", "room:", "chat:x", "job", "job:nobody's", "system", "room:" + "x" * 65],
)
async def test_what_does_not_exist(service: Service, topic: str) -> None:
    async with service.socket(PATH) as client:
        (refused,) = await subscribe(client, topic)
        assert reasons([refused]) == ["unknown_topic"]
        assert (refused["topic"], refused["ref"]) == (topic, "s")
        assert refused["payload"]["retryable"] is False


async def test_what_is_not_subscribed_to_is_not_spoken_in(service: Service) -> None:
    async with service.socket(PATH) as client, service.socket("/ws/room/lobby") as other:
        await client.say("room_chat", {"message": "hello"}, topic=LOBBY, ref="c", key="k")
        (refused,) = await client.frames_until_pong()
        assert reasons([refused]) == ["not_subscribed"]
        assert (refused["topic"], refused["ref"], refused["key"]) == (LOBBY, "c", "k")
        await other.hears_nothing()


@pytest.mark.parametrize(
    "frame",
    [
        {"action": "chat", "payload": {"message": "of another topic"}},
        {"action": "room_chat", "payload": {"words": "none"}},
        {"action": "subscribe", "payload": {"since": 5}},
        {"action": "subscribe", "payload": {"since": "x" * 2_000}},
        {"action": "unsubscribe", "payload": {"why": "not"}},
        {"action": "fly"},
        {},
    ],
    ids=str,
)
async def test_what_is_not_valid_is_told_so(service: Service, frame: dict[str, object]) -> None:
    async with service.socket(PATH) as client:
        await subscribe(client, LOBBY)
        await client.send_json_to({**frame, "topic": LOBBY, "ref": "x"})
        (refused,) = await client.frames_until_pong()
        assert (refused["action"], refused["topic"], refused["ref"]) == ("error", LOBBY, "x")
        assert isinstance(refused["payload"], list)


@pytest.mark.parametrize("topics", [{}, {"room:a": 5}, None, ["room:a"]], ids=str)
async def test_what_resumes_nothing_is_not_valid(service: Service, topics: object) -> None:
    async with service.socket(PATH) as client:
        await client.say("resume", {"topics": topics})
        (refused,) = await client.frames_until_pong()
        assert isinstance(refused["payload"], list)


async def test_a_full_room_is_no_reason_to_leave() -> None:
    async with (
        serving(room_members=1) as service,
        service.socket("/ws/room/lobby"),
        service.socket(PATH) as client,
    ):
        (refused,) = await subscribe(client, LOBBY)
        assert refused["payload"]["code"] == "room_is_full"
        assert actions(await subscribe(client, "room:empty")) == ["subscribed", "caught_up"]


# Rights.


async def test_nobody_subscribes_without_the_right_to() -> None:
    async with taking_tokens("jwt") as service:
        may = caps(*LISTEN, on=["room:a"])
        async with bearing(service, PATH, token(service, capabilities=may)) as client:
            assert "subscribed" in actions(await subscribe(client, "room:a"))
            (refused,) = await subscribe(client, "room:b")
            assert reasons([refused]) == ["unauthorized"]
            assert refused["payload"]["code"] == "not_allowed"


async def test_coming_back_needs_the_right_to_history() -> None:
    async with taking_tokens("jwt") as service:
        may = caps(*LISTEN, on=["room:a"])
        async with bearing(service, PATH, token(service, capabilities=may)) as client:
            (refused,) = await subscribe(client, "room:a", since="0")
            assert reasons([refused]) == ["unauthorized"]
            await client.say("resume", {"topics": {"room:a": "0"}})
            (resumed,) = await client.frames_until_pong()
            outcome = resumed["payload"]["topics"]["room:a"]
            assert outcome["error"]["reason"] == "unauthorized"


async def test_rights_that_shrink_end_the_topic_and_not_the_connection() -> None:
    async with taking_tokens("jwt") as service:
        may = caps(*LISTEN, on=["room:a", "room:b"])
        async with bearing(service, PATH, token(service, capabilities=may)) as client:
            for topic in ("room:a", "room:b"):
                await subscribe(client, topic)
            fewer = caps(*LISTEN, on=["room:b"])
            answer = await authenticate(client, token=token(service, capabilities=fewer))
            assert answer["payload"]["revoked"] == ["room:a"]
            (ended,) = await client.frames_until_pong()
            assert (ended["action"], ended["topic"]) == ("unsubscribed", "room:a")
            assert ended["payload"] == {"reason": "revoked"}
            await client.say("room_chat", {"message": "x"}, topic="room:a")
            assert reasons(await client.frames_until_pong()) == ["not_subscribed"]
            await client.say("room_chat", {"message": "x"}, topic="room:b")
            assert actions(await client.frames_until_pong()) == ["room_notification"]


async def test_a_token_comes_with_the_subscription() -> None:
    async with taking_tokens("jwt") as service:
        first = token(service, capabilities=caps(*LISTEN, on=["room:a"]))
        async with bearing(service, PATH, first) as client:
            more = token(service, capabilities=caps(*LISTEN, on=["room:*"]))
            assert "subscribed" in actions(await subscribe(client, "room:b", token=more))
            (refused,) = await subscribe(client, "room:c", token=token(service, "bob"))
            assert refused["payload"]["code"] == "member_changed"
            (refused,) = await subscribe(client, "room:c", token="nonsense")
            assert refused["payload"]["code"] == "token_invalid"


async def test_whoever_has_not_said_who_it_is_subscribes_to_nothing() -> None:
    async with taking_tokens("jwt") as service, service.socket(PATH) as client:
        (refused,) = await subscribe(client, LOBBY)
        assert refused["payload"]["code"] == "not_authenticated"
        assert refused["topic"] == LOBBY
        await authenticate(client, token=token(service))
        assert "subscribed" in actions(await subscribe(client, LOBBY))


async def test_a_new_name_is_used_in_every_room(service: Service) -> None:
    async with service.socket(PATH) as client, service.socket("/ws/room/lobby") as other:
        await subscribe(client, LOBBY)
        await authenticate(client, name="Ada")
        await other.frames_until_pong()
        await client.say("room_members", topic=LOBBY)
        (members,) = await client.frames_until_pong()
        assert sorted(members["payload"]["members"]) == ["Ada", "Someone"]


async def test_a_backend_that_is_away_is_told_and_leaves_nothing_half_open(
    service: Service,
) -> None:
    async def unavailable(*_: object, **__: object) -> None:
        raise Unavailable

    lane = service.backend.lanes["rooms"]
    async with service.socket(PATH) as client:
        attach, lane.attach = lane.attach, unavailable
        (refused,) = await subscribe(client, LOBBY)
        assert refused["payload"]["code"] == "unavailable"
        lane.attach = attach
        await say(service, "hello")
        await client.hears_nothing()
        assert "subscribed" in actions(await subscribe(client, LOBBY))
