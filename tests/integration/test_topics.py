"""Many topics on one socket, over two servers that share a Redis: cut off, and come back to."""

import asyncio
import contextlib
import random
import statistics
import sys
import time
import uuid
from collections.abc import Mapping
from typing import Any, Literal

import pytest
from chanx.client_generator.base.topic_client import BaseTopicConnection, BaseTopicHandle
from pydantic import BaseModel

from tests.integration.client import Client, until
from tests.integration.conftest import Service
from tests.integration.pair import Pair
from tests.waiting import eventually

PATH = "/ws/topics"


class Resuming:
    """One that is cut off again and again, here or there, and comes back to all of its topics."""

    def __init__(self, urls: list[str], topics: list[str], cuts: int) -> None:
        self._urls = urls
        self.cuts = cuts
        self.took: list[float] = []
        self.cursors = dict.fromkeys(topics, "0")
        self.heard: dict[str, list[tuple[int, str]]] = {topic: [] for topic in topics}
        self.resumed: list[Mapping[str, Any]] = []

    async def roam(self, stop: asyncio.Event) -> None:
        chance = random.Random(5)
        for number in range(self.cuts):
            async with Client(self._urls[number % 2], PATH) as client:
                await self._come_back(client)
                await asyncio.sleep(chance.uniform(0, 0.1))
                self._take(client)
        await stop.wait()
        async with Client(self._urls[0], PATH) as client:
            await self._come_back(client)
            await client.until_pong()
            self._take(client)

    async def _come_back(self, client: Client) -> None:
        begun = time.perf_counter()
        await client.send("resume", {"topics": dict(self.cursors)})
        resumed = await client.receive("resumed")
        self.took.append(time.perf_counter() - begun)
        self.resumed.append(resumed["payload"]["topics"])

    def _take(self, client: Client) -> None:
        """What has come by now is all that this life has had."""
        for frame in client.frames:
            topic = frame.get("topic")
            if topic is None:
                continue
            payload = frame["payload"]
            cursor = payload["cursor"] if "cursor" in payload else frame.get("cursor")
            self.cursors[topic] = cursor or self.cursors[topic]
            if payload.get("kind") == "said":
                self.heard[topic].append((frame["seq"], payload["message"]))


async def talk(urls: list[str], topics: list[str], stop: asyncio.Event) -> dict[str, list[str]]:
    """Say something in one topic after the other, with a socket at each server."""
    said: dict[str, list[str]] = {topic: [] for topic in topics}
    async with Client(urls[0], PATH) as one, Client(urls[1], PATH) as other:
        for speaker in (one, other):
            await speaker.send("resume", {"topics": dict.fromkeys(topics, "0")})
            await speaker.receive("resumed")
        number = 0
        while not stop.is_set():
            topic = topics[number % len(topics)]
            await _say((one, other)[number % 2], topic, f"{number}")
            said[topic].append(f"💬 {number}")
            number += 1
    return said


async def _say(speaker: Client, topic: str, text: str) -> None:
    await speaker.send_frame("room_chat", {"message": text}, topic=topic, key=text)
    await speaker.receive("accepted", key=text)


async def check_cuts(urls: list[str], topics: list[str], cuts: int, seconds: float) -> Resuming:
    stop, ended = asyncio.Event(), asyncio.Event()
    one = Resuming(urls, topics, cuts)
    talking = asyncio.create_task(talk(urls, topics, stop))
    roaming = asyncio.create_task(one.roam(ended))

    async def is_cut() -> bool:
        return len(one.resumed) >= cuts or roaming.done()

    await until(is_cut, "cut off often enough", deadline=seconds)
    stop.set()
    said = await talking
    ended.set()
    await roaming
    for topic in topics:
        numbers = [seq for seq, _ in one.heard[topic]]
        assert numbers == list(range(1, len(said[topic]) + 1)), topic
        assert [text for _, text in one.heard[topic]] == said[topic]
    assert all(outcome["recovered"] for outcomes in one.resumed for outcome in outcomes.values())
    return one


def rooms(count: int) -> list[str]:
    name = uuid.uuid4().hex[:8]
    return [f"room:{name}-{number}" for number in range(count)]


@pytest.mark.redis
async def test_whoever_is_cut_off_comes_back_to_every_topic_and_misses_nothing(pair: Pair) -> None:
    await check_cuts([pair.a.url, pair.b.url], rooms(20), cuts=30, seconds=30)


@pytest.mark.soak
@pytest.mark.redis
@pytest.mark.timeout(900)
async def test_a_thousand_cuts_of_a_hundred_topics_lose_nothing(
    pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    one = await check_cuts([pair.a.url, pair.b.url], rooms(100), cuts=1_000, seconds=800)
    took = sorted(each * 1000 for each in one.took)
    with capsys.disabled():
        p50, p99 = statistics.median(took), took[len(took) * 99 // 100]
        heard = sum(map(len, one.heard.values()))
        sys.stdout.write(f"\nresume of 100: p50 {p50:.1f} ms, p99 {p99:.1f} ms, {heard} heard\n")


# chanx's own client of topics, as its generator puts it into a project.


class Said(BaseModel):
    action: Literal["room_notification"]
    payload: dict[str, Any]


class Members(BaseModel):
    action: Literal["room_members"]
    payload: dict[str, Any]


class Pong(BaseModel):
    action: Literal["pong"]


class Problem(BaseModel):
    action: Literal["error"]
    payload: Any = None


class Room(BaseTopicHandle):
    pattern = "room:{room_name}"
    incoming_message = Said | Members

    heard: list[str]

    async def handle_message(self, message: Any) -> None:
        self.heard.append(message.payload["message"])


class Connection(BaseTopicConnection):
    path = PATH
    incoming_message = Pong | Problem


class Ask(BaseModel):
    action: str
    payload: dict[str, str] | None = None


async def test_a_client_of_chanx_s_own_topics_works(service: Service, room: str) -> None:
    connection = Connection(service.url.replace("http", "ws"))
    handling = asyncio.create_task(connection.handle())
    try:
        await eventually(lambda: hasattr(connection, "websocket"))
        handle = connection.topic(Room, room_name=room)
        handle.heard = []
        subscribed = await handle.subscribe()
        assert subscribed.model_dump()["action"] == "subscribed"
        members = await handle.request(Ask(action="room_members"))
        assert isinstance(members, Members)
        assert members.payload["count"] == 1
        await handle.send_message(Ask(action="room_chat", payload={"message": "hello"}))
        await eventually(lambda: handle.heard == ["💬 hello"])
        unsubscribed = await handle.unsubscribe()
        assert unsubscribed.model_dump()["action"] == "unsubscribed"
        refused = await handle.request(Ask(action="room_members"))
        assert refused.model_dump()["payload"]["reason"] == "not_subscribed"
    finally:
        await connection.disconnect()
        handling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await handling
