"""Two services on one Redis, told apart by SWITCHBOARD_REDIS_PREFIX: nothing crosses over."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import NamedTuple

import pytest

from adapters.redis_connection import Client as RedisClient
from tests.integration.asking import JOBS, run, submit, visitor
from tests.integration.client import Client, get, post
from tests.integration.conftest import redis_settings
from tests.integration.processes import Redis, Server, Worker, all_well
from tests.sockets import SAYS, TALKING, heard_as

pytestmark = pytest.mark.redis

SPEAKING = [SAYS[path] for path in TALKING]
"""Where all hear what one says."""
speaking = pytest.mark.parametrize(
    ("path", "says", "field"), SPEAKING, ids=[row.action for row in SPEAKING]
)


class Neighbours(NamedTuple):
    """Two services. Only the first has a worker."""

    one: Server
    other: Server


@pytest.fixture(scope="module")
def neighbours(
    redis_server: Redis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Neighbours]:
    folder = tmp_path_factory.mktemp("neighbours")
    # One prefix begins with the other.
    settings = {name: redis_settings(redis_server, name) for name in ("house", "house-2")}
    neighbours = Neighbours(*(Server(folder, **shared) for shared in settings.values()))
    worker = Worker(folder, JOB_PACE="0", **settings["house"])
    with all_well(*neighbours, worker):
        yield neighbours


@speaking
async def test_nobody_hears_the_neighbours(
    neighbours: Neighbours, path: str, says: str, field: str
) -> None:
    hears, _, mark = heard_as(path, "?")
    mark = mark.removesuffix("?")
    async with Client(neighbours.one.url, path) as ada, Client(neighbours.other.url, path) as bob:
        await ada.send(says, {field: "from one"})
        await bob.send(says, {field: "from other"})
        await ada.receive(hears, **{field: f"{mark}from one"})
        await bob.receive(hears, **{field: f"{mark}from other"})
        # Whatever crossed over would have come before these.
        for client in (ada, bob):
            await client.send(says, {field: "the end"})
            await client.receive(hears, **{field: f"{mark}the end"})
    heard = [[payload[field] for payload in client.payloads(hears)] for client in (ada, bob)]
    assert f"{mark}from other" not in heard[0]
    assert f"{mark}from one" not in heard[1]


async def test_a_room_does_not_count_the_neighbours_nor_tell_their_history(
    neighbours: Neighbours, room: str
) -> None:
    path = f"/ws/room/{room}"
    async with Client(neighbours.one.url, path) as ada, Client(neighbours.other.url, path) as bob:
        await ada.send("room_chat", {"message": "private"})
        said = await ada.receive("room_notification", message="💬 private")
        for client in (ada, bob):
            await client.send("room_members")
            assert (await client.receive("room_members"))["payload"]["count"] == 1
        history = (await get(f"{neighbours.other.url}/api/rooms/{room}/history")).json()
    async with Client(neighbours.other.url, path, since=said["cursor"]) as returns:
        await returns.receive("recovered", recovered=False, reason="unknown_position")
    assert "💬 private" not in str(history) + str(bob.frames) + str(returns.frames)


async def test_an_announcement_stays_in_the_house(neighbours: Neighbours) -> None:
    async with (
        Client(neighbours.one.url, "/ws/chat") as ada,
        Client(neighbours.other.url, "/ws/chat") as bob,
    ):
        body = {"channel": "chat", "message": "over HTTP"}
        await post(f"{neighbours.one.url}/api/announcements", body)
        await ada.receive("chat_notification", message="over HTTP")
        await bob.send("chat", {"message": "the end"})
        await bob.receive("chat_notification", message="💬 the end")
    assert "over HTTP" not in bob.messages("chat_notification")


async def test_a_worker_leaves_the_neighbours_jobs_alone(neighbours: Neighbours) -> None:
    async with (
        Client(neighbours.one.url, JOBS, headers=visitor(1)) as ada,
        Client(neighbours.other.url, JOBS, headers=visitor(1)) as bob,
    ):
        waiting = await submit(bob, "default", "waits")
        for number in range(3):
            assert await run(ada, "default", f"job {number}") == f"✅ Processed: JOB {number}"
        answer = (await get(f"{neighbours.other.url}/api/jobs/{waiting}", **visitor(1))).json()
        await ada.send("job_watch", {"job_id": waiting})
        unknown = await ada.receive("error")
        await bob.send("job_list")
        listed = (await bob.receive("job_list"))["payload"]["jobs"]
    assert answer["status"] == "queued"
    assert unknown["payload"]["code"] == "job_is_unknown"
    assert [job["job_id"] for job in listed] == [waiting]


async def test_every_key_and_channel_begins_with_the_services_prefix(
    neighbours: Neighbours, redis_client: RedisClient
) -> None:
    """ARQ's own keys begin with its name, and hold the prefix in the job's id."""
    house = "house-2"
    async with AsyncExitStack() as stack:
        for path, says, field in SPEAKING:
            speaker = await stack.enter_async_context(Client(neighbours.other.url, path))
            await speaker.send(says, {field: "hello"})
            await speaker.until_pong()
        client = await stack.enter_async_context(Client(neighbours.other.url, JOBS))
        await submit(client, "default", "waits")
        channels = await redis_client.pubsub_channels(f"*{house}*")
    keys = [key async for key in redis_client.scan_iter(f"*{house}*")]
    assert len(channels) >= len(SPEAKING) + 1
    assert len(keys) >= len(SPEAKING) + 1
    for name in (*keys, *channels):
        assert name.decode().startswith((f"{house}:", f"arq:job:{house}:"))
