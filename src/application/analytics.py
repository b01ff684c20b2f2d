"""Analytics events and their live tally."""

import json

from application.access import Access
from application.limits import Limit, Limits
from application.ports import Broadcaster, Cursor, Subscriber, Subscriptions, Tally
from domain.analytics import ANALYTICS, AnalyticsEvent, Counts, EventRecorded, Json
from domain.capabilities import Right
from domain.identity import Caller, IdempotencyKey

TALLY_NAMES = 100
"""More bars than that no person reads."""


class AnalyticsService:
    def __init__(
        self,
        broadcaster: Broadcaster,
        subscriptions: Subscriptions,
        tally: Tally,
        access: Access,
        limits: Limits,
        *,
        data_limit: int,
    ) -> None:
        self._broadcaster = broadcaster
        self._subscriptions = subscriptions
        self._tally = tally
        self._access = access
        self._limits = limits
        self._data_limit = data_limit

    async def join(self, caller: Caller, subscriber: Subscriber, since: Cursor | None) -> None:
        """Raises `NotAllowed`, `RateLimited`."""
        await self._access.demand_listening(caller, ANALYTICS, since)
        async with self._limits.recovery(caller, since):
            await self._subscriptions.subscribe(ANALYTICS, subscriber, since=since)

    async def record(
        self, caller: Caller, name: str, data: Json, key: str | None = None
    ) -> Cursor | None:
        """Count an event, then store and tell it; see `Broadcaster.publish` for the `key`.

        One that is counted but then can't be stored is refused, and stays counted.
        Raises `NotAllowed`, `EventIsImpossible`, `IdempotencyKeyIsImpossible`, `RateLimited`.
        """
        await self._access.demand(caller, ANALYTICS, Right.PUBLISH)
        event = AnalyticsEvent.parse(name, data, limit=self._data_limit)
        retry_of = None
        if key is not None:
            retry_of = IdempotencyKey.parse(key, caller.member.id, name, json.dumps(data))
            # Before it is counted twice.
            cursor = await self._broadcaster.published(ANALYTICS, retry_of)
            if cursor is not None:
                return cursor
        counted = await self._tally.add_known(event.name)
        if counted is None:
            await self._limits.take(Limit.TALLY_NAMES, caller)
            counted = await self._tally.add(event.name)
        count, total = counted
        recorded = EventRecorded(caller.member, event.name, event.data, count, total)
        return await self._broadcaster.publish(ANALYTICS, recorded, key=retry_of)

    async def counts(self, caller: Caller) -> Counts:
        """Raises `NotAllowed`."""
        await self._access.demand(caller, ANALYTICS, Right.HISTORY)
        return await self._tally.counts(TALLY_NAMES)

    async def leave(self, subscriber: Subscriber) -> None:
        await self._subscriptions.drop(subscriber)
