"""Public and reliable chat: one service, given another audience."""

from application.access import Access
from application.limits import Limits
from application.ports import Broadcaster, Cursor, Subscriber, Subscriptions
from domain import chat
from domain.audiences import Audience
from domain.capabilities import Right
from domain.chat import ChatEvent
from domain.events import MemberJoined, MemberLeft
from domain.identity import Caller, IdempotencyKey


class ChatService:
    def __init__(
        self,
        broadcaster: Broadcaster,
        subscriptions: Subscriptions,
        access: Access,
        limits: Limits,
        audience: Audience[ChatEvent],
        *,
        text_limit: int,
    ) -> None:
        self._broadcaster = broadcaster
        self._subscriptions = subscriptions
        self._access = access
        self._limits = limits
        self._audience = audience
        self._text_limit = text_limit

    async def join(self, caller: Caller, subscriber: Subscriber, since: Cursor | None) -> None:
        """Listen, then tell everybody, the newcomer included. Whatever it raises, nobody joined.

        Raises `NotAllowed`, `RateLimited`.
        """
        await self._access.demand_listening(caller, self._audience, since)
        async with self._limits.recovery(caller, since):
            await self._subscriptions.subscribe(self._audience, subscriber, since=since)
        try:
            await self._broadcaster.publish(self._audience, MemberJoined(caller.member))
        except BaseException:
            await self._subscriptions.drop(subscriber)
            raise

    async def say(self, caller: Caller, text: str, key: str | None = None) -> Cursor | None:
        """Tell everybody; see `Broadcaster.publish` for what a `key` does on a durable audience.

        Raises `NotAllowed`, `TextIsEmpty`, `TextIsTooLong`, `TextIsNotUnicode`,
        `IdempotencyKeyIsImpossible`.
        """
        await self._access.demand(caller, self._audience, Right.PUBLISH)
        said = chat.say(caller.member, text, limit=self._text_limit)
        retry_of = None if key is None else IdempotencyKey.parse(key, caller.member.id, text)
        return await self._broadcaster.publish(self._audience, said, key=retry_of)

    async def leave(self, caller: Caller, subscriber: Subscriber) -> None:
        """Stop listening, then tell the others."""
        await self._subscriptions.drop(subscriber)
        await self._broadcaster.publish(self._audience, MemberLeft(caller.member))
