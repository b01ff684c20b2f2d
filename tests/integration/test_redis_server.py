"""The Redis-compatible server of this suite can be killed, frozen and had back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.integration.processes import Redis

pytestmark = pytest.mark.redis


@pytest.fixture
def kept(redis_binary: Path, tmp_path: Path) -> Iterator[Redis]:
    """One that writes to disk what it holds."""
    with Redis(redis_binary, tmp_path, appendonly="yes", appendfsync="always") as server:
        yield server


@pytest.fixture
def client(redis_server: Redis) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_server.url, socket_timeout=0.2) as client:
        yield client


def test_it_forgets_when_it_is_told_to(redis_server: Redis, client: redis.Redis) -> None:
    client.set("answer", 42)
    redis_server.flush()
    assert client.get("answer") is None


def test_it_comes_back_empty_on_the_same_port(redis_server: Redis, client: redis.Redis) -> None:
    client.set("answer", 42)
    redis_server.kill()
    with pytest.raises(redis.ConnectionError):
        client.get("answer")
    redis_server.restart()
    assert client.get("answer") is None


def test_it_comes_back_with_what_it_wrote(kept: Redis) -> None:
    with redis.Redis.from_url(kept.url) as client:
        client.set("answer", 42)
        kept.restart()
        assert client.get("answer") == b"42"


def test_a_paused_one_says_nothing_until_it_is_resumed(
    redis_server: Redis, client: redis.Redis
) -> None:
    client.set("answer", 42)
    redis_server.pause()
    try:
        with pytest.raises(redis.TimeoutError):
            client.get("answer")
    finally:
        redis_server.resume()
    assert client.get("answer") == b"42"
