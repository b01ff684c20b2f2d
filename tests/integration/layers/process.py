"""The lanes of one server process, without the server."""

from collections.abc import Callable
from typing import Self

from adapters.lane_table import LanePlan
from adapters.layers.lane_redis import RedisLane
from adapters.layers.position_check import PositionCheck
from adapters.layers.publisher_redis import Publisher
from adapters.layers.pubsub_redis import PubSub
from adapters.layers.recovery_window import RecoveryLimit
from adapters.redis_connection import Client

TIMEOUT = 5.0
SILENCE = 600.0
"""Probes would be counted among other commands."""


class LaneProcess:
    """What the lanes of a process share; `service` leads all its keys."""

    def __init__(self, client: Client, service: str) -> None:
        self.service = service
        self._client = client
        self._publisher = Publisher(client, backlog=10_000)
        self._pubsub = PubSub(client, service, timeout=TIMEOUT, silence=SILENCE)
        self.limit = RecoveryLimit(8 * 1024 * 1024)
        self.check = PositionCheck(client, interval=0.01)
        """Not started: its commands would be counted among others."""

    def lane(
        self, plan: LanePlan, on_loss: Callable[[str], None] = lambda _group: None
    ) -> RedisLane:
        return RedisLane(
            plan,
            self._client,
            self._publisher,
            self._pubsub,
            self.service,
            self.check,
            self.limit,
            on_loss,
        )

    async def __aenter__(self) -> Self:
        self._publisher.start()
        await self._pubsub.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pubsub.stop()
        await self._publisher.stop()


async def forget(client: Client, service: str) -> None:
    """Delete all that a service has on Redis."""
    await client.delete(*[key async for key in client.scan_iter(f"{service}:*")])
