"""Rooms: who is in, what is said, what was said lately."""

from application.access import Access
from application.limits import Limits, RoomsMade
from application.ports import (
    Broadcaster,
    Cursor,
    History,
    Presence,
    Subscriber,
    Subscriptions,
)
from domain import chat, rooms
from domain.capabilities import Right
from domain.events import MemberJoined, MemberLeft
from domain.identity import Caller, IdempotencyKey, RoomName
from domain.rooms import RoomSize, Roster

ROSTER_NAMES = 100
"""A list of names longer than that helps nobody; the count is always whole."""


class RoomService:
    def __init__(
        self,
        broadcaster: Broadcaster,
        subscriptions: Subscriptions,
        history: History,
        presence: Presence,
        access: Access,
        limits: Limits,
        *,
        text_limit: int,
        member_limit: int,
    ) -> None:
        self._broadcaster = broadcaster
        self._subscriptions = subscriptions
        self._history = history
        self._presence = presence
        self._access = access
        self._limits = limits
        self._made = RoomsMade(history, limits)
        self._text_limit = text_limit
        self._member_limit = member_limit

    async def enter(
        self, room: RoomName, caller: Caller, subscriber: Subscriber, since: Cursor | None
    ) -> None:
        """Come in, listen, and have the others told.

        Raises `NotAllowed`, `RoomIsFull`, `RateLimited`.
        """
        audience = rooms.audience(room)
        await self._access.demand_listening(caller, audience, since)
        await self._made.demand(caller, audience)
        async with self._limits.recovery(caller, since):
            members = await self._presence.enter(
                room, subscriber.connection_id, caller.member, limit=self._member_limit
            )
            await self._subscriptions.subscribe(audience, subscriber, since=since)
        joined = MemberJoined(caller.member, members)
        await self._broadcaster.publish(audience, joined, exclude=subscriber.connection_id)

    async def say(
        self, room: RoomName, caller: Caller, text: str, key: str | None = None
    ) -> Cursor | None:
        """Tell everybody in the room; see `Broadcaster.publish` for what a `key` does.

        Raises `NotAllowed`, `TextIsEmpty`, `TextIsTooLong`, `IdempotencyKeyIsImpossible`,
        `RateLimited`.
        """
        audience = rooms.audience(room)
        await self._access.demand(caller, audience, Right.PUBLISH)
        said = chat.say(caller.member, text, limit=self._text_limit)
        retry_of = None if key is None else IdempotencyKey.parse(key, caller.member.id, text)
        await self._made.demand(caller, audience)
        return await self._broadcaster.publish(audience, said, key=retry_of)

    async def rename(self, room: RoomName, caller: Caller, subscriber: Subscriber) -> None:
        """Be in the room under another name from now on."""
        await self._presence.enter(
            room, subscriber.connection_id, caller.member, limit=self._member_limit
        )

    async def leave(self, room: RoomName, caller: Caller, subscriber: Subscriber) -> None:
        """Stop listening, go out, and have the others told, if it was in at all."""
        try:
            await self._subscriptions.drop(subscriber)
        finally:
            members = await self._presence.leave(room, subscriber.connection_id)
        if members is not None:
            left = MemberLeft(caller.member, members)
            await self._broadcaster.publish(rooms.audience(room), left)

    async def roster(self, room: RoomName, caller: Caller) -> Roster:
        """Raises `NotAllowed`."""
        await self._access.demand(caller, rooms.audience(room), Right.PRESENCE)
        return await self._presence.roster(room, ROSTER_NAMES)

    async def rooms(self, caller: Caller, limit: int) -> list[RoomSize]:
        """The fullest `limit` rooms; of them, those that `caller` may know of."""
        found = await self._presence.rooms(limit)
        return [
            size
            for size in found
            if await self._access.may(caller, rooms.audience(size.name), Right.PRESENCE)
        ]

    async def recent(self, room: RoomName, caller: Caller, limit: int) -> list[str]:
        """The newest frames of the room, oldest first, as members heard them; raises
        `NotAllowed`."""
        audience = rooms.audience(room)
        await self._access.demand(caller, audience, Right.HISTORY)
        return await self._history.recent(audience, limit)
