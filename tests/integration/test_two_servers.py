"""Two servers and a worker on one Redis: what is done at one is seen at the other.

The rows of the protocol are asked of two servers where it is asked of any (`test_sockets.py`
and others, with `[redis]`). Here is what only several processes can show.
"""

import asyncio
import contextlib
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.redis_connection import Client as RedisClient
from tests.integration.client import Client, get, post, until
from tests.integration.conftest import redis_settings
from tests.integration.processes import ROOT, Program, Redis, Server, Worker, all_running
from tests.integration.test_jobs import PATH as JOBS
from tests.integration.test_jobs import frames_of, statuses, submit
from tests.sockets import SAYS, TALKING, heard_as

pytestmark = pytest.mark.redis

PREFIX = "two-servers"
SPEAKING = [SAYS[path] for path in TALKING]
"""Where all hear what one says."""


ROOM_MEMBERS = 20


class Pair:
    """Two servers of one service, and its worker."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self.settings = settings
        self.a = Server(folder, **settings)
        self.b = Server(folder, **settings)
        self.worker = Worker(folder, **settings)


@pytest.fixture(scope="module")
def pair(redis_server: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    # Presence is never renewed here: its commands would be counted among others.
    settings = redis_settings(redis_server, PREFIX) | {
        "JOB_PACE": "0.2",
        "SWITCHBOARD_PRESENCE_LEASE": "600",
        "SWITCHBOARD_ROOM_MEMBERS": str(ROOM_MEMBERS),
    }
    pair = Pair(folder, settings)
    with all_running(pair.a, pair.b, pair.worker):
        yield pair
    for program in (pair.a, pair.b, pair.worker):
        program.check_log()


@contextlib.asynccontextmanager
async def everybody(crowd: list[Client]) -> AsyncIterator[None]:
    """Have them all come at once, and go at once."""
    async with asyncio.TaskGroup() as group:
        for client in crowd:
            group.create_task(client.__aenter__())
    yield
    async with asyncio.TaskGroup() as group:
        for client in crowd:
            group.create_task(client.__aexit__(None, None, None))


@pytest.mark.parametrize(("path", "says", "field"), SPEAKING, ids=[row.action for row in SPEAKING])
async def test_what_two_servers_hear_is_the_same_in_the_same_order_of_each_speaker(
    pair: Pair, path: str, says: str, field: str
) -> None:
    hears, _, mark = heard_as(path, "?")
    mark = mark.removesuffix("?")
    async with (
        Client(pair.a.url, path) as ada,
        Client(pair.b.url, path) as bob,
        Client(pair.a.url, path) as here,
        Client(pair.b.url, path) as there,
    ):
        for number in range(50):
            await ada.send(says, {field: f"ada {number}"})
            await bob.send(says, {field: f"bob {number}"})
        for client in (ada, bob, here, there):
            await client.receive(hears, **{field: f"{mark}ada 49"})
            await client.until_heard(1, hears, **{field: f"{mark}bob 49"})
    heard = [
        [payload[field].removeprefix(mark) for payload in client.payloads(hears)]
        for client in (ada, bob, here, there)
    ]
    for texts in heard:
        for name in ("ada", "bob"):
            assert [text for text in texts if text.startswith(name)] == [
                f"{name} {number}" for number in range(50)
            ]


async def test_a_room_counts_its_members_on_all_servers(pair: Pair, room: str) -> None:
    path = f"/ws/room/{room}"
    async with Client(pair.a.url, path) as ada:
        async with Client(pair.b.url, path):
            joined = await ada.receive("room_notification", kind="joined")
            await ada.send("room_members")
            members = await ada.receive("room_members")
            rooms = (await get(f"{pair.b.url}/api/rooms")).json()["rooms"]
        left = await ada.receive("room_notification", kind="left")
    assert joined["payload"]["members"] == 2
    assert members["payload"]["count"] == 2
    assert {"room_name": room, "members": 2} in rooms
    assert left["payload"]["members"] == 1


async def test_a_room_that_is_full_is_full_on_both_servers(pair: Pair, room: str) -> None:
    path = f"/ws/room/{room}"
    crowd = [Client(pair.a.url, path) for _ in range(ROOM_MEMBERS)]
    async with everybody(crowd), Client(pair.b.url, path) as refused:
        assert await refused.ended() == 1013
    async with Client(pair.b.url, path) as admitted:
        await admitted.until_pong()


async def test_a_job_asked_for_at_one_server_is_watched_and_resumed_at_the_other(
    pair: Pair,
) -> None:
    async with Client(pair.a.url, JOBS) as ada, Client(pair.b.url, JOBS) as bob:
        job_id = await submit(ada, "generate", "food")
        await bob.send("job_watch", {"job_id": job_id})
        await bob.receive("job_status", job_id=job_id)
        async with Client(pair.b.url, JOBS) as first:
            await first.send("job_watch", {"job_id": job_id})
            seen = await first.receive("job_status", job_id=job_id)
        await ada.receive("job_status", status="progress", job_id=job_id)
        async with Client(pair.b.url, JOBS, since=seen["cursor"]) as resumed:
            await resumed.receive("recovered", recovered=True)
            for client in (ada, bob, resumed):
                await client.receive("job_status", status="result", job_id=job_id)
        answer = (await get(f"{pair.b.url}/api/jobs/{job_id}")).json()
    whole = frames_of(ada, job_id)
    assert statuses(whole) == ["queued", "running", "progress", "result"]
    # Every watcher has the end of the same stream, frame for frame.
    watched, followed = frames_of(bob, job_id), frames_of(resumed, job_id)
    assert watched == whole[-len(watched) :]
    assert followed == whole[-len(followed) :]
    assert seen == whole[-len(followed) - 1]
    assert answer["status"] == "result"


async def test_an_announcement_over_http_is_heard_on_both_servers(pair: Pair, room: str) -> None:
    rows = [
        ("chat", "/ws/chat", "chat_notification", {"message": "hear, hear"}),
        ("reliable", "/ws/reliable", "reliable_chat_notification", {"message": "hear, hear"}),
        ("analytics", "/ws/analytics", "analytics_notification", {"event": "hear, hear"}),
        (f"room:{room}", f"/ws/room/{room}", "room_notification", {"kind": "announced"}),
    ]
    for channel, path, action, payload in rows:
        async with Client(pair.a.url, path) as here, Client(pair.b.url, path) as there:
            body = {"channel": channel, "message": "hear, hear"}
            answer = await post(f"{pair.a.url}/api/announcements", body)
            assert answer.status_code == 202
            for client in (here, there):
                await client.receive(action, **payload)


async def test_a_script_announces_through_chanxs_own_broadcast_event(pair: Pair) -> None:
    words = [sys.executable, str(ROOT / "examples" / "announce.py"), "lunch is ready"]
    script = Program(words, pair.a.folder, pair.settings)
    async with Client(pair.a.url, "/ws/chat") as here, Client(pair.b.url, "/ws/chat") as there:
        script.start()
        for client in (here, there):
            await client.receive("chat_notification", message="lunch is ready")
        assert await asyncio.to_thread(script.wait) == 0
        for client in (here, there):
            await client.until_pong()
            assert client.messages("chat_notification").count("lunch is ready") == 1
    script.kill()
    script.check_log()


async def test_a_member_of_a_killed_server_is_gone_after_its_lease(
    redis_server: Redis, prefix: str, tmp_path: Path, room: str
) -> None:
    settings = redis_settings(redis_server, prefix) | {"SWITCHBOARD_PRESENCE_LEASE": "1"}
    dies, lives = Server(tmp_path, **settings), Server(tmp_path, **settings)

    async def members() -> int:
        rooms = (await get(f"{lives.url}/api/rooms")).json()["rooms"]
        return sum(each["members"] for each in rooms)

    with all_running(dies, lives):
        async with Client(lives.url, f"/ws/room/{room}"), Client(dies.url, f"/ws/room/{room}"):
            # Longer than the lease: who lives stays.
            for _ in range(12):
                assert await members() == 2
                await asyncio.sleep(0.1)
            dies.kill()

            async def is_gone() -> bool:
                return await members() == 1

            await until(is_gone, "the member of the dead server is gone", deadline=3)


# What it costs Redis.


async def calls(redis: RedisClient) -> Counter[str]:
    """How often each command was called so far, by scripts too."""
    stats = await redis.info("commandstats")
    return Counter({name.removeprefix("cmdstat_"): stat["calls"] for name, stat in stats.items()})


async def subscribers(redis: RedisClient) -> dict[str, int]:
    channels = await redis.pubsub_channels(f"{PREFIX}:*")
    return {name.decode(): count for name, count in await redis.pubsub_numsub(*channels)}


async def test_each_server_listens_once_to_each_audience(
    pair: Pair, redis_client: RedisClient, room: str
) -> None:
    paths = ["/ws/chat", "/ws/reliable", f"/ws/room/{room}"]
    urls = [pair.a.url, pair.b.url]
    crowd = [Client(url, path) for path in paths for url in urls for _ in range(10)]
    interrupts = {f"{PREFIX}:interrupts": 1}

    async def is_quiet() -> bool:
        return await subscribers(redis_client) == interrupts

    await until(is_quiet, "those of earlier tests are gone")
    async with everybody(crowd):
        assert await subscribers(redis_client) == interrupts | {
            f"{PREFIX}:chat:chat": 2,
            f"{PREFIX}:queue:reliable": 2,
            f"{PREFIX}:rooms:room.{room}": 2,
        }
        listening = await redis_client.client_list(_type="pubsub")
        assert [each["sub"] for each in listening].count(str(len(paths))) == 2
    await until(is_quiet, "nobody listens any more")


@pytest.mark.parametrize(
    ("path", "says", "hears", "mark", "command"),
    [
        ("/ws/chat", "chat", "chat_notification", "💬 ", "publish"),
        ("/ws/reliable", "reliable_chat", "reliable_chat_notification", "📨 ", "evalsha"),
    ],
    ids=["ephemeral", "durable"],
)
async def test_a_broadcast_is_one_command_whatever_the_number_of_receivers(
    pair: Pair,
    redis_client: RedisClient,
    path: str,
    says: str,
    hears: str,
    mark: str,
    command: str,
) -> None:
    crowd = [Client(url, path) for url in (pair.a.url, pair.b.url) for _ in range(10)]

    async def say(numbers: range) -> Counter[str]:
        before = await calls(redis_client)
        for number in numbers:
            await crowd[0].send(says, {"message": f"{number}"})
        for client in crowd:
            await client.receive(hears, message=f"{mark}{numbers[-1]}")
        return await calls(redis_client) - before

    async with everybody(crowd):
        await say(range(1))  # so that Redis knows the script
        counted = await say(range(1, 51))
    # The worker looks after its jobs meanwhile: a script for each of its three questions.
    assert 50 <= counted[command] <= 50 + (12 if command == "evalsha" else 0)
    for reading in ("xrange", "xrevrange", "subscribe"):
        assert counted[reading] == 0


async def test_nothing_is_left_of_a_job_that_is_over_but_its_record_and_its_stream(
    pair: Pair, redis_client: RedisClient
) -> None:
    async with Client(pair.a.url, JOBS) as ada, Client(pair.b.url, JOBS) as bob:
        job_id = await submit(ada, "default", "short")
        await bob.send("job_watch", {"job_id": job_id})
        for client in (ada, bob):
            await client.receive("job_status", status="result", job_id=job_id)

        async def nobody_listens() -> bool:
            return not [name for name in await subscribers(redis_client) if job_id in name]

        await until(nobody_listens, "no server listens to a job that is over")
    keys: list[Any] = [key.decode() async for key in redis_client.scan_iter(f"*{job_id}*")]
    assert sorted(keys) == [
        f"{PREFIX}:jobs:{{job.{job_id}}}:meta",
        f"{PREFIX}:jobs:{{job.{job_id}}}:stream",
        f"{PREFIX}:{{jobs}}:record:{job_id}",
    ]
    for key in keys:
        assert await redis_client.ttl(key) > 0
