"""A Redis that fails over: Sentinel names another, and the service goes on by itself."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.asking import JOBS, submit
from tests.integration.client import Client, until
from tests.integration.processes import Redis, Server, Worker, all_running, free_port
from tests.integration.program import Program

pytestmark = pytest.mark.redis

FAILOVER_SECONDS = 25.0
"""Sentinel takes about three; the rest is for a busy machine."""


class Sentinel(Program):
    """Watches one primary, alone, and is quick to call it dead."""

    def __init__(self, binary: Path, folder: Path, primary: Redis) -> None:
        self.port = free_port()
        settings = folder / "sentinel.conf"
        settings.write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {json.dumps(str(folder))}\n"
            f"sentinel monitor main 127.0.0.1 {primary.port} 1\n"
            "sentinel down-after-milliseconds main 1000\n"
            "sentinel failover-timeout main 5000\n"
        )
        super().__init__([binary, settings, "--sentinel"], folder)

    def start(self) -> None:
        super().start()
        # Without a replica it knows of nobody to name.
        self.wait_for_line(r"\+slave")


@contextlib.contextmanager
def failing_over(binary: Path, folder: Path) -> Iterator[tuple[Redis, str]]:
    """A primary that may be killed, and the address by which its successor is found."""
    folders = [folder / name for name in ("primary", "replica", "sentinel")]
    for each in folders:
        each.mkdir()
    with contextlib.ExitStack() as stack:
        primary = stack.enter_context(Redis(binary, folders[0]))
        stack.callback(primary.kill)
        replica = Redis(binary, folders[1], replicaof=f"127.0.0.1 {primary.port}")
        stack.enter_context(replica)
        sentinel = stack.enter_context(Sentinel(binary, folders[2], primary))
        yield primary, f"redis+sentinel://127.0.0.1:{sentinel.port}/main/0"


async def say_until_heard(client: Client, text: str) -> int:
    """Say it again whenever that is refused; how often it was."""
    for refused in itertools.count():
        seen = len(client.frames)
        await client.send("reliable_chat", {"message": text})

        async def answered(seen: int = seen) -> bool:
            return any(f["action"] == "error" or text in str(f) for f in client.frames[seen:])

        await until(answered, "an answer", deadline=FAILOVER_SECONDS)
        if text in str(client.frames[seen:]):
            return refused
        await asyncio.sleep(0.2)
    raise AssertionError("it counts for ever")


async def test_a_failover_is_survived_by_sockets_and_workers(
    redis_binary: Path, tmp_path: Path
) -> None:
    with failing_over(redis_binary, tmp_path) as (primary, address):
        settings = {
            "SWITCHBOARD_BACKEND": "redis",
            "REDIS_URL": address,
            "JOB_PACE": "0",
            "SWITCHBOARD_DRAIN_NOTICE": "0",
        }
        server, worker = Server(tmp_path, **settings), Worker(tmp_path, **settings)
        with all_running(server, worker):
            async with (
                Client(server.url, "/ws/reliable") as client,
                Client(server.url, JOBS) as jobs,
            ):
                assert await say_until_heard(client, "said before") == 0
                primary.kill()
                async with asyncio.timeout(FAILOVER_SECONDS):
                    assert await say_until_heard(client, "said later") > 0
                job_id = await submit(jobs, "translate", "hello")
                await jobs.receive("job_status", FAILOVER_SECONDS, status="result", job_id=job_id)
