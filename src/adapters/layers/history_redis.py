"""A durable group's stream on Redis: stored and read by two scripts, in one order for all."""

import secrets
from pathlib import Path
from typing import Any, NamedTuple

from adapters.lane_table import LanePlan
from adapters.layers.lanes import Publication
from adapters.layers.position import Position, stamped
from adapters.layers.publisher_redis import Publisher
from adapters.redis_connection import Client, Script, answering
from application.ports import LossReason
from domain.identity import ConnectionId

_SCRIPTS = Path(__file__).parent / "scripts"

REMEMBERED = 60
"""Seconds, exclude twice its expiry, for which a silent group's place in its order is known:
a late return is told "expired" and not "unknown"."""

APPEND = Script(_SCRIPTS / "append.lua")
READ = Script(_SCRIPTS / "read.lua")


class Entry(NamedTuple):
    """One message, with its place in the group's order."""

    position: Position
    body: str
    exclude: frozenset[ConnectionId]

    def frame(self, group: str) -> str:
        return stamped(self.body, self.position.cursor(group))


class Reading(NamedTuple):
    """A group's history at one moment; `end` has an empty epoch if there is none.

    What was stored before `oldest_ms` has expired.
    """

    end: Position
    is_over: bool
    oldest_ms: int
    entries: list[Entry]

    def missed_since(self, since: Position | None) -> tuple[LossReason | None, list[Entry]]:
        """What a reader at `since` missed (None: an unknown place), and why if that isn't all.

        `entries` are those after `since`, by their moment and offset.
        """
        if since is None or since.epoch != self.end.epoch or since.offset > self.end.offset:
            return LossReason.UNKNOWN_POSITION, self.entries
        missed = [entry for entry in self.entries if entry.position.offset > since.offset]
        if len(missed) < len(self.entries):
            # Redis came back without its last messages, and gave their offsets to others.
            return LossReason.UNKNOWN_POSITION, self.entries
        if len(missed) == self.end.offset - since.offset:
            return None, missed
        is_expired = since.at_ms < self.oldest_ms
        return LossReason.EXPIRED if is_expired else LossReason.TRIMMED, missed


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

        Without a body, nothing is stored: the cursor of what was, under its key.
        """
        place: bytes = await self._publisher.send(
            APPEND,
            4,
            *self._keys(group),
            *self._send_keys(group),
            secrets.token_hex(6),
            self._plan.capacity,
            self._expiry_ms,
            self._remembered_ms,
            channel,
            publication.exclude or "",
            "1" if publication.last else "",
            publication.body,
            publication.key,
            self._key_expiry_ms,
            self._plan.keys,
        )
        if not publication.key or not place:
            return None
        epoch, at, offset = place.decode().split(" ")
        return Position(epoch, int(at), int(offset)).cursor(group)

    async def read(
        self, group: str, after: Position | None = None, *, newest: int | None = None
    ) -> Reading:
        """Entries after a position, or the newest few, or all; see `read.lua`."""
        epoch = after.epoch if after else ""
        start = f"{after.at_ms}-{after.offset}" if after else "-"
        args = [epoch, start, "" if newest is None else newest, self._expiry_ms]
        with answering():
            reply = await READ(self._client, self._keys(group), args)
        return _reading(reply)

    def was_silent(self, since: Position, reading: Reading) -> bool:
        """Whether nothing was said after `since` until Redis had forgotten the group, so that
        `reading` is of another epoch and has all there was nevertheless."""
        if reading.end.epoch == since.epoch:
            return False
        if reading.entries:
            first = reading.entries[0].position
            return first.offset == 1 and first.at_ms > since.at_ms + self._remembered_ms
        now_ms = reading.oldest_ms + self._expiry_ms
        return not reading.end.epoch and now_ms > since.at_ms + self._remembered_ms

    def _keys(self, group: str) -> list[str]:
        key = f"{self._prefix}:{{{group}}}"
        return [f"{key}:stream", f"{key}:meta"]

    def _send_keys(self, group: str) -> list[str]:
        key = f"{self._prefix}:{{{group}}}"
        return [f"{key}:keys", f"{key}:sent"]


def parse_live(payload: bytes) -> tuple[Entry, bool]:
    """A message as `append.lua` tells it, and whether it is the last; raises `ValueError`."""
    head, _, body = payload.partition(b"\n")
    epoch, at, offset, exclude, last = head.decode().split(" ")
    position = Position(epoch, int(at), int(offset))
    return Entry(position, body.decode(), _excluded(exclude)), last == "1"


def _reading(reply: list[Any]) -> Reading:
    epoch = reply[0].decode()
    entries = []
    for raw_id, raw_fields in reply[4]:
        at, _, offset = raw_id.partition(b"-")
        fields = dict(zip(raw_fields[::2], raw_fields[1::2], strict=True))
        position = Position(epoch, int(at), int(offset))
        entries.append(Entry(position, fields[b"b"].decode(), _excluded(fields[b"x"].decode())))
    end = Position(epoch, int(reply[2]), int(reply[1]))
    return Reading(end, reply[3] == b"1", int(reply[5]), entries)


def _excluded(connection_id: str) -> frozenset[ConnectionId]:
    return frozenset((ConnectionId(connection_id),)) if connection_id else frozenset()
