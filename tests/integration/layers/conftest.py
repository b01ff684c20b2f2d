"""What lanes on Redis stand on."""

from collections.abc import AsyncIterator

import pytest

from adapters.redis_connection import Client
from tests.integration.layers.process import LaneProcess


@pytest.fixture
async def process(redis_client: Client, prefix: str) -> AsyncIterator[LaneProcess]:
    async with LaneProcess(redis_client, prefix) as process:
        yield process


@pytest.fixture
async def other_process(redis_client: Client, prefix: str) -> AsyncIterator[LaneProcess]:
    """Another one of the same service."""
    async with LaneProcess(redis_client, prefix) as process:
        yield process
