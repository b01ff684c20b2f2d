"""Notifications on their own lane."""

from application.access import Access
from application.ports import Broadcaster, Subscriber, Subscriptions
from domain import chat
from domain.capabilities import Right
from domain.events import MemberJoined
from domain.identity import Caller
from domain.notifications import NOTIFICATIONS


class NotificationService:
    def __init__(
        self,
        broadcaster: Broadcaster,
        subscriptions: Subscriptions,
        access: Access,
        *,
        text_limit: int,
    ) -> None:
        self._broadcaster = broadcaster
        self._subscriptions = subscriptions
        self._access = access
        self._text_limit = text_limit

    async def join(self, caller: Caller, subscriber: Subscriber) -> None:
        """Raises `NotAllowed`."""
        await self._access.demand_listening(caller, NOTIFICATIONS, None)
        await self._subscriptions.subscribe(NOTIFICATIONS, subscriber)
        await self._broadcaster.publish(NOTIFICATIONS, MemberJoined(caller.member))

    async def notify(self, caller: Caller, text: str) -> None:
        """Raise a member's notice; raises `NotAllowed`, `TextIsEmpty`, `TextIsTooLong`,
        `TextIsNotUnicode`."""
        await self._access.demand(caller, NOTIFICATIONS, Right.PUBLISH)
        notice = chat.say(caller.member, text, limit=self._text_limit)
        await self._broadcaster.publish(NOTIFICATIONS, notice)

    async def leave(self, subscriber: Subscriber) -> None:
        await self._subscriptions.drop(subscriber)
