"""The revocations of server processes, without the servers."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from adapters.clock import SystemClock
from adapters.identity.revocations_redis import RedisRevocations
from adapters.redis_connection import Client
from application.ports import Clock
from tests.contracts.revocations import LIFE, LIMIT
from tests.doubles import ManualClock


def revocations_of(
    client: Client, service: str, clock: Clock | None = None, *, limit: int = LIMIT
) -> RedisRevocations:
    """Not started: a test reads for it."""
    return RedisRevocations(client, service, clock or SystemClock(), life=LIFE, limit=limit)


@asynccontextmanager
async def running(*several: RedisRevocations) -> AsyncIterator[None]:
    try:
        for each in several:
            await each.start()
        yield
    finally:
        for each in several:
            await each.stop()


class AgingRevocations(ManualClock):
    """Time passes for the process, and on Redis: places are the microseconds of its clock."""

    def __init__(self, client: Client, service: str) -> None:
        super().__init__()
        self._client = client
        self._key = f"{service}:revocations"

    async def advance(self, seconds: float) -> None:
        self.shift(seconds)
        for member in await self._client.zrange(self._key, 0, -1):
            await self._client.zincrby(self._key, -seconds * 1_000_000, member)


async def members(client: Client, service: str) -> Sequence[bytes]:
    """All that stands on Redis, in its order."""
    found: list[bytes] = await client.zrange(f"{service}:revocations", 0, -1)
    return found


async def forget(client: Client, service: str) -> None:
    await client.delete(f"{service}:revocations")
