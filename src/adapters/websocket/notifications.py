"""`/ws/notifications`: notices by users, by the service and by the clock."""

from chanx.core.decorators import event_handler, ws_handler

from adapters.websocket.connection import Connection
from adapters.websocket.connections import Connections
from adapters.websocket.messages.frames import SystemNotify
from adapters.websocket.messages.notifications import (
    Notification,
    NotificationBroadcast,
    NotificationPayload,
)
from application.notifications import NotificationService


class NotificationsConsumer(Connection):
    """Notices to everybody who listens."""

    channel_layer_alias = "notifications"
    groups = ["notifications"]
    emits = [NotificationBroadcast]

    def __init__(self, connections: Connections, notifications: NotificationService) -> None:
        super().__init__(connections)
        self._notifications = notifications

    async def opened(self) -> None:
        await self._notifications.join(self.member, self)

    async def closed(self) -> None:
        await self._notifications.leave(self)

    @ws_handler
    async def notification(self, message: Notification) -> None:
        await self._notifications.notify(message.payload.message)

    @event_handler
    async def system_notify(self, event: SystemNotify) -> NotificationBroadcast:
        payload = NotificationPayload(type="system", message=event.payload.message)
        return NotificationBroadcast(payload=payload)
