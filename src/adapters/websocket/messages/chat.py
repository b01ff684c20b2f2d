from typing import Literal

from chanx.messages.base import BaseMessage

from adapters.websocket.messages.frames import DurableMessage, KeyedMessage, TextPayload


class Chat(BaseMessage):
    """Says something to everybody in the public chat."""

    action: Literal["chat"] = "chat"
    payload: TextPayload


class ChatNotification(BaseMessage):
    """Something was said, or somebody came or went."""

    action: Literal["chat_notification"] = "chat_notification"
    payload: TextPayload


class ReliableChat(KeyedMessage):
    """Says something to everybody in the reliable chat."""

    action: Literal["reliable_chat"] = "reliable_chat"
    payload: TextPayload


class ReliableChatNotification(DurableMessage):
    """Something was said, or somebody came or went; none of it is lost."""

    action: Literal["reliable_chat_notification"] = "reliable_chat_notification"
    payload: TextPayload
