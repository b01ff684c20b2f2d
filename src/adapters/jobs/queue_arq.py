"""The ARQ queue: it starts jobs, and nothing depends on its memory.

An ARQ job carries our job's id under that same id, so putting it twice changes nothing while
it waits. A list of wake-ups beside the queue starts one idle worker at once: none needs to poll.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from arq.connections import ArqRedis

from adapters.redis_commands import INTEGER, mended
from adapters.redis_connection import Client, answering, database
from application.job_ports import JobQueue
from domain.identity import JobId

RUN = "run_job"
"""The one ARQ function that is put on the queue. Kinds of jobs are ours: a worker leaves those it
doesn't know."""

MALFORMED = "malformed"
"""The ARQ function that is called instead of what is no call of ours, with the reason."""

MOST_WAKEUPS = 1_000
"""Wake-ups kept for workers that are busy; whoever becomes idle looks at the queue anyway."""


EXPIRY = timedelta(days=1)
"""Jobs wait for seconds; whatever is older than that was given up by everybody."""


def queue_name(service: str) -> str:
    return f"{service}:queue"


def wakeups_name(service: str) -> str:
    return f"{service}:wakeups"


def places_name(service: str) -> str:
    return f"{service}:places"


def kinds(service: str) -> dict[str, str]:
    """The keys of the queue, each with its type."""
    return {
        queue_name(service): "zset",
        wakeups_name(service): "list",
        places_name(service): INTEGER,
    }


def interrupts_name(client: Client, service: str) -> str:
    """A channel. Redis has the same ones for all of its databases, so it names that of `client`."""
    return f"{service}:{database(client)}:interrupts"


def entry_name(service: str, job_id: str) -> str:
    return f"{service}:{job_id}"


def encode(data: dict[str, Any]) -> bytes:
    """ARQ's default is pickle, which lets whoever can write to Redis run code here.

    What it makes of errors (0.28), it then doesn't keep; but it would log that it can't.
    """
    return json.dumps(data, default=str).encode()


def decode(raw: bytes) -> dict[str, Any]:
    """A call that ARQ can carry out, whatever was written: for what it can't read it (0.28) logs a
    traceback, and what holds values of other types it leaves on the queue for ever."""
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        return _call(MALFORMED, "it is no JSON")
    match data:
        case {"t": None, "f": function, "a": [str(job_id)], "k": arguments, "et": int()} if (
            function == RUN and arguments == {}
        ):
            return _call(RUN, job_id)
        case _:
            return _call(MALFORMED, "it is no call of ours")


def _call(function: str, argument: str) -> dict[str, Any]:
    return {"t": None, "f": function, "a": [argument], "k": {}, "et": 0}


def arq_client(client: Client, service: str) -> ArqRedis:
    """ARQ over the connection pool that everything else uses."""
    return ArqRedis(
        pool_or_conn=client.connection_pool,
        job_serializer=encode,
        job_deserializer=decode,
        default_queue_name=queue_name(service),
    )


class ArqJobQueue(JobQueue):
    def __init__(self, client: Client, service: str) -> None:
        self._client = client
        self._arq = arq_client(client, service)
        self._service = service

    async def put(self, job_id: JobId) -> None:
        with answering():
            await mended(self._client, kinds(self._service), lambda: self._put(job_id))

    async def _put(self, job_id: JobId) -> None:
        entry = entry_name(self._service, job_id)
        # Its place in the queue is counted by Redis. ARQ (0.28) takes it for milliseconds since
        # 1970, and would go by this host's clock: a worker whose clock is behind would wait.
        place: int = await self._client.incr(places_name(self._service))
        queued = await self._arq.enqueue_job(
            RUN,
            job_id,
            _job_id=entry,
            _defer_until=datetime.fromtimestamp(place / 1000, UTC),
            _expires=EXPIRY,
        )
        pipeline = self._client.pipeline(transaction=False)
        if queued is None:
            # It is there already; or the connection broke in between: then the record, which
            # is there, has a worker put it again. Redis may have lost its place alone.
            pipeline.zadd(queue_name(self._service), {entry: place}, nx=True)
        pipeline.lpush(wakeups_name(self._service), job_id)
        pipeline.ltrim(wakeups_name(self._service), 0, MOST_WAKEUPS - 1)
        await pipeline.execute()

    async def depth(self) -> int:
        queue = queue_name(self._service)
        with answering():
            return await mended(self._client, {queue: "zset"}, lambda: self._client.zcard(queue))

    async def interrupt(self, job_id: JobId) -> None:
        with answering():
            await self._client.publish(interrupts_name(self._client, self._service), job_id)
