"""Public and reliable chat: one service, given another audience."""

from application.ports import Broadcaster, Cursor, Subscriber, Subscriptions
from domain import chat
from domain.audiences import Audience
from domain.chat import ChatEvent
from domain.events import MemberJoined, MemberLeft
from domain.identity import IdempotencyKey, Member


class ChatService:
    def __init__(
        self,
        broadcaster: Broadcaster,
        subscriptions: Subscriptions,
        audience: Audience[ChatEvent],
        *,
        text_limit: int,
    ) -> None:
        self._broadcaster = broadcaster
        self._subscriptions = subscriptions
        self._audience = audience
        self._text_limit = text_limit

    async def join(self, member: Member, subscriber: Subscriber, since: Cursor | None) -> None:
        """Listen, then tell everybody, the newcomer included. Whatever it raises, nobody joined."""
        await self._subscriptions.subscribe(self._audience, subscriber, since=since)
        try:
            await self._broadcaster.publish(self._audience, MemberJoined(member))
        except BaseException:
            await self._subscriptions.drop(subscriber)
            raise

    async def say(self, member: Member, text: str, key: str | None = None) -> Cursor | None:
        """Tell everybody; see `Broadcaster.publish` for what a `key` does on a durable audience.

        Raises `TextIsEmpty`, `TextIsTooLong`, `TextIsNotUnicode`, `IdempotencyKeyIsImpossible`.
        """
        said = chat.say(member, text, limit=self._text_limit)
        retry_of = None if key is None else IdempotencyKey.parse(key, member.id, text)
        return await self._broadcaster.publish(self._audience, said, key=retry_of)

    async def leave(self, member: Member, subscriber: Subscriber) -> None:
        """Stop listening, then tell the others."""
        await self._subscriptions.drop(subscriber)
        await self._broadcaster.publish(self._audience, MemberLeft(member))
