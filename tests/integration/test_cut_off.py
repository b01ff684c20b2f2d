"""One of two servers can't reach Redis any more: its clients go to the other, and miss nothing."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integration.cable import Cable
from tests.integration.client import Client, get, until
from tests.integration.conftest import redis_settings
from tests.integration.processes import Redis, Server, all_running
from tests.integration.stories import begin, check_stories, finish, talk_is_heard
from tests.integration.wanderers import RELIABLE, Lane, Speaker, Wanderer, room_lane

pytestmark = pytest.mark.redis

TIMEOUT, PATIENCE = 1.0, 2.0
REFUSED_WITHIN = 5.0
"""Seconds: TIMEOUT for what waits before and for the command itself; the rest is for a busy
machine."""

LISTENERS = 6
"""In each audience, first at each server, exclude a speaker."""


class Crowd:
    """Who is in one audience: first at the server that is cut off, or at the other."""

    def __init__(self, lane: Lane, cursor: str) -> None:
        self.lane = lane
        self.leaver, self.stayer = (Speaker(lane, name, cursor) for name in ("ada", "bob"))
        # Comes when all is well again.
        self.newcomer = Speaker(lane, "eve", cursor)
        numbers = range(LISTENERS)
        self.leaving = [self.leaver, *(Wanderer(lane, f"leaving {n}", cursor) for n in numbers)]
        self.staying = [self.stayer, *(Wanderer(lane, f"staying {n}", cursor) for n in numbers)]

    @property
    def everybody(self) -> list[Wanderer]:
        return [*self.leaving, *self.staying, self.newcomer]


class Pair(NamedTuple):
    """Two servers; the first reaches Redis only through the cable."""

    cable: Cable
    cut: Server
    other: Server


@contextmanager
def running(redis: Redis, prefix: str, folder: Path, *, patience: float) -> Iterator[Pair]:
    settings = redis_settings(redis, prefix) | {
        "SWITCHBOARD_REDIS_TIMEOUT": str(TIMEOUT),
        "SWITCHBOARD_REDIS_PATIENCE": str(patience),
        "SWITCHBOARD_PRESENCE_LEASE": "2",
        "SWITCHBOARD_LANE_QUEUE__CAPACITY": "20000",
        "SWITCHBOARD_LANE_ROOMS__CAPACITY": "20000",
    }
    with Cable(redis.port) as cable:
        through = {"REDIS_URL": cable.url.replace("http://", "redis://")}
        pair = Pair(cable, Server(folder, **settings | through), Server(folder, **settings))
        with all_running(pair.cut, pair.other):
            yield pair
    pair.other.check_log()
    assert "Traceback" not in pair.cut.log


async def readiness_is(server: Server, status: int) -> None:
    async def is_so() -> bool:
        return (await get(f"{server.url}/readyz")).status_code == status

    await until(is_so, f"/readyz answers {status}")
    assert (await get(f"{server.url}/healthz")).status_code == 200


async def what_needs_redis_is_refused(clients: Sequence[Client]) -> None:
    """Soon, and with a word on when to try again."""
    for client, action in zip(clients, ("chat", "room_chat"), strict=True):
        await client.send(action, {"message": "anybody?"})
        error = await client.receive("error", REFUSED_WITHIN, code="unavailable", retryable=True)
        assert error["payload"]["retry_after_ms"] > 0


async def newcomers_are_sent_elsewhere(server: Server) -> None:
    paths = ("/ws/chat", "/ws/reliable", "/ws/room/den")
    await asyncio.gather(*(newcomer_is_sent_elsewhere(server.url, path) for path in paths))


async def newcomer_is_sent_elsewhere(url: str, path: str) -> None:
    async with asyncio.timeout(REFUSED_WITHIN), Client(url, path) as newcomer:
        assert await newcomer.ended() == 1013
    disconnect = newcomer.frames[-1]
    assert disconnect["action"] == "disconnect"
    assert disconnect["payload"]["reconnect"] is True
    assert disconnect["payload"]["after_ms"] >= 0


async def test_clients_of_a_server_that_is_cut_off_go_to_the_other_and_miss_nothing(
    redis_server: Redis, prefix: str, tmp_path: Path
) -> None:
    with running(redis_server, prefix, tmp_path, patience=PATIENCE) as pair:
        crowds = [
            Crowd(lane, await begin(pair.other.url, lane)) for lane in (RELIABLE, room_lane("den"))
        ]
        await cut_off_for_long(pair, crowds)
    assert pair.cut.log.count("[error") == pair.cut.log.count("cut off from the backend") == 1
    for crowd in crowds:
        check_stories(crowd.everybody, [crowd.leaver, crowd.stayer, crowd.newcomer])
        for listener in crowd.leaving:
            assert listener.codes == [1013]
            assert [it["code"] for it in listener.disconnects] == [1013]
            assert listener.disconnects[0]["after_ms"] >= 0
        for listener in crowd.staying:
            assert (listener.visits, listener.disconnects, listener.refusals) == (1, [], [])
        # Ready means ready: whoever came then was let in at once.
        assert (crowd.newcomer.visits, crowd.newcomer.codes) == (1, [])
        assert crowd.leaver.refusals
        assert crowd.leaver.slowest_refusal < REFUSED_WITHIN
        for refusal in crowd.leaver.refusals:
            assert (refusal["code"], refusal["retryable"]) == ("unavailable", True)


async def cut_off_for_long(pair: Pair, crowds: Sequence[Crowd]) -> None:
    here, there = pair.cut.url, pair.other.url
    leaving = [each for crowd in crowds for each in crowd.leaving]
    staying = [each for crowd in crowds for each in crowd.staying]
    stayers = [crowd.stayer for crowd in crowds]
    speakers = [*stayers, *(crowd.leaver for crowd in crowds)]
    newcomers = [crowd.newcomer for crowd in crowds]
    stop = asyncio.Event()
    async with (
        Client(here, "/ws/chat") as chatting,
        Client(here, "/ws/room/hall") as sitting,
        asyncio.TaskGroup() as group,
    ):
        roaming = [group.create_task(each.roam([here, there])) for each in leaving]
        roaming += [group.create_task(each.roam([there, here])) for each in staying]
        talking = [group.create_task(each.talk(stop)) for each in speakers]
        await talk_is_heard(speakers, [*leaving, *staying])

        pair.cable.pull()
        await asyncio.gather(
            readiness_is(pair.cut, 503),
            what_needs_redis_is_refused([chatting, sitting]),
            newcomers_are_sent_elsewhere(pair.cut),
        )
        await readiness_is(pair.other, 200)
        await talk_is_heard(stayers, staying)
        for client in (chatting, sitting):
            assert await client.ended() == 1013
            assert client.frames[-1]["action"] == "disconnect"
        await talk_is_heard(speakers, [*leaving, *staying])

        pair.cable.plug()
        await readiness_is(pair.cut, 200)
        roaming += [group.create_task(each.roam([here])) for each in newcomers]
        talking += [group.create_task(each.talk(stop)) for each in newcomers]
        await talk_is_heard([*speakers, *newcomers], [*leaving, *staying, *newcomers])
        await nobody_is_in_the_room_twice(there, len(crowds[1].everybody))
        stop.set()
        await asyncio.gather(*talking)
        for crowd in crowds:
            await finish(here, crowd.lane, crowd.everybody)
        for task in roaming:
            task.cancel()


async def nobody_is_in_the_room_twice(url: str, members: int) -> None:
    """Whom the server could not take out while it was cut off is out after the lease."""

    async def are_listed() -> bool:
        rooms = (await get(f"{url}/api/rooms")).json()["rooms"]
        return bool(rooms == [{"room_name": "den", "members": members}])

    await until(are_listed, f"the room has {members} members")


async def test_a_cut_shorter_than_the_patience_is_made_up_for_and_nobody_has_to_leave(
    redis_server: Redis, prefix: str, tmp_path: Path
) -> None:
    """The cable says nothing, and breaks nothing; the other server's clients talk on."""
    stop = asyncio.Event()
    with running(redis_server, prefix, tmp_path, patience=60) as pair:
        here, there = pair.cut.url, pair.other.url
        crowd = Crowd(RELIABLE, await begin(there, RELIABLE))
        listeners = [*crowd.leaving, *crowd.staying]
        async with (
            Client(here, "/ws/chat") as chatting,
            Client(here, "/ws/room/hall") as sitting,
            asyncio.TaskGroup() as group,
        ):
            roaming = [group.create_task(each.roam([here])) for each in crowd.leaving]
            roaming += [group.create_task(each.roam([there])) for each in crowd.staying]
            talking = [group.create_task(crowd.stayer.talk(stop))]
            await talk_is_heard([crowd.stayer], listeners)
            pair.cable.clog()
            await asyncio.gather(
                readiness_is(pair.cut, 503),
                what_needs_redis_is_refused([chatting, sitting]),
                newcomers_are_sent_elsewhere(pair.cut),
            )
            await talk_is_heard([crowd.stayer], crowd.staying)
            pair.cable.plug()
            await talk_is_heard([crowd.stayer], listeners)
            await readiness_is(pair.cut, 200)
            talking.append(group.create_task(crowd.leaver.talk(stop)))
            await talk_is_heard([crowd.stayer, crowd.leaver], listeners)
            stop.set()
            await asyncio.gather(*talking)
            await finish(here, crowd.lane, listeners)
            for task in roaming:
                task.cancel()
    pair.cut.check_log()
    check_stories(listeners, [crowd.stayer, crowd.leaver])
    for listener in listeners:
        assert (listener.visits, listener.disconnects, listener.refusals) == (1, [], [])
        # When it came; nothing was lost since that it would have to be told of.
        assert len(listener.recoveries) == 1
