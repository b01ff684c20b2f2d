"""Notifications on their own lane."""

from application.ports import Broadcaster, Subscriber, Subscriptions
from domain import chat
from domain.events import MemberJoined
from domain.identity import Member
from domain.notifications import NOTIFICATIONS


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

    async def notify(self, member: Member, text: str) -> None:
        """Raise a member's notice; raises `TextIsEmpty`, `TextIsTooLong`, `TextIsNotUnicode`."""
        notice = chat.say(member, text, limit=self._text_limit)
        await self._broadcaster.publish(NOTIFICATIONS, notice)

    async def leave(self, subscriber: Subscriber) -> None:
        await self._subscriptions.drop(subscriber)
