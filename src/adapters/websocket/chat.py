"""`/ws/chat` and `/ws/reliable`: the same conversation on an ephemeral and a durable lane."""

from collections.abc import Mapping, Sequence
from typing import Literal, assert_never

from chanx.messages.base import BaseMessage

from adapters.sessions.host import Host
from adapters.websocket.consumer import FeatureConsumer
from adapters.websocket.feature import AnnouncedFeature, handler
from adapters.websocket.frames import (
    Accepted,
    DurableMessage,
    KeyedMessage,
    MemberPayload,
    SaidPayload,
    TextPayload,
    ToldMessage,
    accepted,
)
from application.chat import ChatService
from application.ports import Cursor
from domain.audiences import Audience, AudienceKind
from domain.chat import CHAT, RELIABLE, ChatEvent
from domain.events import AnnouncementMade, MemberJoined, MemberLeft, MessageSaid


class Chat(BaseMessage):
    """Says something to everybody in the public chat."""

    action: Literal["chat"] = "chat"
    payload: TextPayload


class ChatNotification(ToldMessage):
    """Something was said, or somebody came or went."""

    action: Literal["chat_notification"] = "chat_notification"
    payload: SaidPayload


class ReliableChat(KeyedMessage):
    """Says something to everybody in the reliable chat."""

    action: Literal["reliable_chat"] = "reliable_chat"
    payload: TextPayload


class ReliableChatNotification(DurableMessage):
    """Something was said, or somebody came or went; nothing said is lost."""

    action: Literal["reliable_chat_notification"] = "reliable_chat_notification"
    payload: SaidPayload


class _Conversation(AnnouncedFeature):
    """What both have in common: whoever connects has joined."""

    def __init__(self, session: Host, _path: Mapping[str, str], chat: ChatService) -> None:
        super().__init__(session)
        self._chat = chat
        self._has_joined = False

    async def open(self, since: Sequence[Cursor]) -> None:
        await self._chat.join(self.session.caller, self.session, next(iter(since), None))
        self._has_joined = True

    async def close(self) -> None:
        if self._has_joined:
            await self._chat.leave(self.session.caller, self.session)


class ChatFeature(_Conversation):
    audience_kind = AudienceKind.CHAT
    place = CHAT
    emits = [ChatNotification]

    @handler
    async def chat(self, message: Chat) -> None:
        await self._chat.say(self.session.caller, message.payload.message)

    @staticmethod
    def present(_audience: Audience[ChatEvent], event: ChatEvent) -> ChatNotification:
        match event:
            case MemberJoined():
                text = f"📢 {event.member.name} joined the chat"
            case MessageSaid():
                text = f"💬 {event.text}"
            case MemberLeft():
                text = f"❌ {event.member.name} left the chat."
            case AnnouncementMade():
                text = event.text.value
            case _:
                assert_never(event)
        return ChatNotification(payload=_said(event, text))


class ReliableFeature(_Conversation):
    audience_kind = AudienceKind.RELIABLE
    place = RELIABLE
    emits = [ReliableChatNotification]

    @handler
    async def reliable_chat(self, message: ReliableChat) -> Accepted | None:
        text = message.payload.message
        cursor = await self._chat.say(self.session.caller, text, message.key)
        return accepted(message.key, cursor)

    @staticmethod
    def present(_audience: Audience[ChatEvent], event: ChatEvent) -> ReliableChatNotification:
        match event:
            case MemberJoined():
                text = "🔒 Reliable chat connection established!"
            case MessageSaid():
                text = f"📨 {event.text}"
            case MemberLeft():
                text = "🚪 Left reliable chat!"
            case AnnouncementMade():
                text = event.text.value
            case _:
                assert_never(event)
        return ReliableChatNotification(payload=_said(event, text))


def _said(event: ChatEvent, text: str) -> SaidPayload:
    member = None if isinstance(event, AnnouncementMade) else MemberPayload.of(event.member)
    return SaidPayload(message=text, member=member)


class ChatConsumer(FeatureConsumer, feature=ChatFeature, path="/chat"):
    """Public chat: everybody hears everybody, in real time."""


class ReliableConsumer(FeatureConsumer, feature=ReliableFeature, path="/reliable"):
    """Reliable chat: what is accepted reaches everybody who comes back in time."""
