"""The queue on Redis, and what its workers run."""

import pytest

from adapters.jobs.queue_arq import ArqJobQueue
from adapters.redis_connection import Client
from tests.integration.jobs.working import Work


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def queue(redis_client: Client, prefix: str) -> ArqJobQueue:
    return ArqJobQueue(redis_client, prefix)
