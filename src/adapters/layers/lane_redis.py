"""The Redis implementation of a lane: one command per message, one subscription per
process and group.

Messages come live over pub/sub. On a durable lane each carries its offset; a process that
sees a gap, or whose connection was lost, reads what is missing from the group's history.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from adapters.lane_table import LanePlan
from adapters.layers.feed_redis import RedisFeed
from adapters.layers.history_redis import RedisHistory
from adapters.layers.lanes import Lane
from adapters.layers.listeners import Listeners
from adapters.layers.position_check import PositionCheck
from adapters.layers.publication import Publication, encode_ephemeral, encode_message
from adapters.layers.publisher_redis import Publisher
from adapters.layers.pubsub_redis import PubSub
from adapters.layers.recovery_window import RecoveryLimit
from adapters.redis_connection import Client, database
from application.errors import Unavailable
from application.ports import Recovery, Subscriber


class RedisLane(Lane):
    """`service` leads all keys, so that several services can share a Redis. `on_loss` is called
    with a group that Redis forgot, once whoever listens to it here is told."""

    def __init__(
        self,
        plan: LanePlan,
        client: Client,
        publisher: Publisher,
        pubsub: PubSub,
        service: str,
        check: PositionCheck,
        limit: RecoveryLimit,
        on_loss: Callable[[str], None] = lambda _group: None,
    ) -> None:
        self.plan = plan
        self._publisher = publisher
        self._pubsub = pubsub
        self._prefix = f"{service}:{plan.prefix or plan.name}"
        self._channels = f"{self._prefix}:{database(client)}"
        self._history = (
            RedisHistory(plan, client, publisher, self._prefix) if plan.is_durable else None
        )
        self._listeners = Listeners(plan.slow_readers)
        self._feeds: dict[str, RedisFeed] = {}
        self._limit = limit
        self._on_loss = on_loss
        check.watch(self._feeds.values)

    async def publish(self, group: str, publication: Publication) -> str | None:
        if self._history is not None:
            _, cursor = await self._history.append(group, self._channel(group), publication)
            return cursor
        payload = encode_ephemeral(publication)
        await self._publisher.send(None, "PUBLISH", self._channel(group), payload)
        return None

    async def published(self, group: str, key: str) -> str | None:
        if self._history is None:
            return None
        asking = Publication("", key=key)
        return (await self._history.append(group, self._channel(group), asking))[1]

    async def grow(self, group: str, publication: Publication) -> bool:
        if self._history is None:
            await self.publish(group, publication)
            return True
        is_taken, _ = await self._history.append(group, self._channel(group), publication)
        return is_taken

    async def text(self, group: str) -> str:
        return "" if self._history is None else await self._history.text(group)

    async def notify(self, group: str, message: Mapping[str, Any]) -> None:
        payload = encode_message(message)
        await self._publisher.send(None, "PUBLISH", self._channel(group), payload)

    async def attach(
        self,
        group: str,
        subscriber: Subscriber,
        *,
        since: str | None = None,
        replay_last: bool = False,
    ) -> Recovery | None:
        if self._listeners.hears(group, subscriber):
            if replay_last:
                await self._feeds[group].repeat_newest(subscriber)
            return None
        feed = await self._join(group)
        try:
            return await feed.admit(subscriber, since, replay_last)
        finally:
            feed.attaching -= 1
            self._leave_if_unheard(group)

    async def detach(self, subscriber: Subscriber, group: str | None = None) -> None:
        for ended in self._listeners.remove(subscriber, group):
            self._leave_if_unheard(ended)

    def attached(self, subscriber: Subscriber) -> int:
        return self._listeners.count(subscriber)

    def is_attached(self, group: str, subscriber: Subscriber) -> bool:
        return self._listeners.hears(group, subscriber)

    async def is_known(self, group: str) -> bool:
        if group in self._listeners:
            return True
        return self._history is not None and await self._history.is_known(group)

    async def recent(self, group: str, limit: int) -> list[str]:
        if self._history is None:
            return []
        reading = await self._history.read(group, newest=limit)
        return [entry.frame for entry in reading.entries]

    def _channel(self, group: str) -> str:
        return f"{self._channels}:{group}"

    async def _join(self, group: str) -> RedisFeed:
        """Have this process hear a group; whoever comes second waits for the first."""
        feed = self._feeds.get(group)
        if feed is None:
            feed = RedisFeed(
                group,
                self._listeners,
                self._history,
                partial(self._leave_if_unheard, group),
                self._limit,
                partial(self._on_loss, group),
            )
            self._feeds[group] = feed
            feed.attaching += 1
            try:
                await self._pubsub.subscribe(self._channel(group), feed)
                await feed.begin()
            except BaseException:
                feed.has_failed = True
                del self._feeds[group]
                self._pubsub.unsubscribe(self._channel(group))
                raise
            finally:
                feed.ready.set()
            return feed
        feed.attaching += 1
        try:
            await feed.ready.wait()
            if feed.has_failed:
                raise Unavailable
        except BaseException:
            feed.attaching -= 1
            raise
        return feed

    def _leave_if_unheard(self, group: str) -> None:
        feed = self._feeds.get(group)
        if feed is not None and not feed.attaching and group not in self._listeners:
            del self._feeds[group]
            self._pubsub.unsubscribe(self._channel(group))
