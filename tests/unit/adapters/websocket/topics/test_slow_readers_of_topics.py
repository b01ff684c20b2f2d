"""A topic on a lane whose slow readers stay: they are told what they missed, by topic."""

import asyncio
import json

from adapters.sessions.droppable import Backlog
from adapters.websocket.topic_host import TopicHost
from application.ports import SlowReaders, Subscriber
from tests.unit.adapters.sessions.visit import Visit
from tests.waiting import eventually

TOPIC = "room:lobby"


async def stuck(policy: SlowReaders) -> tuple[Visit, TopicHost, Subscriber]:
    """A topic of a session whose first frame waits to be read."""
    visit = Visit(mailbox_frames=8)
    visit.session.begin()
    visit.wire.is_free = False
    visit.session.send('{"action":"unread"}')
    await asyncio.sleep(0)
    host = TopicHost(visit.session, TOPIC, 1)
    return visit, host, host.lossy(policy)


async def heard(visit: Visit, count: int) -> list[object]:
    """By action, or by number; all but `subscribed` with the topic."""
    visit.wire.gets_free()
    await eventually(lambda: len(visit.wire.frames) >= count)
    frames = [json.loads(frame) for frame in visit.wire.frames[1:]]
    assert {frame["topic"] for frame in frames} == {TOPIC}
    return [frame.get("n", (frame.get("action"), frame.get("payload"))) for frame in frames]


def numbers(subscriber: Subscriber, *given: int) -> None:
    for number in given:
        subscriber.deliver(f'{{"n":{number}}}')


async def test_what_is_dropped_is_told_with_the_topic() -> None:
    visit, host, subscription = await stuck(SlowReaders.LATEST)
    host.answer(None)
    numbers(subscription, *range(5))
    assert (await heard(visit, 4))[1:] == [("gap", {"missed": 4}), 4]


async def test_nothing_is_dropped_before_it_has_begun() -> None:
    visit, host, subscription = await stuck(SlowReaders.LATEST)
    numbers(subscription, 0, 1, 2)
    host.answer(None)
    assert (await heard(visit, 5))[1:] == [0, 1, 2]


async def test_nothing_is_kept_after_its_end() -> None:
    visit, host, subscription = await stuck(SlowReaders.DROP_OLDEST)
    host.answer(None)
    numbers(subscription, 0)
    host.end()
    numbers(subscription, 1)
    host.keep_droppable(Backlog(newest_only=True), '{"n":2}')
    assert (await heard(visit, 3))[1:] == [0]
    await asyncio.sleep(0)
    assert len(visit.wire.frames) == 3


async def test_what_can_be_written_is_written_at_once() -> None:
    visit = Visit()
    visit.session.begin()
    host = TopicHost(visit.session, TOPIC, 1)
    subscription = host.lossy(SlowReaders.LATEST)
    host.answer(None)
    await eventually(lambda: len(visit.wire.frames) == 1)
    numbers(subscription, 0, 1)
    assert [json.loads(frame).get("n") for frame in visit.wire.frames[1:]] == [0, 1]
