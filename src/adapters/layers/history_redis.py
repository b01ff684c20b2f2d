"""A durable group's stream on Redis: stored and read by two scripts, in one order for all."""

import logging
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapters.lane_table import LanePlan
from adapters.layers.position import Position
from adapters.layers.publication import (
    Malformed,
    Publication,
    decode_place,
    decode_stored,
    encode_headers,
)
from adapters.layers.publisher_redis import Publisher
from adapters.layers.recovery import Entry, Reading, has_expired_in_silence
from adapters.redis_connection import Client, Script, answering

log = logging.getLogger(__name__)

_SCRIPTS = Path(__file__).parent / "scripts"

REMEMBERED = 60
"""Seconds on top of twice its expiry for which a silent group's place in its order is known:
a late return is told "expired" and not "unknown"."""

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

    async def append(self, group: str, channel: str, publication: Publication) -> str | None:
        """Store a message and tell it on `channel`, in one command; the cursor if it has a key.

        One that is passing is told only. Without a body, nothing is stored: the cursor of what was,
        under its key.
        """
        place: bytes = await self._publisher.send(
            APPEND,
            4,
            *self._keys(group),
            *self._idempotency_keys(group),
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
        )
        if not publication.key or not place:
            return None
        return decode_place(place.decode()).cursor(group)

    async def read(
        self, group: str, after: Position | None = None, *, newest: int | None = None
    ) -> Reading:
        """Entries after a position, or the newest few, or all; see `read.lua`."""
        epoch = after.epoch if after else ""
        start = f"{after.at_ms}-{after.offset}" if after else "-"
        args = [epoch, start, "" if newest is None else newest, self._expiry_ms]
        with answering():
            reply = await READ(self._client, self._keys(group), args)
        epoch = reply[0].decode()
        end = Position(epoch, int(reply[2]), int(reply[1]))
        entries = list(_entries(group, epoch, reply[4]))
        return Reading(end, int(reply[5]), entries, is_over=reply[3] == b"1")

    def has_expired_in_silence(self, since: Position, reading: Reading) -> bool:
        now_ms = reading.oldest_ms + self._expiry_ms
        return has_expired_in_silence(
            since, reading, now_ms=now_ms, remembered_ms=self._remembered_ms
        )

    def _keys(self, group: str) -> list[str]:
        key = f"{self._prefix}:{{{group}}}"
        return [f"{key}:stream", f"{key}:meta"]

    def _idempotency_keys(self, group: str) -> list[str]:
        key = f"{self._prefix}:{{{group}}}"
        return [f"{key}:keys", f"{key}:sent"]


def _entries(group: str, epoch: str, raw: list[Any]) -> Iterator[Entry]:
    for raw_id, raw_fields in raw:
        try:
            yield decode_stored(group, epoch, raw_id, raw_fields)
        except Malformed:
            # Its readers are told that something is missing: they count places.
            log.warning("an entry of a stream is not one of ours", extra={"group": group})
