"""The stock peer's worker: ARQ with its defaults, which looks for jobs twice a second.

`arq benchmarks.peers.stock_worker.Worker` runs it. What it has to say goes through the layer.
"""

from typing import Any, ClassVar

from arq.connections import RedisSettings

from benchmarks.peers.stock import REDIS_URL, JobsConsumer, JobStatus, JobStatusPayload


async def work(context: dict[str, Any], content: str, channel_name: str) -> None:
    """No work at all: only the way to it and back takes time."""
    job_id: str = context["job_id"]
    running = JobStatusPayload(status="running", job_id=job_id)
    await JobsConsumer.send_event(JobStatus(payload=running), channel_name)
    result = JobStatusPayload(status="result", job_id=job_id, message=content.upper())
    await JobsConsumer.send_event(JobStatus(payload=result), channel_name)


class Worker:
    functions: ClassVar = [work]
    redis_settings = RedisSettings.from_dsn(REDIS_URL or "redis://127.0.0.1")
