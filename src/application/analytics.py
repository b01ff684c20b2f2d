"""Analytics events and their live tally."""

import json

from application.ports import Broadcaster, Cursor, Subscriber, Subscriptions, Tally
from domain.analytics import ANALYTICS, AnalyticsEvent, Counts, EventRecorded, Json
from domain.identity import IdempotencyKey, Member

TALLY_NAMES = 100
"""More bars than that no person reads."""


class AnalyticsService:
    def __init__(
        self,
        broadcaster: Broadcaster,
        subscriptions: Subscriptions,
        tally: Tally,
        *,
        data_limit: int,
    ) -> None:
        self._broadcaster = broadcaster
        self._subscriptions = subscriptions
        self._tally = tally
        self._data_limit = data_limit

    async def join(self, subscriber: Subscriber, since: Cursor | None) -> None:
        await self._subscriptions.subscribe(ANALYTICS, subscriber, since=since)

    async def record(
        self, member: Member, name: str, data: Json, key: str | None = None
    ) -> Cursor | None:
        """Count an event, then store and tell it; see `Broadcaster.publish` for the `key`.

        One that is counted but then can't be stored is refused, and stays counted.
        Raises `EventIsImpossible`, `IdempotencyKeyIsImpossible`.
        """
        event = AnalyticsEvent.parse(name, data, limit=self._data_limit)
        retry_of = None
        if key is not None:
            retry_of = IdempotencyKey.parse(key, member.id, name, json.dumps(data))
            # Before it is counted twice.
            cursor = await self._broadcaster.published(ANALYTICS, retry_of)
            if cursor is not None:
                return cursor
        count, total = await self._tally.add(event.name)
        recorded = EventRecorded(event.name, event.data, count, total)
        return await self._broadcaster.publish(ANALYTICS, recorded, key=retry_of)

    async def counts(self) -> Counts:
        return await self._tally.counts(TALLY_NAMES)

    async def leave(self, subscriber: Subscriber) -> None:
        await self._subscriptions.drop(subscriber)
