"""What a job is charged is what it takes at most: measured on Redis, and in memory."""

import sys
from dataclasses import fields

import pytest

from adapters.backends.backend_redis import RedisBackend
from application.job_ports import bytes_of
from bootstrap import create_container
from container import Container
from domain.identity import Caller, Identity, JobId, Member, MemberId
from domain.job_kinds import Outcome, steps_of
from domain.jobs import Job, JobKind, JobSucceeded
from tests.integration.processes import Redis
from tests.unit.adapters.websocket.driving import settings_of

LONGEST = 4_000
JOBS = 3
ADA = Caller(Identity(Member(MemberId("é" * 200), "€" * 64, recognised=True)), "192.0.2.1")

CONTENTS = {
    "short": "x",
    "ASCII": "x" * LONGEST,
    "four bytes each": "😀" * LONGEST,
    "controls": "x".ljust(LONGEST, "\x01"),
    "controls with the longest answer": "weather".ljust(LONGEST, "\x01"),
    "longer in capitals": "\u0390" * LONGEST,
}
every_content = pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
every_kind = pytest.mark.parametrize("kind", JobKind)


@pytest.mark.redis
@every_kind
@every_content
async def test_on_redis_no_job_takes_more_than_it_is_charged(
    redis_server: Redis, prefix: str, kind: JobKind, content: str
) -> None:
    """All keys of a service in which nothing happened but these jobs, from the first to the end."""
    settings = settings_of(
        backend="redis", redis_url=redis_server.url, redis_prefix=prefix, job_pace=0
    )
    container: Container = create_container(settings)
    backend, runner = container.backend(), container.job_runner()
    assert isinstance(backend, RedisBackend)
    charged = 0
    async with backend.serving(runner):
        for number in range(JOBS):
            asked = await container.jobs().submit(ADA, None, kind, content, f"{number:064}")
            job = await backend.job_records.get(asked.job_id)
            assert job is not None
            charged += bytes_of(job)
            await runner.run(asked.job_id)
            ended = await backend.job_records.get(asked.job_id)
            assert ended is not None
            assert ended.state.is_over
        taken = [
            await backend.client.memory_usage(key, samples=0)
            async for key in backend.client.scan_iter(f"{prefix}:*")
        ]
    assert len(taken) > 3 * JOBS  # a record, a stream and a key of each, and what they share
    assert sum(taken) <= charged


@every_kind
@every_content
def test_in_memory_no_record_takes_more_than_it_is_charged(kind: JobKind, content: str) -> None:
    job = Job.ask(JobId("j" * 22), kind, content, ADA.member, 0.0)
    *_, last = steps_of(kind, content)
    assert isinstance(last, Outcome)
    ended = job.start().end(JobSucceeded(job.id, last.text, at=0.0))
    taken = sys.getsizeof(ended)
    taken += sum(sys.getsizeof(getattr(ended, field.name)) for field in fields(ended))
    assert taken <= bytes_of(job)
