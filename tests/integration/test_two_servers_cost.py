"""What two servers on one Redis cost it, and what they leave there."""

from collections import Counter
from typing import Any

import pytest

from adapters.redis_connection import Client as RedisClient
from tests.integration.asking import JOBS, submit
from tests.integration.client import Client, everybody, until
from tests.integration.footprint import calls, subscribers
from tests.integration.pair import PREFIX, Pair

pytestmark = pytest.mark.redis


async def test_each_server_listens_once_to_each_audience(
    pair: Pair, redis_client: RedisClient, room: str
) -> None:
    paths = ["/ws/chat", "/ws/reliable", f"/ws/room/{room}"]
    urls = [pair.a.url, pair.b.url]
    crowd = [Client(url, path) for path in paths for url in urls for _ in range(10)]
    interrupts = {f"{PREFIX}:0:interrupts": 1}

    async def is_quiet() -> bool:
        return await subscribers(redis_client, PREFIX) == interrupts

    await until(is_quiet, "those of earlier tests are gone")
    async with everybody(crowd):
        assert await subscribers(redis_client, PREFIX) == interrupts | {
            f"{PREFIX}:chat:0:chat": 2,
            f"{PREFIX}:queue:0:reliable": 2,
            f"{PREFIX}:rooms:0:room.{room}": 2,
        }
        listening = await redis_client.client_list(_type="pubsub")
        # One more is for its own probes.
        assert [each["sub"] for each in listening].count(str(len(paths) + 1)) == 2
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
            return not [name for name in await subscribers(redis_client, PREFIX) if job_id in name]

        await until(nobody_listens, "no server listens to a job that is over")
    keys: list[Any] = [key.decode() async for key in redis_client.scan_iter(f"*{job_id}*")]
    assert sorted(keys) == [
        f"{PREFIX}:jobs:{{job.{job_id}}}:meta",
        f"{PREFIX}:jobs:{{job.{job_id}}}:stream",
        f"{PREFIX}:{{jobs}}:record:{job_id}",
    ]
    for key in keys:
        assert await redis_client.ttl(key) > 0
