"""A send whose answer was lost is sent again, under the same key: it happens once."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integration.asking import JOBS, visitor
from tests.integration.client import Client, Frame
from tests.integration.conftest import Service, redis_settings
from tests.integration.processes import Redis, Server, all_running
from tests.integration.raw_socket import RawSocket

HEARS, MARK = "reliable_chat_notification", "📨 "


async def send(client: Client, text: str, key: str) -> None:
    frame = {"action": "reliable_chat", "payload": {"message": text}, "key": key}
    await client.send_raw(json.dumps(frame))


async def test_whoever_could_not_wait_for_the_answer_asks_again_on_another_server(
    service: Service,
) -> None:
    texts = [uuid.uuid4().hex for _ in range(20)]
    headers = visitor(uuid.uuid4().int)
    async with Client(service.url2, "/ws/reliable", headers=headers) as listener:
        for text in texts:
            with RawSocket(service.url, "/ws/reliable", headers=headers) as hasty:
                hasty.open()
                hasty.send("reliable_chat", {"message": text}, key=text)
                hasty.reset()
            await send(listener, text, key=text)
            await listener.receive("accepted", key=text)
        last = MARK + texts[-1]
        if last not in listener.messages(HEARS):
            # The answer to a retry may be faster than what Redis tells the other server.
            await listener.receive(HEARS, message=last)

    heard = [text.removeprefix(MARK) for text in listener.messages(HEARS)]
    assert [text for text in heard if text in texts] == texts


async def test_a_job_whose_answer_was_lost_is_found_again(service: Service) -> None:
    asked = json.dumps(
        {
            "action": "job",
            "payload": {"type": "translate", "content": "hello"},
            "key": uuid.uuid4().hex,
        }
    )
    headers = visitor(uuid.uuid4().int)
    async with Client(service.url, JOBS, headers=headers) as first:
        await first.send_raw(asked)
        queued = await first.receive("job_status", status="queued")
    async with Client(service.url2, JOBS, headers=headers) as second:
        await second.send_raw(asked)
        again = await second.receive("job_status", status="queued")
        await second.receive("job_status", status="result")

    assert again["payload"]["job_id"] == queued["payload"]["job_id"]


class House(NamedTuple):
    redis: Redis
    servers: tuple[Server, Server]


@pytest.fixture
def house(redis_binary: Path, tmp_path: Path) -> Iterator[House]:
    with Redis(redis_binary, tmp_path) as redis:
        settings = redis_settings(redis)
        servers = Server(tmp_path, **settings), Server(tmp_path, **settings)
        with all_running(*servers):
            yield House(redis, servers)


@pytest.mark.redis
async def test_a_send_refused_by_a_frozen_redis_that_was_stored_after_all_is_no_second_one(
    house: House,
) -> None:
    """What was written to Redis before it froze is carried out when it goes on: nobody can know."""
    one, other = house.servers
    key = uuid.uuid4().hex
    async with Client(one.url, "/ws/reliable") as sender, Client(other.url, "/ws/reliable") as ear:
        house.redis.pause()
        try:
            await send(sender, "did it arrive?", key)
            refused = await sender.receive("error", 10, retryable=True)
        finally:
            house.redis.resume()
        assert refused["payload"]["code"] == "unavailable"
        accepted = await _retry(sender, "did it arrive?", key)
        heard = await ear.receive(HEARS, message=f"{MARK}did it arrive?")
        await send(sender, "the end", uuid.uuid4().hex)
        await ear.receive(HEARS, message=f"{MARK}the end")

    assert accepted["payload"]["cursor"] == heard["cursor"]
    assert ear.messages(HEARS).count(f"{MARK}did it arrive?") == 1


async def _retry(client: Client, text: str, key: str) -> Frame:
    """Send until it is accepted, as a client does that is told `retryable`."""
    for _ in range(20):
        await send(client, text, key)
        waiting = asyncio.create_task(client.receive("accepted", 10, key=key))
        done, _ = await asyncio.wait({waiting}, timeout=1)
        if done:
            return waiting.result()
        waiting.cancel()
    raise AssertionError(f"{text!r} was never accepted: {client.frames[-3:]}")
