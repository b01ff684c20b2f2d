"""A send with a key can be repeated: it is answered again, and nobody hears it twice."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.unit.adapters.websocket.asking import ANNA, BERT, JOBS, asking, story
from tests.unit.adapters.websocket.driving import Frame, Service, Socket


@dataclass(frozen=True)
class Durable:
    """How to send to a durable audience, and what is heard then."""

    path: str
    says: str
    hears: str
    payload: dict[str, Any]

    async def say(self, client: Socket, **envelope: str) -> None:
        await client.say(self.says, self.payload, **envelope)


RELIABLE = Durable(
    "/ws/reliable", "reliable_chat", "reliable_chat_notification", {"message": "hello"}
)
ROOM = Durable("/ws/room/lobby", "room_chat", "room_notification", {"message": "hello"})
ANALYTICS = Durable("/ws/analytics", "analytics", "analytics_notification", {"event": "view"})

durable = pytest.mark.parametrize(
    "socket", [RELIABLE, ROOM, ANALYTICS], ids=["reliable", "room", "analytics"]
)


@asynccontextmanager
async def connected(
    service: Service, socket: Durable, visitor: str | None = None
) -> AsyncIterator[Socket]:
    async with service.socket(socket.path, visitor=visitor) as client:
        await client.frames_until_pong()
        yield client


async def exchange(client: Socket, socket: Durable, **envelope: str) -> list[Frame]:
    """Say it, and return what came until everything was handled."""
    await socket.say(client, **envelope)
    return await client.frames_until_pong()


@durable
async def test_a_send_with_a_key_is_told_where_it_stands(service: Service, socket: Durable) -> None:
    async with connected(service, socket) as client:
        heard, accepted = await exchange(client, socket, key="k-1")

        assert heard["action"] == socket.hears
        assert accepted == {
            "action": "accepted",
            "payload": {"key": "k-1", "cursor": heard["cursor"]},
        }


@durable
async def test_a_retry_is_given_the_first_answer_and_heard_by_nobody(
    service: Service, socket: Durable
) -> None:
    async with connected(service, socket, ANNA) as first:
        *_, answer = await exchange(first, socket, key="k-1")
    async with connected(service, socket, ANNA) as second, connected(service, socket) as other:
        await second.frames_until_pong()

        assert await exchange(second, socket, key="k-1") == [answer]
        assert await other.frames_until_pong() == []


@durable
async def test_whoever_was_given_its_cookie_with_the_handshake_is_the_same_member_afterwards(
    service: Service, socket: Durable
) -> None:
    async with connected(service, socket) as first:
        *_, answer = await exchange(first, socket, key="k-1")
        cookie = dict(first.given)[b"set-cookie"].partition(b";")[0].decode()
    async with service.socket(socket.path, cookie=cookie) as second:
        await second.frames_until_pong()

        assert await exchange(second, socket, key="k-1") == [answer]


@durable
@pytest.mark.parametrize("visitors", [(ANNA, BERT), (None, None)], ids=["visitors", "strangers"])
async def test_the_same_key_and_text_of_two_members_are_heard_twice(
    service: Service, socket: Durable, visitors: tuple[str | None, str | None]
) -> None:
    cursors = set()
    for visitor in visitors:
        async with connected(service, socket, visitor) as client:
            heard, accepted = await exchange(client, socket, key="k-1")

            assert heard["action"] == socket.hears
            cursors.add(accepted["payload"]["cursor"])
    assert len(cursors) == 2


@durable
async def test_without_a_key_every_send_is_another(service: Service, socket: Durable) -> None:
    async with connected(service, socket) as client:
        for _ in range(2):
            (heard,) = await exchange(client, socket)
            assert heard["action"] == socket.hears


@durable
async def test_an_answer_carries_the_ref_of_its_frame(service: Service, socket: Durable) -> None:
    async with connected(service, socket) as client:
        *_, accepted = await exchange(client, socket, key="k-1", ref="r-1")

        assert (accepted["action"], accepted["ref"]) == ("accepted", "r-1")


@durable
@pytest.mark.parametrize("key", ["", "a b", "x" * 65, "\ud800"], ids=ascii)
async def test_an_impossible_key_is_refused_and_nothing_is_sent(
    service: Service, socket: Durable, key: str
) -> None:
    async with connected(service, socket) as client:
        (refused,) = await exchange(client, socket, key=key)

        assert refused["action"] == "error"


@pytest.mark.parametrize("socket", [RELIABLE, ROOM], ids=["reliable", "room"])
async def test_a_key_is_of_one_audience(service: Service, socket: Durable) -> None:
    elsewhere = RELIABLE if socket is ROOM else ROOM
    async with connected(service, elsewhere, ANNA) as client:
        await exchange(client, elsewhere, key="k-1")
    async with connected(service, socket, ANNA) as client:
        heard, _ = await exchange(client, socket, key="k-1")

        assert heard["action"] == socket.hears


async def test_a_job_asked_for_again_is_the_same_job(service: Service) -> None:
    asked = {"type": "translate", "content": "hello"}
    async with service.socket(JOBS, visitor=ANNA) as client:
        await client.say("job", asked, key="k-1")
        queued = await client.status("queued")
        result = await client.status("result")
    async with service.socket(JOBS, visitor=ANNA) as client:
        await client.say("job", asked, key="k-1")

        again = await client.status("queued")
        assert again["payload"] == queued["payload"]
        assert again["key"] == queued["key"] == "k-1"
        assert (await client.status("result"))["payload"] == result["payload"]
        await client.say("job_list")
        assert len((await client.payload("job_list"))["jobs"]) == 1


async def test_what_a_job_is_answered_carries_its_key_until_it_is_accepted(
    service: Service,
) -> None:
    async with asking(service) as client:
        await client.say("job", {"content": "hello"}, key="k-1")
        keys = [(frame["payload"]["status"], frame.get("key")) for frame in await story(client)]

        assert keys[:2] == [("queuing", "k-1"), ("queued", "k-1")]
        assert {key for _, key in keys[2:]} == {None}


async def test_the_same_key_and_text_of_two_members_are_two_jobs(service: Service) -> None:
    job_ids = set()
    for visitor in (ANNA, BERT, None, None):
        async with service.socket(JOBS, visitor=visitor) as client:
            await client.say("job", {"content": "hello"}, key="k-1")
            job_ids.add((await client.status("queued"))["payload"]["job_id"])
            await client.status("result")
    assert len(job_ids) == 4


async def test_a_job_with_an_impossible_key_is_refused(service: Service) -> None:
    async with service.socket(JOBS) as client:
        await client.say("job", {"content": "hello"}, key="not a key")

        refused = await client.status("error")
        assert refused["payload"]["message"].startswith("❌ Error queuing job: ")
