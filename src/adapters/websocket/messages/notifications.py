from typing import Literal

from chanx.messages.base import BaseMessage
from pydantic import BaseModel

from adapters.websocket.messages.frames import TextPayload


class Notification(BaseMessage):
    """Raises a notice of one's own."""

    action: Literal["notification"] = "notification"
    payload: TextPayload


class NotificationPayload(BaseModel):
    type: Literal["user", "system", "periodic"]
    message: str


class NotificationBroadcast(BaseMessage):
    """A notice, by a user, by the service, or by the clock."""

    action: Literal["notification_broadcast"] = "notification_broadcast"
    payload: NotificationPayload
