"""Commands to Redis on keys of ours, in whose place somebody else may have written something.

A key of another type refuses every command, for ever: one word of a stranger would close all rooms.
So what is none of ours is removed, and the command is carried out after all.
"""

import hashlib
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from redis.exceptions import NoScriptError, ResponseError, WatchError

from adapters.redis_connection import Client

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

Kinds: TypeAlias = Mapping[str, str]
"""Keys, each with its type as Redis calls it, or as `INTEGER`."""

INTEGER = "integer"
"""A string that counts something."""

_REFUSALS = re.compile(r"WRONGTYPE|value is not an integer")
_NUMBER = re.compile(rb"\d{1,15}")


class Script:
    """A Lua file, sent by its digest; the text follows when Redis doesn't know it (any more)."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text()
        self.digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    async def __call__(
        self, client: Client, keys: Kinds | Sequence[str], args: Sequence[Any]
    ) -> Any:
        """Run it, `mended` where the types of its keys are told. Such a script may be run again
        after it was refused. Raises what redis-py raises."""
        kinds = keys if isinstance(keys, Mapping) else {}
        return await mended(client, kinds, lambda: self._run(client, [*keys], args))

    async def _run(self, client: Client, keys: list[str], args: Sequence[Any]) -> Any:
        execute: Any = client.execute_command
        try:
            return await execute("EVALSHA", self.digest, len(keys), *keys, *args)
        except NoScriptError:
            return await execute("EVAL", self.text, len(keys), *keys, *args)


async def mended(client: Client, kinds: Kinds, ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """What Redis answers to `ask`; where a key is of another type than ours, it is removed, logged,
    and Redis is asked again. Raises what redis-py raises."""
    try:
        return await ask()
    except ResponseError as error:
        if not _REFUSALS.search(str(error)):
            raise
        for key, kind in kinds.items():
            await _remove_foreign(client, key, kind)
        return await ask()


async def _remove_foreign(client: Client, key: str, kind: str) -> None:
    async with client.pipeline(transaction=True) as pipeline:
        await pipeline.watch(key)
        found = (await pipeline.type(key)).decode()
        if kind == INTEGER and found == "string":
            found = kind if _NUMBER.fullmatch(await pipeline.get(key) or b"0") else found
        if found in (kind, "none"):
            return
        pipeline.multi()  # type: ignore[no-untyped-call]
        pipeline.delete(key)
        try:
            await pipeline.execute()
        except WatchError:
            return  # another process was faster
    log.warning("%.200s is removed: it was a %s, and none of ours", key, found)
