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
"""Keys, each with its type as Redis calls it, or as one of `STRINGS`."""

INTEGER = "integer"
"""A string that counts something."""

SECRET = "secret"  # noqa: S105 - a kind of text
"""A string of 32 random bytes, in hexadecimal digits."""

STRINGS = {INTEGER: re.compile(rb"\d{1,15}"), SECRET: re.compile(rb"[0-9a-f]{64}")}

_REFUSALS = re.compile(r"WRONGTYPE|value is not an integer")


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
            await remove_foreign(client, key, kind)
        return await ask()


async def remove_foreign(client: Client, key: str, kind: str) -> None:
    """Remove and log what is not of this kind; what is, stays, also if it came a moment ago."""
    async with client.pipeline(transaction=True) as pipeline:
        await pipeline.watch(key)
        found = (await pipeline.type(key)).decode()
        if kind in STRINGS and found == "string":
            value = await pipeline.get(key)
            found = kind if value is None or STRINGS[kind].fullmatch(value) else found
        if found in (kind, "none"):
            return
        pipeline.multi()  # type: ignore[no-untyped-call]
        pipeline.delete(key)
        try:
            await pipeline.execute()
        except WatchError:
            return  # another process was faster
    log.warning("%.200s is removed: it was a %s, and none of ours", key, found)
