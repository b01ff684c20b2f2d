"""Notifications on their own lane."""

from application.ports import Broadcaster, Subscriber, Subscriptions
from domain import notifications
from domain.audiences import NOTIFICATIONS
from domain.events import AnnouncementMade, MemberJoined
from domain.identity import Member, MessageText


class NotificationService:
    def __init__(
        self, broadcaster: Broadcaster, subscriptions: Subscriptions, *, text_limit: int
    ) -> None:
        self._broadcaster = broadcaster
        self._subscriptions = subscriptions
        self._text_limit = text_limit

    async def join(self, member: Member, subscriber: Subscriber) -> None:
        await self._subscriptions.subscribe(NOTIFICATIONS, subscriber)
        await self._broadcaster.publish(NOTIFICATIONS, MemberJoined(member))

    async def notify(self, text: str) -> None:
        """Raise a user's notice; raises `TextIsEmpty` or `TextIsTooLong`."""
        notice = notifications.from_user(MessageText.parse(text, limit=self._text_limit))
        await self._broadcaster.publish(NOTIFICATIONS, notice)

    async def announce(self, announcement: AnnouncementMade) -> None:
        notice = notifications.from_service(announcement.text, periodic=announcement.periodic)
        await self._broadcaster.publish(NOTIFICATIONS, notice)

    async def leave(self, subscriber: Subscriber) -> None:
        await self._subscriptions.drop(subscriber)
