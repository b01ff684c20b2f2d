from typing import Literal

from chanx.messages.base import BaseMessage
from pydantic import BaseModel, Field

from adapters.websocket.messages.frames import DurableMessage, KeyedMessage, TextPayload


class RoomChat(KeyedMessage):
    """Says something to everybody in the room."""

    action: Literal["room_chat"] = "room_chat"
    payload: TextPayload


class RoomPayload(BaseModel):
    """`members` is how many are in the room, where the notice is about that."""

    message: str
    room_name: str
    kind: Literal["joined", "left", "said", "announced"]
    name: str | None = Field(None, exclude_if=lambda name: name is None)
    members: int | None = Field(None, exclude_if=lambda members: members is None)


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
