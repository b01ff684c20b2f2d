"""A client that can't keep up with an audience of which it may miss something."""

import asyncio
import json
from collections.abc import Sequence
from sys import getsizeof

import pytest

from adapters.sessions import disconnects
from adapters.sessions.lossy import LossySubscription
from adapters.sessions.session import Session
from application.ports import Recovery, SlowReaders, Subscriber
from tests.unit.adapters.sessions.visit import ADA, Visit
from tests.unit.adapters.sessions.wire import Wire
from tests.waiting import eventually

LOSSY = [SlowReaders.DROP_OLDEST, SlowReaders.LATEST]
both = pytest.mark.parametrize("policy", LOSSY)


def gap(missed: int) -> str:
    return f'{{"action":"gap","payload":{{"missed":{missed}}}}}'


def deliver(subscriber: Subscriber, frames: Sequence[str]) -> None:
    for frame in frames:
        subscriber.deliver(frame)


async def stuck(policy: SlowReaders) -> tuple[Visit, Subscriber]:
    """A session whose first frame waits to be read, and what an audience has of it."""
    visit = Visit(mailbox_frames=8)
    visit.session.begin()
    visit.wire.is_free = False
    visit.session.send("unread")
    await asyncio.sleep(0)
    return visit, visit.session.lossy(policy)


@both
async def test_what_can_be_written_is_written_at_once(policy: SlowReaders) -> None:
    visit = Visit()
    visit.session.begin()
    deliver(visit.session.lossy(policy), ["a", "b"])
    assert visit.wire.frames == ["a", "b"]


@both
async def test_nothing_overtakes_what_waits(policy: SlowReaders) -> None:
    visit, audience = await stuck(policy)
    audience.deliver("older")
    visit.session.send("answer")
    visit.wire.gets_free()
    visit.session.lossy(policy).deliver("newer")
    await eventually(lambda: visit.wire.frames == ["unread", "older", "answer", "newer"])


@pytest.mark.parametrize(
    ("policy", "heard"),
    [
        (SlowReaders.DROP_OLDEST, [gap(12), *map(str, range(12, 20))]),
        (SlowReaders.LATEST, [gap(19), "19"]),
    ],
    ids=LOSSY,
)
async def test_a_reader_that_is_too_slow_stays_and_is_told_what_it_missed(
    policy: SlowReaders, heard: list[str]
) -> None:
    visit, audience = await stuck(policy)
    deliver(audience, list(map(str, range(20))))
    visit.wire.gets_free()
    await eventually(lambda: visit.wire.frames == ["unread", *heard])
    audience.deliver("live")
    assert visit.wire.frames[-1] == "live"
    assert visit.registry.totals().disconnects == {}
    assert visit.registry.totals().frames_dropped == json.loads(heard[0])["payload"]["missed"]
    assert visit.session.buffered_bytes == 0


@both
async def test_nothing_recovered_and_no_answer_is_ever_dropped(policy: SlowReaders) -> None:
    visit, audience = await stuck(policy)
    deliver(audience, "abcdefghijkl")
    audience.recover(Recovery(2), ["k", "l"])
    visit.session.send("answer")
    deliver(audience, list(map(str, range(20))))
    visit.session.disconnect(disconnects.EXPIRED)
    visit.wire.gets_free()
    await eventually(lambda: visit.wire.closed is not None)
    frames = visit.wire.frames
    recovered = frames.index('{"action":"recovered","payload":{"recovered":true,"missed":2}}')
    assert frames[recovered + 1 : recovered + 3] == ["k", "l"]
    assert "answer" in frames[recovered:]
    assert json.loads(frames[-1])["action"] == "disconnect"
    # Each gap stands on its own side of what was recovered.
    for part, delivered in [(frames[1:recovered], 12), (frames[recovered + 3 : -1], 20)]:
        told = [json.loads(it)["payload"]["missed"] for it in part if it.startswith("{")]
        written = [it for it in part if not it.startswith("{") and it != "answer"]
        assert sum(told) + len(written) == delivered


@both
async def test_a_reader_too_slow_for_its_answers_is_disconnected(policy: SlowReaders) -> None:
    visit, audience = await stuck(policy)
    deliver(audience, "abcdefghijkl")
    for number in range(9):
        visit.session.send(f"answer {number}")
    assert visit.registry.totals().disconnects == {4408: 1}


@both
async def test_who_is_leaving_is_delivered_nothing(policy: SlowReaders) -> None:
    visit, audience = await stuck(policy)
    visit.session.disconnect(disconnects.EXPIRED)
    audience.deliver("too late")
    visit.wire.gets_free()
    await eventually(lambda: visit.wire.closed is not None)
    assert "too late" not in visit.wire.frames


async def test_a_gap_can_be_told_as_the_audience_tells_everything() -> None:
    visit, _ = await stuck(SlowReaders.LATEST)
    audience = LossySubscription(
        visit.session, SlowReaders.LATEST, lambda missed: f"{missed} of it"
    )
    deliver(audience, "abc")
    visit.wire.gets_free()
    await eventually(lambda: visit.wire.frames == ["unread", "2 of it", "c"])


async def test_messages_for_handlers_of_the_session_reach_it() -> None:
    heard = []

    async def note(message: object) -> None:
        heard.append(message)

    visit = Visit()
    session = Session(visit.registry, Wire(), ADA, notify=note)
    session.begin()
    audience = LossySubscription(session, SlowReaders.LATEST)
    audience.notify({"type": "event"})
    await eventually(lambda: heard == [{"type": "event"}])
    assert audience.connection_id == session.connection_id


def test_whoever_waits_for_completions_misses_none() -> None:
    visit = Visit()
    session = Session(visit.registry, Wire(), ADA, after_delivery="group_complete")
    assert session.lossy(SlowReaders.LATEST) is session


class SlowWire(Wire):
    """Its client reads a frame each time that it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.is_free = False
        self._reads = asyncio.Semaphore(0)

    def reads(self) -> None:
        self._reads.release()

    async def send(self, frame: str) -> None:
        await self._reads.acquire()
        self.frames.append(frame)


async def test_the_latest_of_a_thousand_a_second_is_young_for_a_reader_of_ten() -> None:
    """A millisecond an update; the reader takes a frame every hundred of them."""
    visit, wire = Visit(), SlowWire()
    session = Session(visit.registry, wire, ADA)
    session.begin()
    audience = session.lossy(SlowReaders.LATEST)
    ages, kept = [], []
    for update in range(3_000):
        audience.deliver(str(update))
        kept.append(session.buffered_bytes)
        if update % 100 == 99:
            read = len(wire.frames)
            wire.reads()
            await eventually(lambda read=read: len(wire.frames) > read)  # type: ignore[misc]
            if not wire.frames[-1].startswith("{"):
                ages.append(update - int(wire.frames[-1]))
        await asyncio.sleep(0)
    assert len(wire.frames) == 30
    assert max(ages) <= 200
    assert max(kept) <= 2 * getsizeof(str(2_999)), "the newest, and one behind its gap"
    for _ in range(5):
        wire.reads()
    await eventually(lambda: session.buffered_bytes == 0)
    told = [json.loads(it)["payload"]["missed"] for it in wire.frames if it.startswith("{")]
    assert sum(told) + len(wire.frames) - len(told) == 3_000


def test_a_share_of_what_waits_is_that_of_the_newest_alone() -> None:
    visit = Visit()
    audience = visit.session.lossy(SlowReaders.LATEST)
    audience.deliver("a" * 1_000)
    alone = visit.session.buffered_bytes
    audience.deliver("b" * 1_000)
    assert visit.session.buffered_bytes == alone
