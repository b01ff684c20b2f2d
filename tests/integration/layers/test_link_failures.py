"""What goes wrong in one listener or one batch harms nobody else, and nobody waits for ever."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.exceptions import TimeoutError as RedisTimeoutError

from adapters import background_task
from adapters.layers.publisher_redis import Publisher
from adapters.layers.pubsub_redis import PubSub
from adapters.redis_connection import Client
from application.errors import Unavailable
from tests.waiting import DEADLINE, Signal, eventually

pytestmark = pytest.mark.redis


class Ears:
    """A listener that raises what it is told to."""

    def __init__(self) -> None:
        self.heard_so_far: list[bytes] = []
        self.resumed_so_far = 0
        self.raises: Exception | None = None
        self._signal = Signal()

    def heard(self, payload: bytes) -> bool:
        self.heard_so_far.append(payload)
        self._end_of_call()
        return False

    async def resumed(self) -> None:
        self.resumed_so_far += 1
        self._end_of_call()

    def _end_of_call(self) -> None:
        self._signal.changed()
        if self.raises is not None:
            raise self.raises

    async def until_heard(self, *payloads: bytes) -> None:
        await self._signal.until(
            lambda: self.heard_so_far == list(payloads), lambda: f"heard {self.heard_so_far}"
        )

    async def until_resumed(self, times: int) -> None:
        await self._signal.until(
            lambda: self.resumed_so_far >= times, lambda: f"resumed {self.resumed_so_far} times"
        )


@pytest.fixture
async def pubsub(redis_client: Client, prefix: str) -> AsyncIterator[PubSub]:
    """It probes often."""
    pubsub = PubSub(redis_client, prefix, timeout=5, silence=2)
    await pubsub.start()
    yield pubsub
    await pubsub.stop()


@pytest.fixture
async def publisher(redis_client: Client) -> AsyncIterator[Publisher]:
    publisher = Publisher(redis_client, backlog=100)
    publisher.start()
    yield publisher
    await publisher.stop()


@pytest.mark.parametrize(
    "error",
    [ValueError(), RecursionError(), NotImplementedError(), Unavailable(), RedisTimeoutError()],
    ids=lambda error: type(error).__name__,
)
async def test_a_listener_that_raises_harms_no_other_and_is_told_to_resume(
    error: Exception,
    pubsub: PubSub,
    redis_client: Client,
    prefix: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    good, bad = Ears(), Ears()
    await pubsub.subscribe(f"{prefix}:good", good)
    await pubsub.subscribe(f"{prefix}:bad", bad)
    bad.raises = error

    for channel in ("bad", "good", "bad", "good"):
        await redis_client.publish(f"{prefix}:{channel}", b"tea")

    await good.until_heard(b"tea", b"tea")
    await bad.until_heard(b"tea", b"tea")
    await bad.until_resumed(2)
    pubsub.check()
    assert pubsub.away_for() == 0
    assert good.resumed_so_far == 0
    says = "can't read what it missed" if isinstance(error, Unavailable) else "a listener failed"
    assert caplog.text.count(says) == 1
    assert "the connection to Redis" not in caplog.text

    bad.raises = None
    resumed = bad.resumed_so_far
    await bad.until_resumed(resumed + 1)
    await eventually(lambda: not pubsub._catching_up._failed)


class SlowEars(Ears):
    """Takes as long as a test wants to read what it missed."""

    def __init__(self) -> None:
        super().__init__()
        self.may_end = asyncio.Event()

    async def resumed(self) -> None:
        await super().resumed()
        await self.may_end.wait()


async def test_one_that_has_much_to_read_after_a_lost_connection_holds_up_no_other(
    pubsub: PubSub, redis_client: Client, prefix: str
) -> None:
    slow, good = SlowEars(), Ears()
    await pubsub.subscribe(f"{prefix}:slow", slow)
    await pubsub.subscribe(f"{prefix}:good", good)

    await redis_client.client_kill_filter(_type="pubsub")
    await slow.until_resumed(1)
    await good.until_resumed(1)
    for channel in ("slow", "good"):
        await redis_client.publish(f"{prefix}:{channel}", b"tea")

    await good.until_heard(b"tea")
    await slow.until_heard(b"tea")
    slow.may_end.set()
    await eventually(lambda: not pubsub._catching_up._behind)


async def test_what_is_lost_while_one_reads_what_it_missed_is_read_once_more(
    pubsub: PubSub, redis_client: Client, prefix: str
) -> None:
    slow, good = SlowEars(), Ears()
    await pubsub.subscribe(f"{prefix}:slow", slow)
    await pubsub.subscribe(f"{prefix}:good", good)
    for times in (1, 2):
        await redis_client.client_kill_filter(_type="pubsub")
        await good.until_resumed(times)
    assert slow.resumed_so_far == 1
    slow.may_end.set()
    await slow.until_resumed(2)


async def test_a_failed_batch_fails_its_callers_and_the_next_goes_out(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background_task, "FIRST_PAUSE", 0.001)
    sends = [publisher.send(None, "ECHO", text) for text in ("tea", "\ud800")]
    async with asyncio.timeout(DEADLINE):
        results = await asyncio.gather(*sends, return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable, Unavailable]
    assert "UnicodeEncodeError" in caplog.text

    await eventually(lambda: publisher._task.is_running)
    assert await publisher.send(None, "ECHO", "more tea") == b"more tea"


async def test_while_the_publisher_is_down_it_refuses_at_once_and_says_so(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background_task, "FIRST_PAUSE", 3600)
    publisher.check()
    for _ in range(2):
        with pytest.raises(Unavailable):
            async with asyncio.timeout(DEADLINE):
                await publisher.send(None, "ECHO", "\ud800")
    with pytest.raises(Unavailable, match="publisher"):
        publisher.check()


async def test_what_is_sent_after_the_end_is_refused(redis_client: Client) -> None:
    publisher = Publisher(redis_client, backlog=100)
    publisher.start()
    await publisher.stop()
    with pytest.raises(Unavailable):
        async with asyncio.timeout(DEADLINE):
            await publisher.send(None, "PING")
