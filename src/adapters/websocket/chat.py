"""`/ws/chat` and `/ws/reliable`: the same conversation on an ephemeral and a durable lane."""

from chanx.core.decorators import event_handler, ws_handler

from adapters.websocket.connection import Connection
from adapters.websocket.connections import Connections
from adapters.websocket.messages.chat import (
    Chat,
    ChatNotification,
    ReliableChat,
    ReliableChatNotification,
)
from adapters.websocket.messages.frames import Accepted, SystemNotify, accepted
from application.chat import ChatService


class ChatConsumer(Connection):
    """Public chat: everybody hears everybody, in real time."""

    channel_layer_alias = "chat"
    groups = ["chat"]
    emits = [ChatNotification]

    def __init__(self, connections: Connections, chat: ChatService) -> None:
        super().__init__(connections)
        self._chat = chat

    async def opened(self) -> None:
        await self._chat.join(self.member, self, since=None)

    async def closed(self) -> None:
        await self._chat.leave(self.member, self)

    @ws_handler
    async def chat(self, message: Chat) -> None:
        await self._chat.say(self.member, message.payload.message)

    @event_handler
    async def system_notify(self, event: SystemNotify) -> ChatNotification:
        return ChatNotification(payload=event.payload)


class ReliableConsumer(Connection):
    """Reliable chat: what is accepted reaches everybody who comes back in time."""

    channel_layer_alias = "queue"
    groups = ["reliable"]
    emits = [ReliableChatNotification]

    def __init__(self, connections: Connections, reliable: ChatService) -> None:
        super().__init__(connections)
        self._reliable = reliable

    async def opened(self) -> None:
        await self._reliable.join(self.member, self, self.cursor)

    async def closed(self) -> None:
        await self._reliable.leave(self.member, self)

    @ws_handler
    async def reliable_chat(self, message: ReliableChat) -> Accepted | None:
        cursor = await self._reliable.say(self.member, message.payload.message, message.key)
        return accepted(message.key, cursor)

    @event_handler
    async def system_notify(self, event: SystemNotify) -> ReliableChatNotification:
        return ReliableChatNotification(payload=event.payload)
