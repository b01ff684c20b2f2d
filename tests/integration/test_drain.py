"""SIGTERM with two hundred sockets open and jobs under way."""

import asyncio
import contextlib
import itertools
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pytest
from websockets.exceptions import ConnectionClosed

from tests.integration.asking import JOBS, ended, frames_of, statuses, submit
from tests.integration.client import Client, everybody, get, until
from tests.integration.conftest import redis_settings
from tests.integration.processes import Redis, Server, Worker, all_well
from tests.integration.stories import begin
from tests.integration.wanderers import RELIABLE, Lane, room_lane
from tests.sockets import PATHS as SOCKETS

COUNT = 200
NOTICE, DRAIN, SHUTDOWN = 2.0, 2.0, 2.0
SPARE = 3.0
"""Seconds that a busy machine may take exclude."""

LOBBY = room_lane("lobby")
SETTINGS = {
    "SWITCHBOARD_DRAIN_NOTICE": str(NOTICE),
    "SWITCHBOARD_DRAIN_SECONDS": str(DRAIN),
    "SWITCHBOARD_SHUTDOWN_SECONDS": str(SHUTDOWN),
    "SWITCHBOARD_JOB_SLOTS": "100",
    "SWITCHBOARD_LANE_QUEUE__CAPACITY": "20000",
    "SWITCHBOARD_LANE_ROOMS__CAPACITY": "20000",
}

TOLD_SO_FAR = (["queued", "running"], ["queued", "running", "progress"])
"""Of a job that is under way."""

Crowd: TypeAlias = dict[str, list[Client]]
"""Who is on each socket, by its path."""


@contextlib.asynccontextmanager
async def crowd_at(url: str) -> AsyncIterator[Crowd]:
    crowd: Crowd = {path: [] for path in SOCKETS}
    for _, path in zip(range(COUNT), itertools.cycle(SOCKETS), strict=False):
        crowd[path].append(Client(url, path))
    async with everybody(all_of(crowd)):
        yield crowd


def all_of(crowd: Crowd) -> list[Client]:
    return [client for clients in crowd.values() for client in clients]


async def begin_jobs(askers: list[Client], kind: str) -> dict[Client, str]:
    """Have each ask for a job, and return when all of them run."""
    jobs = {client: await submit(client, kind, "hello") for client in askers}
    await until_told(jobs, "running")
    return jobs


async def until_told(jobs: dict[Client, str], status: str) -> None:
    for client, job_id in jobs.items():
        await client.receive("job_status", status=status, job_id=job_id)


async def until_not_ready(server: Server) -> None:
    async def is_not_ready() -> bool:
        return (await get(f"{server.url}/readyz")).status_code == 503

    await until(is_not_ready, "readiness is off")


async def exit_code(server: Server) -> int:
    """A server that takes longer than it may fails the test."""
    set_time = NOTICE + DRAIN + SHUTDOWN + SPARE
    return await asyncio.to_thread(server.wait, deadline=set_time)


async def check_disconnects(crowd: Crowd) -> None:
    """All are told to come back, each at a moment of its own, and are closed with 1012."""
    clients = all_of(crowd)
    assert [await client.ended() for client in clients] == [1012] * COUNT
    disconnects = [client.frames[-1] for client in clients]
    assert {disconnect["action"] for disconnect in disconnects} == {"disconnect"}
    assert {disconnect["payload"]["code"] for disconnect in disconnects} == {1012}
    moments = [disconnect["payload"]["after_ms"] / 1000 for disconnect in disconnects]
    assert 0 <= min(moments) <= max(moments) <= DRAIN
    # Fifty are to be expected in each quarter; fewer than ten is no chance.
    for quarter in range(4):
        begin, end = quarter * DRAIN / 4, (quarter + 1) * DRAIN / 4
        assert sum(begin <= moment < end for moment in moments) >= 10


async def test_two_hundred_are_served_while_readiness_is_off_and_then_sent_away_spread_out(
    tmp_path: Path,
) -> None:
    # A step of `generate` takes half of the notice, `translate` longer than it all.
    with Server(tmp_path, **SETTINGS, JOB_PACE="5") as server:
        async with crowd_at(server.url) as crowd:
            writing, waiting = crowd[JOBS][::2], crowd[JOBS][1::2]
            long = await begin_jobs(waiting, "translate")
            short = await begin_jobs(writing, "generate")
            await until_told(short, "progress")
            server.signal(signal.SIGTERM)
            await until_not_ready(server)
            for path, says, hears, mark in (
                ("/ws/chat", "chat", "chat_notification", "💬 "),
                RELIABLE,
                LOBBY,
            ):
                speaker, *others = crowd[path]
                await speaker.send(says, {"message": "still here?"})
                for other in others:
                    await other.receive(hears, message=f"{mark}still here?")
            await until_told(short, "progress")
            for client in all_of(crowd):
                assert client.payloads("disconnect") == []
            await check_disconnects(crowd)
            assert await exit_code(server) == 0
    server.check_log()
    # It didn't wait for them, nor say that they were done.
    for client in long:
        assert statuses(frames_of(client, long[client])) in TOLD_SO_FAR


