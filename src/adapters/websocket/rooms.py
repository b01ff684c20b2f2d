"""`/ws/room/{room_name}`: a room of its own for every name."""

from chanx.core.decorators import event_handler, ws_handler

from adapters.websocket.connection import Connection
from adapters.websocket.connections import Connections
from adapters.websocket.messages.frames import Accepted, SystemNotify, accepted
from adapters.websocket.messages.rooms import (
    RoomChat,
    RoomMembers,
    RoomMembersPayload,
    RoomMembersRequest,
    RoomNotification,
    RoomPayload,
)
from application.rooms import RoomService
from domain.identity import RoomName


class RoomConsumer(Connection):
    """Chat in a room: who is here, what is said, what was said lately."""

    channel_layer_alias = "rooms"
    emits = [RoomNotification]

    room: RoomName
    """Set once the path has named one: no handler runs before."""

    def __init__(self, connections: Connections, rooms: RoomService) -> None:
        super().__init__(connections)
        self._rooms = rooms

    async def opened(self) -> None:
        self.room = RoomName.parse(self.scope["path_params"]["room_name"])
        await self._rooms.enter(self.room, self.member, self, self.cursor)

    async def closed(self) -> None:
        if hasattr(self, "room"):
            await self._rooms.leave(self.room, self.member, self)

    @ws_handler
    async def room_chat(self, message: RoomChat) -> Accepted | None:
        text = message.payload.message
        cursor = await self._rooms.say(self.room, self.member, text, message.key)
        return accepted(message.key, cursor)

    @ws_handler
    async def room_members(self, _message: RoomMembersRequest) -> RoomMembers:
        roster = await self._rooms.roster(self.room)
        payload = RoomMembersPayload(
            room_name=self.room.value,
            count=roster.count,
            members=[member.name for member in roster.members],
        )
        return RoomMembers(payload=payload)

    @event_handler
    async def system_notify(self, event: SystemNotify) -> RoomNotification:
        payload = RoomPayload(
            message=event.payload.message, room_name=self.room.value, kind="announced"
        )
        return RoomNotification(payload=payload)
