"""What a running process holds: memory, descriptors, and what it keeps in Redis."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import redis

from adapters.redis_connection import Client
from tests.integration.client import until
from tests.integration.processes import Redis
from tests.integration.program import Program

PROC = Path("/proc")
MIB = 1024 * 1024

needs_proc = pytest.mark.skipif(
    not (PROC / "self" / "statm").exists(), reason="memory and descriptors are read from /proc"
)

_LANES = ("rooms", "queue", "analytics", "jobs")

KEYS = {
    "presence:rooms": "the rooms used last; one key, for a lease",
    "presence:{*": "who is in a room, by server, and its servers; for a lease",
    **{f"{lane}:{{*}}:stream": "a group's history, for the lane's expiry" for lane in _LANES},
    **{f"{lane}:{{*}}:meta": "its place in its order, twice as long" for lane in _LANES},
    **{f"{lane}:{{*}}:text": "the text beside its history, as long" for lane in _LANES},
    **{f"{lane}:{{*}}:keys": "the keys of what was sent, as long" for lane in _LANES},
    **{f"{lane}:{{*}}:sent": "what came of them, as long" for lane in _LANES},
    "{tally}:counts": "how often which event; one key, for the tally's expiry",
    "{tally}:last": "when it was last; likewise",
    "{tally}:total": "how many in all; likewise",
    "{jobs}:record:*": "a job's record, for its retention once it is over",
    "{jobs}:owner:*": "a member's jobs, for a day more than that",
    "{jobs}:leases": "running jobs; one key, empty when none runs",
    "{jobs}:waiting": "queued jobs; likewise",
    "{jobs}:untold": "ended jobs, until they are seen to be told; likewise",
    "{jobs}:waiting_of:*": "jobs of a member or an address that may wait, as long as its list",
    "{jobs}:bytes_of:*": "how many bytes of jobs a member or an address has, until none count",
    "places": "how many jobs were ever queued, for their order; one number, for ever",
    "visitor_secret": "what visitors' cookies are signed with; one key, for ever",
    "spent:*": "what a member sent lately, until it counts no more",
    "queue": "ARQ's queue; likewise",
    "queue:health-check": "ARQ's own sign of life, for an hour and a little",
    "wakeups": "wake-ups for idle workers, at most MOST_WAKEUPS of them; likewise",
    "revocations": "what was revoked; one key, for as long as a token could live",
    "ticket:*": "a ticket, until it is used, for its expiry",
    "probe:*": "that a process could write, for a minute",
    "worker:*": "a worker's sign of life, for ten seconds",
}
"""Every kind of key that there may be, after the prefix, and why."""


def descriptors(program: Program) -> int:
    return len(list((PROC / str(program.pid) / "fd").iterdir()))


async def until_descriptors(program: Program, at_most: int) -> None:
    """Until it holds no more of them: a socket's end is told to nobody else."""

    async def is_so() -> bool:
        return descriptors(program) <= at_most

    await until(is_so, f"at most {at_most} descriptors, there are {descriptors(program)}")


async def calls(client: Client) -> Counter[str]:
    """How often each command of Redis was called so far, by scripts too."""
    stats = await client.info("commandstats")
    return Counter({name.removeprefix("cmdstat_"): stat["calls"] for name, stat in stats.items()})


async def subscribers(client: Client, service: str) -> dict[str, int]:
    """How many connections listen to each channel of a service, probes left out."""
    found = await client.pubsub_channels(f"{service}:*")
    channels = [name for name in found if b":probe:" not in name]
    return {name.decode(): count for name, count in await client.pubsub_numsub(*channels)}


class Contents:
    """What a service has in Redis: how many keys of which kind, and who hears what."""

    def __init__(self, server: Redis, prefix: str = "switchboard") -> None:
        # redis-py's types can't tell that this one is no asyncio client.
        self._client: Any = redis.Redis(port=server.port, socket_timeout=10, decode_responses=True)
        self._prefix = f"{prefix}:"

    def kinds(self) -> Counter[str]:
        return Counter(_kind(key.removeprefix(self._prefix)) for key in self._client.scan_iter())

    def everlasting(self) -> set[str]:
        """The kinds of keys that have no end."""
        return {
            _kind(key.removeprefix(self._prefix))
            for key in self._client.scan_iter()
            if self._client.ttl(key) == -1
        }

    def channels(self) -> set[str]:
        return {name for name in self._client.pubsub_channels() if ":probe:" not in name}

    def members(self) -> int:
        """How many are present, in all rooms."""
        rooms = self._client.scan_iter(f"{self._prefix}presence:{{*", _type="zset")
        return sum(int(self._client.zcard(room)) for room in rooms)

    def unfinished_jobs(self) -> int:
        jobs = f"{self._prefix}{{jobs}}"
        return sum(int(self._client.zcard(f"{jobs}:{name}")) for name in ("leases", "waiting"))

    def close(self) -> None:
        self._client.close()


def _kind(key: str) -> str:
    """A key with what names one thing replaced by an asterisk, if it is one of ours."""
    for kind in KEYS:
        before, star, after = kind.partition("*")
        if key == kind or (star and key.startswith(before) and key.endswith(after)):
            return kind
    return key
