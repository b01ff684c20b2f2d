"""What is fed to a group from Redis, with a history that answers when a test wants it."""

import asyncio
from typing import Any, cast

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

    async def read(self, _group: str, after: Position | None = None, **_more: Any) -> Reading:
        self.asked.set()
        await self.answers.wait()
        start = after.offset if after else self.end
        entries = [entry(offset) for offset in range(start + 1, self.end + 1)]
        return Reading(entry(self.end).position, 0, entries)

    def has_expired_in_silence(self, *_: object) -> bool:
        return False


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
