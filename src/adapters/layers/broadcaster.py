"""Broadcasting over the lanes: an event is encoded once, then each lane carries text."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from adapters.lane_table import LANE_OF
from adapters.layers.lanes import Lane, audience_of, group_of
from adapters.layers.position import Position
from adapters.layers.publication import Growth, Headers, Publication, named
from application.errors import TooManySubscriptions
from application.ports import (
    Broadcaster,
    Cursor,
    Event,
    GrowingTexts,
    History,
    Recovery,
    Subscriber,
    Subscriptions,
)
from domain.audiences import Audience
from domain.events import FencedEvent, GrowingEvent, LastEvent, PassingEvent, ending_id
from domain.identity import ConnectionId, IdempotencyKey

Encode: TypeAlias = Callable[[Audience[Any], Any], str]
"""Turns an event into the frame that its audience gets, a JSON object."""


class LaneBroadcaster(Broadcaster, GrowingTexts, Subscriptions, History):
    """`stamp` makes the headers of each publication; `subscription_limit` bounds how many audiences
    one connection may listen to."""

    def __init__(
        self,
        lanes: Mapping[str, Lane],
        encode: Encode,
        stamp: Callable[[], Headers] = dict,
        *,
        subscription_limit: int,
    ) -> None:
        self._lanes = lanes
        self._encode = encode
        self._stamp = stamp
        self._subscription_limit = subscription_limit

    async def publish(
        self,
        audience: Audience[Event],
        event: Event,
        *,
        exclude: ConnectionId | None = None,
        key: IdempotencyKey | None = None,
    ) -> Cursor | None:
        publication = self._publication(audience, event, exclude, key)
        cursor = await self._lane(audience).publish(group_of(audience), publication)
        return None if cursor is None else Cursor(cursor)

    async def grow(self, audience: Audience[Event], event: Event) -> bool:
        return await self._lane(audience).grow(
            group_of(audience), self._publication(audience, event)
        )

    async def text(self, audience: Audience[Any]) -> str:
        return await self._lane(audience).text(group_of(audience))

    def tell(self, audience: Audience[Event], subscriber: Subscriber, event: Event) -> None:
        subscriber.deliver(named(self._encode(audience, event), self._headers(audience, event)))

    def _publication(
        self,
        audience: Audience[Any],
        event: object,
        exclude: ConnectionId | None = None,
        key: IdempotencyKey | None = None,
    ) -> Publication:
        return Publication(
            body=self._encode(audience, event),
            exclude=exclude,
            last=isinstance(event, LastEvent),
            passing=isinstance(event, PassingEvent),
            key="" if key is None else key.value,
            headers=self._headers(audience, event),
            fence=event.attempt if isinstance(event, FencedEvent) else 0,
            growth=Growth(event.at, event.append) if isinstance(event, GrowingEvent) else None,
        )

    def _headers(self, audience: Audience[Any], event: object) -> Headers:
        headers = self._stamp()
        if not isinstance(event, LastEvent) or event.at is None:
            return headers
        # Of how something ended people are told later, too, when no history has it any more.
        return {**headers, "id": ending_id(audience.channel), "at": str(int(event.at * 1000))}

    async def published(self, audience: Audience[Any], key: IdempotencyKey) -> Cursor | None:
        cursor = await self._lane(audience).published(group_of(audience), key.value)
        return None if cursor is None else Cursor(cursor)

    async def subscribe(
        self,
        audience: Audience[Any],
        subscriber: Subscriber,
        *,
        since: Cursor | None = None,
        replay_last: bool = False,
    ) -> Recovery | None:
        lane = self._lane(audience)
        group = group_of(audience)
        is_full = lane.attached(subscriber) >= self._subscription_limit
        if is_full and not lane.is_attached(group, subscriber):
            raise TooManySubscriptions(
                f"One connection can follow {self._subscription_limit} of these at a time."
            )
        return await lane.attach(group, subscriber, since=since, replay_last=replay_last)

    def audience_of(self, cursor: Cursor) -> Audience[Any] | None:
        parsed = Position.parse(cursor)
        return None if parsed is None else audience_of(parsed[0])

    async def drop(self, subscriber: Subscriber, audience: Audience[Any] | None = None) -> None:
        if audience is not None:
            await self._lane(audience).detach(subscriber, group_of(audience))
            return
        for lane in self._lanes.values():
            if lane.attached(subscriber):
                await lane.detach(subscriber)

    async def recent(self, audience: Audience[Any], limit: int) -> list[str]:
        return await self._lane(audience).recent(group_of(audience), limit)

    async def is_known(self, audience: Audience[Any]) -> bool:
        return await self._lane(audience).is_known(group_of(audience))

    def _lane(self, audience: Audience[Any]) -> Lane:
        return self._lanes[LANE_OF[audience.kind]]
