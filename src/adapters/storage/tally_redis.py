"""The Redis implementation of the tally."""

from pathlib import Path

from adapters.redis_connection import Client, Script, answering
from adapters.storage.tally_memory import OTHER_NAMES
from application.ports import Tally
from domain.analytics import Counts

COUNT = Script(Path(__file__).parent / "scripts" / "tally.lua")


class RedisTally(Tally):
    def __init__(self, client: Client, service: str, *, name_limit: int) -> None:
        self._client = client
        self._names = f"{service}:{{tally}}:names"
        self._total = f"{service}:{{tally}}:total"
        self._name_limit = name_limit

    async def add(self, name: str) -> tuple[int | None, int]:
        args = [name, self._name_limit, OTHER_NAMES]
        with answering():
            count, total = await COUNT(self._client, [self._names, self._total], args)
        return count, total

    async def counts(self, limit: int) -> Counts:
        with answering():
            total = await self._client.get(self._total)
            pairs = await self._client.zrevrange(self._names, 0, limit - 1, withscores=True)
        return Counts(int(total or 0), {name.decode(): int(count) for name, count in pairs})
