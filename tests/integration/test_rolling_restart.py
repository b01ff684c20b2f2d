"""Two servers restarted one after the other while people talk: nobody misses anything."""

import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.integration.conftest import redis_settings
from tests.integration.processes import Redis, Server, all_running, free_port
from tests.integration.stories import begin, check_stories, finish, talk_is_heard
from tests.integration.wanderers import RELIABLE, Lane, Speaker, Wanderer, room_lane

pytestmark = pytest.mark.redis

NOTICE, DRAIN, SHUTDOWN = 0.2, 1.0, 2.0
SPARE = 3.0
"""Seconds that a busy machine may take exclude."""

LISTENERS, SPEAKERS = 8, 2


class Crowd:
    """Listeners and speakers of one audience, half of them first at each server."""

    def __init__(self, lane: Lane, cursor: str) -> None:
        self.lane = lane
        self.speakers = [Speaker(lane, f"speaker {number}", cursor) for number in range(SPEAKERS)]
        self.everybody: list[Wanderer] = [
            *self.speakers,
            *(Wanderer(lane, f"listener {number}", cursor) for number in range(LISTENERS)),
        ]

    async def is_heard(self) -> None:
        await talk_is_heard(self.speakers, self.everybody)


async def restart(server: Server) -> int:
    """Returns its exit code; a server that takes longer than it may fails the test."""
    server.signal(signal.SIGTERM)
    set_time = NOTICE + DRAIN + SHUTDOWN + SPARE
    code = await asyncio.to_thread(server.wait, deadline=set_time)
    server.kill()  # which reads what is left of its words
    await asyncio.to_thread(server.start)
    return code


async def test_servers_restarted_one_after_the_other_lose_repeat_and_reorder_nothing(
    redis_server: Redis, prefix: str, tmp_path: Path
) -> None:
    settings = redis_settings(redis_server, prefix) | {
        "SWITCHBOARD_DRAIN_NOTICE": str(NOTICE),
        "SWITCHBOARD_DRAIN_SECONDS": str(DRAIN),
        "SWITCHBOARD_SHUTDOWN_SECONDS": str(SHUTDOWN),
        "SWITCHBOARD_LANE_QUEUE__CAPACITY": "20000",
        "SWITCHBOARD_LANE_ROOMS__CAPACITY": "20000",
    }
    # Each keeps its address, as behind a name.
    servers = [Server(tmp_path, **settings, PORT=str(free_port())) for _ in range(2)]
    with all_running(*servers):
        urls = [server.url for server in servers]
        crowds = [Crowd(lane, await begin(urls[0], lane)) for lane in (RELIABLE, room_lane("den"))]
        codes = await restart_meanwhile(servers, crowds)
    assert codes == [0, 0]
    for server in servers:
        server.check_log()
    for crowd in crowds:
        check_stories(crowd.everybody, crowd.speakers)
        for number, member in enumerate(crowd.everybody):
            # Whoever was at the first server was sent away twice, and is there again.
            sent_away = 1 + (number % 2 == 0)
            told = [disconnect["code"] for disconnect in member.disconnects]
            assert told == member.codes == [1012] * sent_away
            assert all(0 <= it["after_ms"] <= DRAIN * 1000 for it in member.disconnects)


async def restart_meanwhile(servers: Sequence[Server], crowds: Sequence[Crowd]) -> list[int]:
    """Restart them while the crowds talk; returns the exit codes."""
    there = [server.url for server in servers]
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        roaming = [
            group.create_task(member.roam(there if number % 2 == 0 else there[::-1]))
            for crowd in crowds
            for number, member in enumerate(crowd.everybody)
        ]
        talking = [
            group.create_task(speaker.talk(stop)) for crowd in crowds for speaker in crowd.speakers
        ]
        codes = []
        for server in servers:
            for crowd in crowds:
                await crowd.is_heard()
            codes.append(await restart(server))
        for crowd in crowds:
            await crowd.is_heard()
        stop.set()
        await asyncio.gather(*talking)
        for crowd in crowds:
            await finish(there[1], crowd.lane, crowd.everybody)
        for task in roaming:
            task.cancel()
    return codes
