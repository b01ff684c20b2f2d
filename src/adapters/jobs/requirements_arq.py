"""What the queue asks of Redis, tried before the start: ARQ's own keys and transactions, too.

Where the user of this service lacks one of these, jobs would be accepted and never run. A test
compares the list with what is sent.
"""

import secrets
from typing import TypeAlias

from adapters.jobs.queue_arq import entry_name

Command: TypeAlias = tuple[str | int, ...]

KEPT_SECONDS = 60
"""For how long something may stay of a trial that broke off."""


def trial(service: str) -> list[Command]:
    """For one connection, in this order. In the end nothing is left."""
    name = secrets.token_hex(4)
    entry = entry_name(service, f"probe-{name}")
    job, running, retry, result = (
        f"arq:{kind}:{entry}" for kind in ("job", "in-progress", "retry", "result")
    )
    queue, wakeups, places = (f"{service}:probe:{name}:{key}" for key in ("queue", "wake", "place"))
    return [
        # As ARQ (0.28) does.
        ("WATCH", job),
        ("WATCH", running),
        ("EXISTS", job, result),
        ("ZSCORE", queue, entry),
        ("UNWATCH",),
        ("MULTI",),
        ("PSETEX", job, KEPT_SECONDS * 1000, ""),
        ("ZADD", queue, 1, entry),
        ("PSETEX", running, KEPT_SECONDS * 1000, ""),
        ("GET", job),
        ("INCRBY", retry, 1),
        ("EXPIRE", retry, KEPT_SECONDS),
        ("DEL", running, retry, job),
        ("ZREM", "arq:abort", entry),
        ("ZREM", queue, entry),
        ("EXEC",),
        # As we do.
        ("INCRBY", places, 1),
        ("ZADD", queue, "NX", 1, entry),
        ("ZCARD", queue),
        ("ZRANGE", queue, 0, -1, "WITHSCORES"),
        ("LPUSH", wakeups, entry),
        ("LTRIM", wakeups, 0, 1),
        ("BRPOP", wakeups, 1),
        ("DEL", places, queue),
    ]