class House(NamedTuple):
    """Two servers and a worker on one Redis."""

    leaves: Server
    stays: Server
    worker: Worker


@pytest.fixture(scope="module")
def whole_house(redis_server: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    settings = (
        redis_settings(redis_server, "drain")
        | SETTINGS
        | {
            "SWITCHBOARD_DRAIN_NOTICE": "0.5",
            # `translate` takes 4.5 s.
            "JOB_PACE": "3",
        }
    )
    leaves, stays = (Server(folder, **settings) for _ in range(2))
    house = House(leaves, stays, Worker(folder, **settings))
    with all_well(*house):
        yield house


@pytest.fixture
def house(whole_house: House) -> House:
    """The one that has left in an earlier test is back."""
    if not whole_house.leaves.is_running:
        restart(whole_house.leaves)
    return whole_house


def restart(server: Server) -> None:
    server.kill()  # which reads what is left of its words
    server.start()


async def talk_to_the_end(client: Client, lane: Lane) -> list[str]:
    """Talk until the server closes, without waiting for answers; returns all that was said."""
    said = []
    with contextlib.suppress(ConnectionClosed):
        for number in itertools.count():
            said.append(f"{lane.mark}{number}")
            await client.send(lane.says, {"message": f"{number}"})
            await asyncio.sleep(0.01)
    return said


async def what_is_left(url: str, lane: Lane, cursor: str, said: list[str]) -> list[str]:
    """What of it a server still knows."""
    async with Client(url, lane.path, since=cursor) as returns:
        await returns.receive("recovered", recovered=True)
    return [text for text in returns.messages(lane.hears) if text in said]


@pytest.mark.redis
async def test_what_was_accepted_before_the_end_is_known_to_the_other_and_after_the_restart(
    house: House,
) -> None:
    lanes = [RELIABLE, LOBBY]
    cursors = [await begin(house.stays.url, lane) for lane in lanes]
    async with crowd_at(house.leaves.url) as crowd:
        speakers = [crowd[lane.path][0] for lane in lanes]
        talking = [
            asyncio.create_task(talk_to_the_end(*each))
            for each in zip(speakers, lanes, strict=True)
        ]
        for speaker, lane in zip(speakers, lanes, strict=True):
            await speaker.receive(lane.hears, message=f"{lane.mark}10")
        house.leaves.signal(signal.SIGTERM)
        await check_disconnects(crowd)
        said = await asyncio.gather(*talking)
        assert await exit_code(house.leaves) == 0
    await asyncio.to_thread(restart, house.leaves)
    for lane, cursor, speaker, texts in zip(lanes, cursors, speakers, said, strict=True):
        accepted = [text for text in speaker.messages(lane.hears) if text in texts]
        # All of them, in order, up to some moment.
        assert accepted == texts[: len(accepted)]
        for server in (house.stays, house.leaves):
            left = await what_is_left(server.url, lane, cursor, texts)
            assert left[: len(accepted)] == accepted
            assert left == texts[: len(left)]


@pytest.mark.redis
async def test_jobs_outlive_the_server_that_took_them_and_end_once_for_whoever_comes_back(
    house: House,
) -> None:
    async with crowd_at(house.leaves.url) as crowd:
        jobs = await begin_jobs(crowd[JOBS], "translate")
        house.leaves.signal(signal.SIGTERM)
        await check_disconnects(crowd)
        assert await exit_code(house.leaves) == 0
    for client, job_id in jobs.items():
        assert ended(client, "result") == {}
        assert client.cursor is not None
        async with Client(house.stays.url, JOBS, since=client.cursor) as returns:
            await returns.receive("recovered", recovered=True)
            await returns.receive("job_status", status="result", job_id=job_id)
            await returns.until_pong()
        stream = [*frames_of(client, job_id), *frames_of(returns, job_id)]
        assert statuses(stream) == ["queued", "running", "progress", "result"]
        assert len({frame["cursor"] for frame in stream}) == len(stream)
        answer = (await get(f"{house.stays.url}/api/jobs/{job_id}")).json()
        assert answer["status"] == "result"
