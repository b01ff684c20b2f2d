"""A durable group's stream on Redis: stored and read by two scripts, in one order for all."""

import logging
import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from adapters.lane_table import LanePlan
from adapters.layers.position import Position
from adapters.layers.publication import (
    Malformed,
    Publication,
    decode_end,
    decode_place,
    decode_stored,
    encode_headers,
)
from adapters.layers.publisher_redis import Publisher
from adapters.layers.recovery import Entry, Reading, has_expired_in_silence
from adapters.layers.recovery_window import PAGE, PAGE_BYTES, Share
from adapters.redis_commands import Script
from adapters.redis_connection import Client, answering

log = logging.getLogger(__name__)

_SCRIPTS = Path(__file__).parent / "scripts"

REMEMBERED = 60
"""Seconds on top of twice its expiry for which a silent group's place in its order is known:
a late return is told "expired" and not "unknown"."""

REPORTED = 1_000
"""What isn't ours is logged once, as long as it is no more than that."""

APPEND = Script(_SCRIPTS / "append.lua")
READ = Script(_SCRIPTS / "read.lua")


class RedisHistory:
    """`prefix` leads the keys; all keys of a group share a Cluster slot by its name in braces."""

    def __init__(self, plan: LanePlan, client: Client, publisher: Publisher, prefix: str) -> None:
        self._plan = plan
        self._client = client
        self._publisher = publisher
        self._prefix = prefix
        self._expiry_ms = int(plan.expiry * 1000)
        self._key_expiry_ms = int(plan.key_expiry * 1000)
        self._remembered_ms = self._expiry_ms * 2 + REMEMBERED * 1000
        self._reported: set[tuple[str, bytes]] = set()

    async def append(
        self, group: str, channel: str, publication: Publication
    ) -> tuple[bool, str | None]:
        """Store a message and tell it on `channel`, in one command; whether it was taken, and the
        cursor if it has a key.

        One that is passing is told only. Without a body, nothing is stored: the cursor of what was,
        under its key.
        """
        keys = self._keys(group)
        at, text = publication.growth or ("", "")
        place: bytes | list[bytes] = await self._publisher.send(
            APPEND,
            5,
            *keys,
            *self._idempotency_keys(group),
            self._text_key(group),
            secrets.token_hex(6),
            self._plan.capacity,
            self._expiry_ms,
            self._remembered_ms,
            channel,
            publication.exclude or "",
            "passing" if publication.passing else "last" if publication.last else "",
            publication.body,
            publication.key,
            self._key_expiry_ms,
            self._plan.keys,
            encode_headers(publication.headers),
            self._plan.group_bytes,
            publication.fence,
            at,
            text,
            len(text),
        )
        if isinstance(place, list):
            log.warning("what others wrote in place of %s is removed; it begins anew", keys[0])
            (place,) = place
        if not publication.key or not place:
            return bool(place), None
        return True, decode_place(place.decode()).cursor(group)

    async def text(self, group: str) -> str:
        """The text that grows beside it. What a stranger wrote there doesn't grow: it is none."""
        with answering():
            # MGET, because it finds nothing where GET refuses: in a hash, or another type.
            (raw,) = await self._client.mget([self._text_key(group)])
        return "" if raw is None else bytes(raw).decode(errors="replace")

    async def read(
        self,
        group: str,
        after: Position | None = None,
        *,
        newest: int | None = None,
        before: Position | None = None,
        share: Share | None = None,
    ) -> Reading:
        """Entries after a position, or the newest few, or all; only those `before` another. What
        is read for a recovery is part of its `share`."""
        args = [
            after.epoch if after else "",
            f"{after.at_ms}-{after.offset}" if after else "-",
            "" if newest is None else newest,
            self._expiry_ms,
            PAGE,
            f"({before.at_ms}-{before.offset}" if before else "+",
        ]
        if share is not None:
            return await share.read(partial(self._page, group, args))
        reading, last_id = await self._page(group, args, b"")
        entries = list(reading.entries)
        while last_id:
            epoch = reading.end.epoch
            reading, last_id = await self._page(group, args, last_id)
            entries = [*(entries if reading.end.epoch == epoch else ()), *reading.entries]
        return reading._replace(entries=entries)

    async def _page(self, group: str, args: list[Any], last_id: bytes) -> tuple[Reading, bytes]:
        """The page after an id, and the id after which there may be more, if so."""
        with answering():
            reply = await READ(self._client, self._keys(group), [*args, last_id, PAGE_BYTES])
        place, over, raw, oldest_ms, first, is_all = reply
        end = self._end(group, place)
        entries = list(self._entries(group, end, raw))
        at_ms, offset = first.split(b"-") if first else (0, 0)
        reading = Reading(end, int(oldest_ms), entries, over == b"1", (int(at_ms), int(offset)))
        if not is_all:
            args[0] = end.epoch  # which the id is of
        return reading, b"" if is_all else raw[-1][0]

    def _end(self, group: str, place: bytes | None) -> Position:
        """Keys that aren't ours hold no history; the next message begins it anew."""
        if place is None:
            self._report(group, b"", "the keys of a history are not ours")
        return decode_end(place)

    def _entries(self, group: str, end: Position, raw: list[Any]) -> Iterator[Entry]:
        """Those that are ours, in their order. Readers are told of others that are missing for
        their sake: they count places."""
        offset = 0
        for raw_id, raw_fields in raw:
            try:
                entry = decode_stored(group, end.epoch, raw_id, raw_fields)
            except Malformed:
                self._report(group, raw_id, "an entry of a stream is not one of ours")
                continue
            if offset < entry.position.offset <= end.offset:
                offset = entry.position.offset
                yield entry
            else:
                self._report(group, raw_id, "an entry of a stream is not in its order")

    def _report(self, group: str, raw_id: bytes, problem: str) -> None:
        """Log it, but not at every read."""
        if (group, raw_id) in self._reported:
            return
        if len(self._reported) >= REPORTED:
            self._reported.clear()
        self._reported.add((group, raw_id))
        log.warning(problem, extra={"group": group})

    def has_expired_in_silence(self, since: Position, reading: Reading) -> bool:
        now_ms = reading.oldest_ms + self._expiry_ms
        return has_expired_in_silence(
            since, reading, now_ms=now_ms, remembered_ms=self._remembered_ms
        )

    async def is_known(self, group: str) -> bool:
        """Whether anything of it is kept; its meta is what is kept longest."""
        with answering():
            return bool(await self._client.exists(self.meta_key(group)))

    def meta_key(self, group: str) -> str:
        return self._keys(group)[1]

    def _keys(self, group: str) -> list[str]:
        key = f"{self._prefix}:{{{group}}}"
        return [f"{key}:stream", f"{key}:meta"]

    def _text_key(self, group: str) -> str:
        return f"{self._prefix}:{{{group}}}:text"

    def _idempotency_keys(self, group: str) -> list[str]:
        key = f"{self._prefix}:{{{group}}}"
        return [f"{key}:keys", f"{key}:sent"]
