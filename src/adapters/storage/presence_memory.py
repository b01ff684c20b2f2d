"""The memory implementation of presence. Its process's death ends it, so it needs no leases."""

from heapq import nlargest
from itertools import islice

from application.ports import Presence
from domain.identity import ConnectionId, Member, RoomName
from domain.rooms import RoomSize, Roster, admit


class MemoryPresence(Presence):
    def __init__(self) -> None:
        self._rooms: dict[RoomName, dict[ConnectionId, Member]] = {}

    async def enter(
        self, room: RoomName, connection: ConnectionId, member: Member, *, limit: int
    ) -> int:
        members = self._rooms.get(room, {})
        if connection not in members:
            admit(len(members), limit=limit)
        self._rooms.setdefault(room, members)[connection] = member
        return len(members)

    async def leave(self, room: RoomName, connection: ConnectionId) -> int | None:
        members = self._rooms.get(room, {})
        if members.pop(connection, None) is None:
            return None
        if not members:
            del self._rooms[room]
        return len(members)

    async def roster(self, room: RoomName, limit: int) -> Roster:
        members = self._rooms.get(room, {})
        return Roster(len(members), tuple(islice(members.values(), limit)))

    async def rooms(self, limit: int) -> list[RoomSize]:
        sizes = (RoomSize(name, len(members)) for name, members in self._rooms.items())
        return nlargest(limit, sizes, key=lambda size: size.members)
