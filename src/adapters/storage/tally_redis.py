"""The Redis implementation of the tally."""

import contextlib
from pathlib import Path
from typing import Any

from adapters.redis_commands import INTEGER, Script
from adapters.redis_connection import Client, answering
from adapters.storage.tally_memory import OTHER_NAMES, most_frequent
from application.ports import Tally
from domain.analytics import Counts

_SCRIPTS = Path(__file__).parent / "scripts"
COUNT = Script(_SCRIPTS / "tally.lua")
COUNTS = Script(_SCRIPTS / "counts.lua")


class RedisTally(Tally):
    """`expiry` is in seconds: so long a name is kept that isn't counted."""

    def __init__(self, client: Client, service: str, *, name_limit: int, expiry: float) -> None:
        self._client = client
        kinds = {"counts": "hash", "last": "zset", "total": INTEGER}
        self._keys = {f"{service}:{{tally}}:{name}": kind for name, kind in kinds.items()}
        self._name_limit = name_limit
        self._expiry_ms = int(expiry * 1000)

    async def add(self, name: str) -> tuple[int | None, int]:
        count, total = await self._add(name, "")
        return count, total

    async def add_known(self, name: str) -> tuple[int | None, int] | None:
        counted = await self._add(name, "known")
        return None if counted is None else (counted[0], counted[1])

    async def _add(self, name: str, which: str) -> Any:
        args = [name, self._name_limit, OTHER_NAMES, self._expiry_ms, which]
        with answering():
            return await COUNT(self._client, self._keys, args)

    async def counts(self, limit: int) -> Counts:
        with answering():
            total, pairs = await COUNTS(self._client, self._keys, [self._expiry_ms])
        by_name = {}
        for name, count in zip(pairs[::2], pairs[1::2], strict=True):
            with contextlib.suppress(ValueError):  # a stranger's
                by_name[name.decode()] = int(count)
        return Counts(int(total), most_frequent(by_name, limit))
