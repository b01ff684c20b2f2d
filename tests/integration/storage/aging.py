"""How a store on Redis grows older without anybody waiting for it."""

from adapters.redis_connection import Client
from tests.contracts.passing_time import PassingTime


class AgingKeys(PassingTime):
    """Moves every moment that the keys of one service remember into the past.

    Redis has a clock that nobody can move. But what it remembers of time is the scores of
    sorted sets, in milliseconds, and how long keys have to live.
    """

    def __init__(self, client: Client, service: str) -> None:
        self._client = client
        self._service = service

    async def advance(self, seconds: float) -> None:
        milliseconds = int(seconds * 1000)
        keys = [key async for key in self._client.scan_iter(match=f"{self._service}:*")]
        for key in keys:
            if await self._client.type(key) == b"zset":
                for member, _ in await self._client.zrange(key, 0, -1, withscores=True):
                    await self._client.zincrby(key, -milliseconds, member)
            left = await self._client.pttl(key)
            if left >= 0:
                # A key that has no time left is deleted by this.
                await self._client.pexpire(key, left - milliseconds)
