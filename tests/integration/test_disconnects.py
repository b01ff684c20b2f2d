"""Listeners that are cut off at random while others talk: all hear everything, in one order."""

import asyncio
import os
import secrets
from collections.abc import Iterator, Sequence
from random import Random

import pytest

from tests.integration.client import address
from tests.integration.conftest import Serve, redis_settings
from tests.integration.processes import Redis, Server, all_well
from tests.integration.raw_socket import RawSocket
from tests.integration.stories import begin, check_stories, finish
from tests.integration.wanderers import RELIABLE, Lane, Speaker, Wanderer, room_lane

LISTENERS, SPEAKERS = 20, 4
CUTS = 16
"""How often each listener is cut off."""

LONGEST_STAY = 40
"""In frames. What was missed counts: some are cut off while they still hear of that."""

ROOMY = {
    "SWITCHBOARD_LANE_QUEUE__CAPACITY": "20000",
    "SWITCHBOARD_LANE_ROOMS__CAPACITY": "20000",
}
"""Whoever comes and goes is told of, too: nobody shall be away for longer than history."""


@pytest.fixture(params=["reliable", "room"])
def lane(request: pytest.FixtureRequest, room: str) -> Lane:
    return RELIABLE if request.param == "reliable" else room_lane(room)


@pytest.fixture(scope="module")
def memory(serve: Serve) -> list[str]:
    return [serve(**ROOMY).url]


@pytest.fixture(scope="module")
def redis(redis_server: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    folder = tmp_path_factory.mktemp("redis")
    settings = redis_settings(redis_server, "disconnects") | ROOMY
    servers = [Server(folder, **settings), Server(folder, **settings)]
    with all_well(*servers):
        yield [server.url for server in servers]


async def give_up_the_handshake(wanderer: Wanderer, url: str, chance: Random) -> None:
    """Be gone before it, in the middle of its request, or before its answer is read."""
    here = address(url, wanderer.lane.path, [wanderer.cursor])
    path = here.partition(url.removeprefix("http"))[2]
    with RawSocket(url, path) as socket:
        match chance.randrange(4):
            case 0:
                pass
            case 1:
                socket.send_bytes(f"GET {path} HTTP/1.1\r\nHost: here\r\nUpgr".encode())
            case 2:
                socket.ask()
            case 3:
                socket.ask()
                await asyncio.to_thread(socket.receive_bytes)
        socket.reset()


async def be_cut_off(wanderer: Wanderer, urls: Sequence[str], chance: Random) -> None:
    """Again and again."""
    for _ in range(CUTS):
        url, how = chance.choice(urls), chance.choice(["reset", "close", "handshake"])
        if how == "handshake":
            await give_up_the_handshake(wanderer, url, chance)
        else:
            stay = chance.randrange(LONGEST_STAY)
            await wanderer.visit(url, frames=stay, reset=how == "reset")


async def listen_and_talk(lane: Lane, urls: Sequence[str]) -> None:
    seed = int(os.environ.get("DISCONNECTS_SEED") or secrets.randbits(32))
    print(f"DISCONNECTS_SEED={seed}")  # noqa: T201 - pytest shows it if the test fails
    chance = Random(seed)
    cursor = await begin(urls[0], lane)
    speakers = [Speaker(lane, f"speaker {number}", cursor) for number in range(SPEAKERS)]
    listeners = [Wanderer(lane, f"listener {number}", cursor) for number in range(LISTENERS)]
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:

        async def wander(listener: Wanderer, chance: Random) -> asyncio.Task[None]:
            await be_cut_off(listener, urls, chance)
            return group.create_task(listener.roam([chance.choice(urls)]))

        staying = [group.create_task(each.roam([chance.choice(urls)])) for each in speakers]
        talking = [group.create_task(each.talk(stop)) for each in speakers]
        wandering = [group.create_task(wander(each, Random(chance.random()))) for each in listeners]
        staying += await asyncio.gather(*wandering)
        stop.set()
        await asyncio.gather(*talking)
        await finish(urls[-1], lane, [*speakers, *listeners])
        for task in staying:
            task.cancel()
    check_stories([*speakers, *listeners], speakers)
    # The cuts were where they hurt: in the middle of the talk.
    assert sum(told["missed"] for it in listeners for told in it.recoveries) > LISTENERS * CUTS
    assert min(len(speaker.accepted) for speaker in speakers) > 10


@pytest.mark.parametrize("backend", ["memory", pytest.param("redis", marks=pytest.mark.redis)])
async def test_whoever_is_cut_off_at_random_hears_everything_once_and_in_the_one_order(
    request: pytest.FixtureRequest, backend: str, lane: Lane
) -> None:
    await listen_and_talk(lane, request.getfixturevalue(backend)[:1])


@pytest.mark.redis
async def test_whoever_comes_back_to_another_server_hears_everything_in_the_same_order(
    redis: list[str], lane: Lane
) -> None:
    await listen_and_talk(lane, redis)
