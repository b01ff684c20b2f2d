"""What members may make, on all server processes together: Redis is asked each time, which is
seldom, since only what is new costs something."""

from collections.abc import Mapping
from pathlib import Path

from adapters.buckets import Rate
from adapters.redis_commands import Script
from adapters.redis_connection import Client, answering
from application.limits import Limit, MemberAllowances
from domain.identity import MemberId

TAKE = Script(Path(__file__).parent / "scripts" / "take.lua")


class RedisMemberAllowances(MemberAllowances):
    """The clock is that of Redis."""

    def __init__(self, client: Client, service: str, rates: Mapping[Limit, Rate]) -> None:
        self._client = client
        self._service = service
        self._rates = rates

    async def take(self, limit: Limit, member: MemberId) -> float:
        rate = self._rates[limit]
        key = f"{self._service}:made:{limit}:{member}"
        with answering():
            wait_ms: int = await TAKE(self._client, {key: "hash"}, [rate.per_second, rate.burst])
        return wait_ms / 1000
