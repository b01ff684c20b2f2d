"""`/ws/notifications`: notices by members, by the service and by the clock."""

from collections.abc import Mapping, Sequence
from typing import Literal, assert_never

from chanx.messages.base import BaseMessage

from adapters.sessions.host import Host
from adapters.websocket.consumer import FeatureConsumer
from adapters.websocket.feature import AnnouncedFeature, handler
from adapters.websocket.frames import MemberPayload, SaidPayload, TextPayload, ToldMessage
from application.notifications import NotificationService
from application.ports import Cursor
from domain.audiences import Audience, AudienceKind
from domain.events import AnnouncementMade, MemberJoined, MessageSaid
from domain.notifications import NOTIFICATIONS, NotificationEvent


class Notification(BaseMessage):
    """Raises a notice of one's own."""

    action: Literal["notification"] = "notification"
    payload: TextPayload


class NotificationPayload(SaidPayload):
    type: Literal["user", "system", "periodic"]


class NotificationBroadcast(ToldMessage):
    """A notice, by a user, by the service, or by the clock."""

    action: Literal["notification_broadcast"] = "notification_broadcast"
    payload: NotificationPayload


class NotificationsFeature(AnnouncedFeature):
    audience_kind = AudienceKind.NOTIFICATIONS
    place = NOTIFICATIONS
    emits = [NotificationBroadcast]

    def __init__(
        self, session: Host, _path: Mapping[str, str], notifications: NotificationService
    ) -> None:
        super().__init__(session)
        self._notifications = notifications

    async def open(self, since: Sequence[Cursor]) -> None:
        await self._notifications.join(self.session.caller, self.session)

    async def close(self) -> None:
        await self._notifications.leave(self.session)

    @handler
    async def notification(self, message: Notification) -> None:
        await self._notifications.notify(self.session.caller, message.payload.message)

    @staticmethod
    def present(
        _audience: Audience[NotificationEvent], event: NotificationEvent
    ) -> NotificationBroadcast:
        match event:
            case MemberJoined():
                payload = NotificationPayload(
                    type="system",
                    message="🔔 Connected to notifications!",
                    member=MemberPayload.of(event.member),
                )
            case MessageSaid():
                payload = NotificationPayload(
                    type="user",
                    message=f"🔔 Notification: {event.text}",
                    member=MemberPayload.of(event.member),
                )
            case AnnouncementMade():
                kind: Literal["periodic", "system"] = "periodic" if event.periodic else "system"
                payload = NotificationPayload(type=kind, message=event.text.value)
            case _:
                assert_never(event)
        return NotificationBroadcast(payload=payload)


class NotificationsConsumer(FeatureConsumer, feature=NotificationsFeature, path="/notifications"):
    """Notices to everybody who listens."""
