"""What is fed to a group from Redis, with a history that answers when a test wants it."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, cast

import pytest

from adapters.layers import feed_redis
from adapters.layers.feed_redis import RedisFeed
from adapters.layers.history_redis import RedisHistory
from adapters.layers.listeners import Listeners
from adapters.layers.position import Position, stamped
from adapters.layers.recovery import Entry, Reading
from adapters.layers.recovery_window import RecoveryLimit
from tests.contracts.lane import bodies, body
from tests.doubles import RecordingSubscriber
from tests.waiting import DEADLINE

EPOCH = "abcdefabcdef"


def entry(offset: int) -> Entry:
    position = Position(EPOCH, offset, offset)
    return Entry(position, stamped(body(offset), position.cursor("g")))


class SlowHistory:
    """`end` is how far it goes. A reading waits for `answers`."""

    def __init__(self, end: int) -> None:
        self.end = end
        self.answers = asyncio.Event()
        self.asked = asyncio.Event()
        self.on_answer: Callable[[], None] = lambda: None

    async def read(self, _group: str, after: Position | None = None, **_more: Any) -> Reading:
        self.asked.set()
        await self.answers.wait()
        start = after.offset if after else self.end
        entries = [entry(offset) for offset in range(start + 1, self.end + 1)]
        end = self.end
        self.on_answer()
        return Reading(entry(end).position, 0, entries)

    def has_expired_in_silence(self, *_: object) -> bool:
        return False


def live(offset: int, *, passing: bool = False) -> bytes:
    """As `append.lua` tells it."""
    number = 1000 + offset if passing else offset
    head = {"v": 2, "p": f"{EPOCH} {offset} {offset}", "x": "", "l": False, "h": {}, "n": passing}
    return f"{json.dumps(head)}\n{body(number)}".encode()


class OneListener:
    """One listener of a feed that catches up from 5 on, and waits for its history."""

    def __init__(self) -> None:
        self.history = SlowHistory(5)
        self.history.answers.set()
        self.ada = RecordingSubscriber("ada")
        history = cast(RedisHistory, self.history)
        self.feed = RedisFeed("g", Listeners(), history, lambda: None, RecoveryLimit(1))

    async def begin(self) -> None:
        await self.feed.begin()
        await self.feed.admit(self.ada, None, replay_last=False)

    async def catch_up(self, end: int) -> asyncio.Task[None]:
        """Begin to read; what has been asked for is answered once `answers` is set."""
        self.history.answers.clear()
        self.history.asked.clear()
        self.history.end = end
        reading = asyncio.create_task(self.feed.resumed())
        await asyncio.wait_for(self.history.asked.wait(), DEADLINE)
        return reading

    async def end(self, reading: asyncio.Task[None]) -> None:
        self.history.answers.set()
        await asyncio.wait_for(reading, DEADLINE)


@pytest.fixture
async def one() -> OneListener:
    one = OneListener()
    await one.begin()
    return one


async def test_what_is_published_during_a_catching_up_comes_after_it(one: OneListener) -> None:
    reading = await one.catch_up(7)
    told = [live(6), live(7), live(7, passing=True), live(8), live(8, passing=True)]
    assert [one.feed.heard(payload) for payload in told] == [False] * len(told)
    assert one.ada.frames == []

    await one.end(reading)
    assert one.ada.bodies == bodies(6, 7, 1007, 8, 1008)
    assert one.ada.recoveries == []


async def test_what_shows_another_gap_during_a_catching_up_is_read_as_well(
    one: OneListener,
) -> None:
    reading = await one.catch_up(7)
    one.feed.heard(live(9))
    one.feed.heard(live(10))
    one.history.on_answer = lambda: setattr(one.history, "end", 10)
    await one.end(reading)
    assert one.ada.bodies == bodies(6, 7, 8, 9, 10)


async def test_more_than_is_kept_during_a_catching_up_is_read_from_history(
    one: OneListener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_redis, "LATER_BYTES", 3 * len(live(8)))
    reading = await one.catch_up(7)
    one.history.on_answer = lambda: setattr(one.history, "end", 20)
    for offset in range(8, 21):
        one.feed.heard(live(offset))
    assert len(one.feed._later) <= 3

    await one.end(reading)
    assert one.ada.bodies == bodies(*range(6, 21))
    assert one.feed.heard(live(21)) is False
    assert one.ada.bodies[-1:] == bodies(21)


async def test_a_notice_that_shows_a_gap_is_told_once_that_is_made_up_for(
    one: OneListener,
) -> None:
    one.history.end = 7
    assert one.feed.heard(live(7, passing=True)) is True
    assert one.ada.frames == []
    await one.feed.resumed()
    assert one.ada.bodies == bodies(6, 7, 1007)


async def test_who_comes_during_a_catching_up_hears_only_what_comes_after_it() -> None:
    history, listeners = SlowHistory(5), Listeners()
    history.answers.set()
    feed = RedisFeed("g", listeners, cast(RedisHistory, history), lambda: None, RecoveryLimit(1))
    await feed.begin()
    ada, late = RecordingSubscriber("ada"), RecordingSubscriber("late")
    await feed.admit(ada, None, replay_last=False)

    history.answers.clear()
    history.asked.clear()
    history.end = 7
    catching_up = asyncio.create_task(feed.resumed())
    await asyncio.wait_for(history.asked.wait(), DEADLINE)
    coming = asyncio.create_task(feed.admit(late, None, replay_last=False))
    await asyncio.sleep(0)
    history.answers.set()
    await asyncio.wait_for(asyncio.gather(catching_up, coming), DEADLINE)

    assert ada.bodies == bodies(6, 7)
    assert late.frames == []
    assert late.recoveries == []
