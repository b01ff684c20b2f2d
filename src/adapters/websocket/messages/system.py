from typing import Literal

from chanx.messages.base import BaseMessage

from adapters.websocket.messages.frames import TextPayload


class UserMessage(BaseMessage):
    """Says something to the service."""

    action: Literal["user_message"] = "user_message"
    payload: TextPayload


class SystemEcho(BaseMessage):
    """The service says something back."""

    action: Literal["system_echo"] = "system_echo"
    payload: TextPayload
