"""Presence on Redis: every connection holds a lease that its server keeps renewing."""

import asyncio
import logging
from collections import defaultdict
from pathlib import Path

from adapters.background_task import BackgroundTask
from adapters.redis_connection import Client, Script, answering
from application.errors import Unavailable
from application.ports import Presence
from domain.errors import RoomNameIsImpossible
from domain.identity import ConnectionId, Member, MemberId, RoomName
from domain.rooms import RoomSize, Roster, admit

log = logging.getLogger(__name__)

_SCRIPTS = Path(__file__).parent / "scripts"
ENTER = Script(_SCRIPTS / "enter.lua")
LEAVE = Script(_SCRIPTS / "leave.lua")
RENEW = Script(_SCRIPTS / "renew.lua")
ROSTER = Script(_SCRIPTS / "roster.lua")

RENEWED_AT_ONCE = 500
"""Connections in one command: Redis serves others in between."""

COUNTED_ROOMS = 1_000
"""Of so many rooms, those used last, the fullest are found."""


class RedisPresence(Presence):
    """`lease` is in seconds: so long after its server's death a member is gone."""

    def __init__(self, client: Client, service: str, *, lease: float) -> None:
        self._client = client
        self._prefix = f"{service}:presence"
        self._rooms = f"{self._prefix}:rooms"
        self._lease = lease
        self._lease_ms = int(lease * 1000)
        self._entries: dict[RoomName, dict[ConnectionId, str]] = defaultdict(dict)
        self._renewing = BackgroundTask("presence-leases", self._renew)

    def start(self) -> None:
        self._renewing.start()

    def check(self) -> None:
        """Raises `Unavailable` while leases are not renewed."""
        self._renewing.check()

    async def stop(self) -> None:
        await self._renewing.stop()

    async def enter(
        self, room: RoomName, connection: ConnectionId, member: Member, *, limit: int
    ) -> int:
        entry = f"{connection}\n{member.id}\n{int(member.recognised)}\n{member.name}"
        before = self._entries.get(room, {}).get(connection, entry)
        args = [entry, self._lease_ms, limit, before]
        with answering():
            size: int = await ENTER(self._client, [self._key(room)], args)
            if size < 0:
                admit(-1 - size, limit=limit)
            await self._list([room])
        self._entries[room][connection] = entry
        return size

    async def leave(self, room: RoomName, connection: ConnectionId) -> int | None:
        entries = self._entries.get(room, {})
        entry = entries.pop(connection, None)
        if not entries:
            self._entries.pop(room, None)
        if entry is None:
            return None
        with answering():
            left: int = await LEAVE(self._client, [self._key(room)], [entry])
        return left

    async def roster(self, room: RoomName, limit: int) -> Roster:
        with answering():
            count, entries = await ROSTER(self._client, [self._key(room)], [limit])
        return Roster(count, tuple(_member(entry) for entry in entries))

    async def rooms(self, limit: int) -> list[RoomSize]:
        with answering():
            names = await self._client.zrevrange(self._rooms, 0, COUNTED_ROOMS - 1)
            rooms = [room for name in names if (room := _room(name)) is not None]
            now = await self._now_ms()
            pipeline = self._client.pipeline(transaction=False)
            for room in rooms:
                pipeline.zcount(self._key(room), f"({now}", "+inf")
            counts = await pipeline.execute()
        sizes = [RoomSize(*pair) for pair in zip(rooms, counts, strict=True) if pair[1]]
        return sorted(sizes, key=lambda size: size.members, reverse=True)[:limit]

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._lease / 3)
            try:
                with answering():
                    await self._renew_all()
            except Unavailable:
                log.warning("leases of presence could not be renewed")

    async def _renew_all(self) -> None:
        rooms = list(self._entries)
        for room in rooms:
            entries = list(self._entries.get(room, {}).values())
            for start in range(0, len(entries), RENEWED_AT_ONCE):
                await self._renew_some(room, entries[start : start + RENEWED_AT_ONCE])
        await self._list([room for room in rooms if room in self._entries])

    async def _renew_some(self, room: RoomName, entries: list[str]) -> None:
        await RENEW(self._client, [self._key(room)], [self._lease_ms, *entries])
        # Whoever left while that was under way may have been brought back by it.
        for entry in set(entries).difference(self._entries.get(room, {}).values()):
            await LEAVE(self._client, [self._key(room)], [entry])

    async def _list(self, rooms: list[RoomName]) -> None:
        """Keep the list of rooms, each by when it was last used; unused ones are forgotten."""
        if not rooms:
            return
        now = await self._now_ms()
        pipeline = self._client.pipeline(transaction=False)
        pipeline.zadd(self._rooms, {room.value: now for room in rooms})
        pipeline.zremrangebyscore(self._rooms, "-inf", now - self._lease_ms)
        await pipeline.execute()

    async def _now_ms(self) -> int:
        seconds, microseconds = await self._client.time()
        return int(seconds) * 1000 + int(microseconds) // 1000

    def _key(self, room: RoomName) -> str:
        return f"{self._prefix}:{{{room.value.encode().hex()}}}"


def _member(entry: bytes) -> Member:
    _, member_id, recognised, name = entry.decode().split("\n", 3)
    return Member(MemberId(member_id), name, recognised == "1")


def _room(name: bytes) -> RoomName | None:
    try:
        return RoomName.parse(name.decode())
    except (RoomNameIsImpossible, UnicodeDecodeError):
        return None
