"""`/ws/room/{room_name}`: a room of its own for every name."""

from collections.abc import Mapping, Sequence
from typing import Literal, assert_never

from chanx.messages.base import BaseMessage
from pydantic import BaseModel, Field

from adapters.sessions.frames import is_none
from adapters.sessions.host import Host
from adapters.websocket.consumer import FeatureConsumer
from adapters.websocket.feature import AnnouncedFeature, handler
from adapters.websocket.frames import (
    Accepted,
    CausedPayload,
    DurableMessage,
    KeyedMessage,
    MemberPayload,
    TextPayload,
    accepted,
)
from application.ports import Cursor
from application.rooms import RoomService
from domain import rooms
from domain.audiences import Audience, AudienceKind
from domain.events import AnnouncementMade, MemberJoined, MemberLeft, MessageSaid
from domain.identity import RoomName
from domain.rooms import RoomEvent


class RoomChat(KeyedMessage):
    """Says something to everybody in the room."""

    action: Literal["room_chat"] = "room_chat"
    payload: TextPayload


class RoomPayload(CausedPayload):
    """`members` is how many are in the room, where the notice is about that."""

    message: str
    room_name: str
    kind: Literal["joined", "left", "said", "announced"]
    name: str | None = Field(None, exclude_if=is_none)
    members: int | None = Field(None, exclude_if=is_none)


class RoomNotification(DurableMessage):
    """Something was said in the room, or somebody came or went."""

    action: Literal["room_notification"] = "room_notification"
    payload: RoomPayload


class RoomMembersRequest(BaseMessage):
    """Asks who is here."""

    action: Literal["room_members"] = "room_members"
    payload: None = None


class RoomMembersPayload(BaseModel):
    """`members` are names, the first hundred of `count`."""

    room_name: str
    count: int
    members: list[str]


class RoomMembers(BaseMessage):
    """Answers `room_members`."""

    action: Literal["room_members"] = "room_members"
    payload: RoomMembersPayload


class RoomFeature(AnnouncedFeature):
    """Raises `RoomNameIsImpossible` for a path that names no room."""

    audience_kind = AudienceKind.ROOM
    key_name = "room_name"
    emits = [RoomNotification]

    def __init__(self, session: Host, path: Mapping[str, str], service: RoomService) -> None:
        super().__init__(session)
        self._rooms = service
        self._room = RoomName.parse(path["room_name"])
        self.place = rooms.audience(self._room)

    async def open(self, since: Sequence[Cursor]) -> None:
        session = self.session
        await self._rooms.enter(self._room, session.caller, session, next(iter(since), None))

    async def close(self) -> None:
        await self._rooms.leave(self._room, self.session.caller, self.session)

    async def rename(self) -> None:
        await self._rooms.rename(self._room, self.session.caller, self.session)

    @handler
    async def room_chat(self, message: RoomChat) -> Accepted | None:
        text = message.payload.message
        cursor = await self._rooms.say(self._room, self.session.caller, text, message.key)
        return accepted(message.key, cursor)

    @handler
    async def room_members(self, _message: RoomMembersRequest) -> RoomMembers:
        roster = await self._rooms.roster(self._room, self.session.caller)
        payload = RoomMembersPayload(
            room_name=self._room.value,
            count=roster.count,
            members=[member.name for member in roster.members],
        )
        return RoomMembers(payload=payload)

    @staticmethod
    def present(audience: Audience[RoomEvent], event: RoomEvent) -> RoomNotification:
        room = audience.key
        match event:
            case MemberJoined():
                payload = RoomPayload(
                    message=f"🚪 {event.member.name} joined room '{room}'",
                    room_name=room,
                    kind="joined",
                    name=event.member.name,
                    member=MemberPayload.of(event.member),
                    members=event.members,
                )
            case MemberLeft():
                payload = RoomPayload(
                    message=f"👋 {event.member.name} left room '{room}'",
                    room_name=room,
                    kind="left",
                    name=event.member.name,
                    member=MemberPayload.of(event.member),
                    members=event.members,
                )
            case MessageSaid():
                payload = RoomPayload(
                    message=f"💬 {event.text}",
                    room_name=room,
                    kind="said",
                    name=event.member.name,
                    member=MemberPayload.of(event.member),
                )
            case AnnouncementMade():
                payload = RoomPayload(message=event.text.value, room_name=room, kind="announced")
            case _:
                assert_never(event)
        return RoomNotification(payload=payload)


# Of the kind `path`, so that a name with a slash in it is told what is wrong with it.
class RoomConsumer(FeatureConsumer, feature=RoomFeature, path="/room/{room_name:path}"):
    """Chat in a room: who is here, what is said, what was said lately."""
