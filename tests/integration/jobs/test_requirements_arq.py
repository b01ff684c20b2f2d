"""Nothing that jobs ask of Redis is left untried at the start, whatever ARQ sends."""

import re
from typing import Any, Self

import pytest

from adapters.jobs.queue_arq import ArqJobQueue
from adapters.jobs.requirements_arq import trial
from adapters.layers.requirements_redis import check_requirements
from adapters.redis_connection import Client
from adapters.storage.job_records_redis import RedisJobRecords
from domain.identity import JobId
from tests.contracts.job_records import ADA, LEASE, job
from tests.integration.jobs.working import Work, working

pytestmark = pytest.mark.redis

OVER = "nothing more is asked"
OF_A_CONNECTION = {"PING", "SELECT", "CLIENT", "HELLO"}


class Asked:
    """What Redis is asked for meanwhile, as it sees it itself."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def __aenter__(self) -> Self:
        client: Any = self._client
        self._monitor = client.monitor()
        await self._monitor.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        self.commands: set[str] = set()
        self.arq_keys: set[str] = set()
        await self._client.echo(OVER)
        while OVER not in (said := await self._monitor.next_command())["command"]:
            if said["client_type"] != "lua":  # those are asked for by name, from the scripts
                self.commands.add(said["command"].split()[0].upper())
            self.arq_keys.update(re.findall(r"arq:[a-z-]+", said["command"]))
        await self._monitor.__aexit__(*error)


async def test_all_that_jobs_send_is_tried_before_the_start(
    redis_client: Client, prefix: str, queue: ArqJobQueue, work: Work
) -> None:
    records = RedisJobRecords(redis_client, prefix, retention=60)
    work.is_quick = True
    async with Asked(redis_client) as tried:
        await check_requirements(redis_client, prefix, 5, trial(prefix))
    async with Asked(redis_client) as sent:
        await records.add(job("1"))
        await records.claim(JobId("1"), LEASE)
        await records.of_owner(ADA.id, 9)
        async with working(redis_client, prefix, work):
            await queue.put(JobId("1"))
            await queue.put(JobId("1"))
            await queue.depth()
            await work.until(lambda: "1" in work.finished)

    assert {"WATCH", "MULTI", "EVALSHA"} < sent.commands
    assert sent.commands - tried.commands <= OF_A_CONNECTION
    assert {"arq:job", "arq:in-progress", "arq:retry", "arq:result"} <= sent.arq_keys
    assert sent.arq_keys <= tried.arq_keys
