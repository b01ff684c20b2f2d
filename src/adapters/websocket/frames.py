"""Frames that every socket shares, and what durable frames have in common."""

from abc import ABC
from typing import Literal, Self

from chanx.messages.base import BaseMessage
from pydantic import BaseModel, Field

from adapters.sessions.frames import DisconnectPayload, GapPayload, RecoveredPayload, is_none
from domain.identity import Member


class TextPayload(BaseModel):
    message: str


class MemberPayload(BaseModel):
    """`id` is who it is, the same on every connection; `name` is for people, and may be anything
    that a member chose."""

    id: str
    name: str

    @classmethod
    def of(cls, member: Member) -> Self:
        return cls(id=member.id, name=member.name)


class CausedPayload(BaseModel):
    """What a member may have caused."""

    member: MemberPayload | None = Field(None, exclude_if=is_none)


class SaidPayload(TextPayload, CausedPayload):
    """What was said; without a `member`, by the service."""


class ToldMessage(BaseMessage, ABC):
    """What an audience hears: `id` is the same for all who hear it, and in history; `at` is when
    it was accepted, in milliseconds since 1970."""

    id: str | None = Field(None, exclude_if=is_none)
    at: int | None = Field(None, exclude_if=is_none)


class DurableMessage(ToldMessage, ABC):
    """A frame of a durable socket: `cursor` is the place to come back to with `?since=`, `seq` its
    number in the order of its audience, if it has one."""

    seq: int | None = Field(None, exclude_if=is_none)
    cursor: str | None = Field(None, exclude_if=is_none)


class KeyedMessage(BaseMessage, ABC):
    """What a client sends to a durable audience. With a `key` of its own choice (1 to 64 visible
    ASCII characters, such as a UUID) it is safe to send the same once more."""

    key: str | None = None


class AcceptedPayload(BaseModel):
    """`cursor` is where the message stands in its audience's order. It is no place to come back
    to with `?since=`: what others said before may still be on its way."""

    key: str
    cursor: str


class Accepted(BaseMessage):
    """History holds what was sent under `key`; a retry is answered with the same."""

    action: Literal["accepted"] = "accepted"
    payload: AcceptedPayload


def accepted(key: str | None, cursor: str | None) -> Accepted | None:
    """The answer to a send that had a key."""
    if key is None or cursor is None:
        return None
    return Accepted(payload=AcceptedPayload(key=key, cursor=cursor))


# Sessions write these two themselves; here they are for the document.


class Recovered(BaseMessage):
    """Answers a connection that came back with `?since=`."""

    action: Literal["recovered"] = "recovered"
    payload: RecoveredPayload


class Gap(BaseMessage):
    """What an audience was told is left out here: the client doesn't keep up with it."""

    action: Literal["gap"] = "gap"
    payload: GapPayload


class Disconnect(BaseMessage):
    """Precedes a close by the server."""

    action: Literal["disconnect"] = "disconnect"
    payload: DisconnectPayload


class SystemNotify(BaseMessage):
    """A channel event: other code sends it with `SomeConsumer.broadcast_event(…)`."""

    action: Literal["system_notify"] = "system_notify"
    payload: TextPayload
