"""Rooms: who is in, what is said, what was said lately."""

from application.ports import (
    Broadcaster,
    Cursor,
    History,
    Presence,
    Subscriber,
    Subscriptions,
)
from domain import chat, rooms
from domain.events import MemberJoined, MemberLeft
from domain.identity import IdempotencyKey, Member, RoomName
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
        *,
        text_limit: int,
        member_limit: int,
    ) -> None:
        self._broadcaster = broadcaster
        self._subscriptions = subscriptions
        self._history = history
        self._presence = presence
        self._text_limit = text_limit
        self._member_limit = member_limit

    async def enter(
        self, room: RoomName, member: Member, subscriber: Subscriber, since: Cursor | None
    ) -> None:
        """Come in, listen, and have the others told; raises `RoomIsFull`."""
        audience = rooms.audience(room)
        members = await self._presence.enter(
            room, subscriber.connection_id, member, limit=self._member_limit
        )
        await self._subscriptions.subscribe(audience, subscriber, since=since)
        joined = MemberJoined(member, members)
        await self._broadcaster.publish(audience, joined, exclude=subscriber.connection_id)

    async def say(
        self, room: RoomName, member: Member, text: str, key: str | None = None
    ) -> Cursor | None:
        """Tell everybody in the room; see `Broadcaster.publish` for what a `key` does.

        Raises `TextIsEmpty`, `TextIsTooLong`, `IdempotencyKeyIsImpossible`.
        """
        said = chat.say(member, text, limit=self._text_limit)
        retry_of = None if key is None else IdempotencyKey.parse(key, member.id, text)
        return await self._broadcaster.publish(rooms.audience(room), said, key=retry_of)

    async def leave(self, room: RoomName, member: Member, subscriber: Subscriber) -> None:
        """Stop listening, go out, and have the others told, if it was in at all."""
        try:
            await self._subscriptions.drop(subscriber)
        finally:
            members = await self._presence.leave(room, subscriber.connection_id)
        if members is not None:
            left = MemberLeft(member, members)
            await self._broadcaster.publish(rooms.audience(room), left)

    async def roster(self, room: RoomName) -> Roster:
        return await self._presence.roster(room, ROSTER_NAMES)

    async def rooms(self, limit: int) -> list[RoomSize]:
        return await self._presence.rooms(limit)

    async def recent(self, room: RoomName, limit: int) -> list[str]:
        """The newest frames of the room, oldest first, as members heard them."""
        return await self._history.recent(rooms.audience(room), limit)
