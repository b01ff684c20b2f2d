"""Memory and Redis side by side: whatever is done to both, the same can be seen."""

import asyncio
import uuid
from collections.abc import Awaitable
from typing import Any, ClassVar

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from adapters.environment import load_settings
from adapters.redis_connection import Client, connect
from tests.integration.processes import Redis

BOUNDED = settings(max_examples=15, stateful_step_count=30)


class OnRedis(RuleBasedStateMachine):
    """A machine with a loop and a Redis client of its own; each example has its own keys."""

    url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.service = f"backend-{uuid.uuid4().hex}"
        self._runner = asyncio.Runner()
        self.client: Client = connect(
            load_settings(redis_url=self.url, redis_timeout=5, redis_pool=8).redis
        )

    def run(self, doing: Awaitable[Any]) -> Any:
        async def wait() -> Any:
            return await doing

        return self._runner.run(wait())

    def teardown(self) -> None:
        self.run(self.client.aclose(close_connection_pool=True))
        self._runner.close()


def run_side_by_side(machine: type[OnRedis], redis: Redis) -> None:
    machine.url = redis.url
    run_state_machine_as_test(machine, settings=BOUNDED)
