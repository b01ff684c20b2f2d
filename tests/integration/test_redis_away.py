"""Redis goes away and comes back: killed, emptied, frozen, or never there."""

import asyncio
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integration.asking import JOBS, frames_of, run, statuses, submit
from tests.integration.client import Client, get, post, until
from tests.integration.conftest import redis_settings
from tests.integration.crowd import BACK_WITHIN, Crowd, readiness
from tests.integration.processes import Command, Redis, Server, Worker, all_running, check_one_line

pytestmark = pytest.mark.redis


async def newcomers_are_refused(server: Server) -> None:
    for path in ("/ws/chat", "/ws/reliable", "/ws/room/den"):
        async with Client(server.url, path) as newcomer:
            assert await newcomer.ended() == 1013
        disconnect = newcomer.frames[-1]
        assert disconnect["action"] == "disconnect"
        assert disconnect["payload"]["reconnect"] is True


async def jobs_and_announcements_are_refused(server: Server, asker: Client) -> None:
    await asker.send("job", {"type": "default", "content": "now?"})
    await asker.receive("job_status", status="error")
    body = {"channel": "reliable", "message": "now?"}
    answer = await post(f"{server.url}/api/announcements", body)
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "unavailable"
    assert answer.json()["error"]["retryable"] is True


class House(NamedTuple):
    """A service whose Redis writes everything to a file at once, until that is removed."""

    redis: Redis
    server: Server
    worker: Worker

    def check_logs(self) -> None:
        self.server.check_log()
        self.worker.check_log()


@pytest.fixture(scope="module")
def house(redis_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with Redis(redis_binary, folder, appendonly="yes", appendfsync="always") as redis:
        settings = redis_settings(redis) | {"SWITCHBOARD_PRESENCE_LEASE": "2"}
        house = House(redis, Server(folder, **settings), Worker(folder, **settings))
        with all_running(house.server, house.worker):
            yield house


async def test_redis_killed_and_back_with_its_data(house: House) -> None:
    crowd = Crowd(house.server)
    async with crowd.chatting(), Client(house.server.url, JOBS) as asker:
        job_id = await submit(asker, "translate", "hello")
        await asker.receive("job_status", status="running", job_id=job_id)
        house.redis.kill()
        killed_at = time.monotonic()
        await crowd.until_refused()
        await crowd.chat_is_refused()
        await newcomers_are_refused(house.server)
        await jobs_and_announcements_are_refused(house.server, asker)
        away = await readiness(house.server)
        # Until the job's next step was due, which could not be noted.
        await asyncio.sleep(1 - (time.monotonic() - killed_at))
        await asyncio.to_thread(house.redis.restart)
        begin = time.monotonic()
        await crowd.talk_goes_on()
        back_after = time.monotonic() - begin
        await crowd.chat_is_heard()
        back = await readiness(house.server)
        await asker.receive("job_status", status="result", job_id=job_id)
        # The worker is not only alive: it takes what comes.
        assert await run(asker, "default", "another") == "✅ Processed: ANOTHER"
    house.check_logs()
    assert (away, back) == ((503, 200), (200, 200))
    assert back_after < BACK_WITHIN
    crowd.check_refusals()
    crowd.check_what_was_heard()
    # Nothing was lost, so nobody is told that something might be.
    assert crowd.recoveries() == [[]] * len(crowd.reliable)
    assert statuses(frames_of(asker, job_id)) == ["queued", "running", "progress", "result"]


async def test_redis_killed_and_back_without_its_data(house: House) -> None:
    crowd = Crowd(house.server)
    async with (
        crowd.chatting(),
        Client(house.server.url, JOBS) as asker,
        Client(house.server.url, "/ws/room/den"),
    ):
        old = crowd.reliable[-1].cursor
        assert old is not None
        house.redis.kill()
        await crowd.until_refused()
        shutil.rmtree(house.redis.folder / "appendonlydir")
        await asyncio.to_thread(house.redis.restart)
        await crowd.talk_goes_on()
        await crowd.chat_is_heard()
        for client in crowd.reliable:
            recovered = await client.receive("recovered", recovered=False)
            assert recovered["payload"]["reason"] == "unknown_position"
        assert await run(asker, "default", "after") == "✅ Processed: AFTER"

        async def is_listed() -> bool:
            rooms = (await get(f"{house.server.url}/api/rooms")).json()["rooms"]
            return bool(rooms == [{"room_name": "den", "members": 1}])

        await until(is_listed, "whoever is in a room is in it again", deadline=3)
        async with Client(house.server.url, "/ws/reliable", since=old) as returns:
            await returns.receive("recovered", recovered=False, reason="unknown_position")
    house.check_logs()
    crowd.check_refusals()
    crowd.check_what_was_heard(lost=len(crowd.talkers))
    assert [len(told) for told in crowd.recoveries()] == [1] * len(crowd.reliable)


async def test_redis_frozen(house: House) -> None:
    crowd = Crowd(house.server)
    send = Command(house.redis.folder, "send", "chat", "hello", REDIS_URL=house.redis.url)
    async with crowd.chatting(), Client(house.server.url, JOBS) as asker:
        job_id = await submit(asker, "translate", "hello")
        await asker.receive("job_status", status="running", job_id=job_id)
        house.redis.pause()
        frozen_at = time.monotonic()
        try:
            house.worker.signal(signal.SIGTERM)
            away, _, _, sent, exit_code = await asyncio.gather(
                readiness(house.server),
                crowd.chat_is_refused(),
                crowd.until_refused(),
                asyncio.to_thread(send.run),
                asyncio.to_thread(house.worker.wait, deadline=10.0),
            )
            await asyncio.sleep(5 - (time.monotonic() - frozen_at))
        finally:
            house.redis.resume()
        begin = time.monotonic()
        await crowd.talk_goes_on()
        back_after = time.monotonic() - begin
        await crowd.chat_is_heard()
        back = await readiness(house.server)
        house.worker.kill()
        await asyncio.to_thread(house.worker.start)
    house.check_logs()
    assert (away, back) == ((503, 200), (200, 200))
    assert (sent, exit_code) == (1, 0)
    assert back_after < BACK_WITHIN
    crowd.check_refusals()
    crowd.check_what_was_heard()
    assert crowd.recoveries() == [[]] * len(crowd.reliable)
    check_one_line(send, "Redis can't be reached")
