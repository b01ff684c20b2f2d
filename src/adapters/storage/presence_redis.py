"""Presence on Redis: every connection holds a lease that its server keeps renewing."""

import asyncio
import logging
import secrets
from collections import defaultdict
from pathlib import Path

from adapters.background_task import BackgroundTask
from adapters.redis_commands import Script, mended
from adapters.redis_connection import Client, answering, reason
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
REENTER = Script(_SCRIPTS / "reenter.lua")
ROSTER = Script(_SCRIPTS / "roster.lua")
SIZES = Script(_SCRIPTS / "sizes.lua")
ROOMS = Script(_SCRIPTS / "rooms.lua")

AT_ONCE = 500
"""Connections, or rooms, in one command: Redis serves others in between."""

COUNTED_ROOMS = 1_000
"""Of so many rooms, those used last, the fullest are found."""


class RedisPresence(Presence):
    """`lease` is in seconds: so long after its server's death a member is gone.

    Each server has a key of its own for each room, which lives for a lease: prolonging it needs no
    memory, so members stay where a full Redis takes no newcomers.
    """

    def __init__(self, client: Client, service: str, *, lease: float) -> None:
        self._client = client
        self._prefix = f"{service}:presence"
        self._rooms = f"{self._prefix}:rooms"
        self._server = secrets.token_hex(4)
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
        before = self._entries[room].get(connection)
        # At once, so that nobody who looks for strangers meanwhile takes it for one.
        self._entries[room][connection] = entry
        args = [entry, self._lease_ms, limit, before or entry, self._server, self._begin(room)]
        try:
            with answering():
                size: int = await ENTER(self._client, self._keys(room), args)
                if size < 0:
                    admit(-1 - size, limit=limit)
                await self._list([room])
        except BaseException:
            self._set(room, connection, before)
            raise
        return size

    async def leave(self, room: RoomName, connection: ConnectionId) -> int | None:
        entry = self._entries.get(room, {}).get(connection)
        self._set(room, connection, None)
        return None if entry is None else await self._leave(room, entry.encode())

    async def roster(self, room: RoomName, limit: int) -> Roster:
        args = [limit, self._begin(room)]
        with answering():
            count, entries = await ROSTER(self._client, self._keys(room), args)
        members = (member for entry in entries if (member := _member(entry)) is not None)
        return Roster(count, tuple(members))

    async def rooms(self, limit: int) -> list[RoomSize]:
        with answering():
            names = await mended(
                self._client,
                {self._rooms: "zset"},
                lambda: self._client.zrevrange(self._rooms, 0, COUNTED_ROOMS - 1),
            )
            rooms = [room for name in names if (room := _room(name)) is not None]
            keys = {f"{self._begin(room)}servers": "set" for room in rooms}
            counts = await SIZES(self._client, keys, [self._begin(room) for room in rooms])
        sizes = [RoomSize(*pair) for pair in zip(rooms, counts, strict=True) if pair[1]]
        return sorted(sizes, key=lambda size: size.members, reverse=True)[:limit]

    async def _renew(self) -> None:
        told = ""
        while True:
            await asyncio.sleep(self._lease / 3)
            why = ""
            try:
                with answering():
                    await self._renew_all()
            except Unavailable as error:
                why = reason(error.__cause__)
            if why and why != told:
                log.warning("presence could not be renewed: %s", why)
            told = why

    async def _renew_all(self) -> None:
        """First what needs no memory, for all rooms."""
        wrong = []
        for room in list(self._entries):
            count = await RENEW(self._client, self._keys(room), [self._lease_ms, self._server])
            if count != len(self._entries.get(room, {})):
                wrong.append(room)
        for room in wrong:
            await self._repair(room)
        rooms = list(self._entries)
        for start in range(0, len(rooms), AT_ONCE):
            await self._list(rooms[start : start + AT_ONCE])

    async def _repair(self, room: RoomName) -> None:
        """Redis forgot somebody, or still knows somebody who left when it was away, or whom a
        stranger put there."""
        there = set(await self._client.zrange(f"{self._begin(room)}{self._server}", 0, -1))
        missing = [entry for entry in self._here(room) if entry not in there]
        for start in range(0, max(1, len(missing)), AT_ONCE):
            some = missing[start : start + AT_ONCE]
            args = [self._lease_ms, self._server, *some]
            await REENTER(self._client, self._keys(room), args)
        # Whoever left while that was under way may have been brought back by it.
        for entry in there.union(missing).difference(self._here(room)):
            await self._leave(room, entry)

    async def _leave(self, room: RoomName, entry: bytes) -> int:
        with answering():
            left: int = await LEAVE(self._client, self._keys(room), [entry, self._begin(room)])
        return left

    async def _list(self, rooms: list[RoomName]) -> None:
        """Keep the list of rooms, each by when it was last used; unused ones are forgotten."""
        if rooms:
            names = [room.value for room in rooms]
            await ROOMS(self._client, {self._rooms: "zset"}, [self._lease_ms, *names])

    def _here(self, room: RoomName) -> list[bytes]:
        return [entry.encode() for entry in self._entries.get(room, {}).values()]

    def _set(self, room: RoomName, connection: ConnectionId, entry: str | None) -> None:
        entries = self._entries[room]
        if entry is None:
            entries.pop(connection, None)
        else:
            entries[connection] = entry
        if not entries:
            del self._entries[room]

    def _keys(self, room: RoomName) -> dict[str, str]:
        """Of the room's servers, and of this server's connections in it."""
        begin = self._begin(room)
        return {f"{begin}servers": "set", f"{begin}{self._server}": "zset"}

    def _begin(self, room: RoomName) -> str:
        return f"{self._prefix}:{{{room.value.encode().hex()}}}:"


def _member(entry: bytes) -> Member | None:
    """Who that is; nobody, if a stranger wrote it."""
    try:
        _, member_id, recognised, name = entry.decode().split("\n", 3)
    except ValueError:
        log.warning("an entry of a room on Redis is not one of ours")
        return None
    return Member(MemberId(member_id), name, recognised == "1")


def _room(name: bytes) -> RoomName | None:
    try:
        return RoomName.parse(name.decode())
    except (RoomNameIsImpossible, UnicodeDecodeError):
        return None
