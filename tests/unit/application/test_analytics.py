"""Analytics events and their live tally."""

import math

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from adapters.storage.tally_memory import OTHER_NAMES, MemoryTally
from application.analytics import TALLY_NAMES, AnalyticsService
from application.errors import Unavailable
from application.ports import Recovery
from domain.analytics import Counts, EventRecorded, Json
from domain.errors import EventIsImpossible, IdempotencyKeyIsImpossible
from tests.doubles import EventBook, FragileBroadcaster, ManualClock, RecordingSubscriber
from tests.unit.application.people import ACCESS, ADA, BOB, limits


def tally_of(name_limit: int) -> MemoryTally:
    return MemoryTally(ManualClock(), name_limit=name_limit, expiry=60)


@pytest.fixture
def analytics(broadcaster: LaneBroadcaster) -> AnalyticsService:
    return AnalyticsService(broadcaster, broadcaster, tally_of(2), ACCESS, limits(), data_limit=100)


async def test_a_recorded_event_is_told_with_its_counts(
    analytics: AnalyticsService, book: EventBook
) -> None:
    ada = RecordingSubscriber("ada")
    await analytics.join(ADA, ada, None)

    await analytics.record(ADA, "view", {"path": "/"})
    await analytics.record(ADA, "click", None)
    await analytics.record(ADA, "view", [1, 2])

    assert book.heard_by(ada) == [
        EventRecorded(ADA.member, "view", {"path": "/"}, 1, 1),
        EventRecorded(ADA.member, "click", None, 1, 2),
        EventRecorded(ADA.member, "view", [1, 2], 2, 3),
    ]
    assert await analytics.counts(ADA) == Counts(3, {"view": 2, "click": 1})


@pytest.mark.parametrize(
    ("name", "data"), [("", None), ("n" * 201, None), ("view", "x" * 101), ("view", math.nan)]
)
async def test_an_impossible_event_is_neither_counted_nor_told(
    analytics: AnalyticsService, book: EventBook, name: str, data: Json
) -> None:
    with pytest.raises(EventIsImpossible):
        await analytics.record(ADA, name, data)

    assert book.encoded == []
    assert await analytics.counts(ADA) == Counts()


async def test_one_name_too_many_is_told_as_itself_but_counted_among_others(
    analytics: AnalyticsService, book: EventBook
) -> None:
    ada = RecordingSubscriber("ada")
    await analytics.join(ADA, ada, None)

    for name in ("a", "b", "c", "d"):
        await analytics.record(ADA, name, None)

    assert book.heard_by(ada)[-1] == EventRecorded(ADA.member, "d", None, None, 4)
    assert await analytics.counts(ADA) == Counts(4, {OTHER_NAMES: 2, "a": 1, "b": 1})


async def test_a_hundred_names_are_listed_at_most(broadcaster: LaneBroadcaster) -> None:
    analytics = AnalyticsService(
        broadcaster, broadcaster, tally_of(999), ACCESS, limits(), data_limit=100
    )
    for number in range(120):
        await analytics.record(ADA, f"event {number}", None)

    counts = await analytics.counts(ADA)

    assert TALLY_NAMES == 100
    assert (counts.total, len(counts.by_name)) == (120, 100)


async def test_an_event_that_can_not_be_stored_is_refused_and_stays_counted(
    broadcaster: LaneBroadcaster,
) -> None:
    fragile = FragileBroadcaster(broadcaster)
    analytics = AnalyticsService(
        fragile, broadcaster, tally_of(9), ACCESS, limits(), data_limit=100
    )
    fragile.broken_for = (EventRecorded,)

    with pytest.raises(Unavailable):
        await analytics.record(ADA, "view", None)

    assert (await analytics.counts(ADA)).total == 1


async def test_whoever_comes_back_gets_the_events_missed(
    analytics: AnalyticsService, book: EventBook
) -> None:
    ada = RecordingSubscriber("ada")
    await analytics.join(ADA, ada, None)
    await analytics.record(ADA, "seen", None)
    await analytics.leave(ada)
    await analytics.record(ADA, "missed", None)

    await analytics.join(ADA, ada, ada.cursor)

    assert ada.recoveries == [Recovery(1)]
    assert book.heard_by(ada)[-1] == EventRecorded(ADA.member, "missed", None, 1, 2)


async def test_whoever_leaves_hears_nothing_more(analytics: AnalyticsService) -> None:
    ada = RecordingSubscriber("ada")
    await analytics.join(ADA, ada, None)

    await analytics.leave(ada)
    await analytics.record(ADA, "view", None)

    assert ada.frames == []


async def test_an_event_recorded_again_under_its_key_is_neither_counted_nor_told_again(
    analytics: AnalyticsService, book: EventBook
) -> None:
    ada = RecordingSubscriber("ada")
    await analytics.join(ADA, ada, None)

    first = await analytics.record(ADA, "view", {"path": "/"}, "k")

    assert first is not None
    assert await analytics.record(ADA, "view", {"path": "/"}, "k") == first
    assert book.heard_by(ada) == [EventRecorded(ADA.member, "view", {"path": "/"}, 1, 1)]
    assert await analytics.counts(ADA) == Counts(1, {"view": 1})


async def test_another_event_under_the_same_key_is_another_event(
    analytics: AnalyticsService, book: EventBook
) -> None:
    first = await analytics.record(ADA, "view", {"path": "/"}, "k")

    assert await analytics.record(ADA, "view", {"path": "/about"}, "k") != first
    assert await analytics.record(ADA, "click", {"path": "/"}, "k") != first
    assert await analytics.record(BOB, "view", {"path": "/"}, "k") != first
    assert await analytics.counts(ADA) == Counts(4, {"view": 3, "click": 1})


async def test_an_impossible_key_counts_nothing(analytics: AnalyticsService) -> None:
    with pytest.raises(IdempotencyKeyIsImpossible):
        await analytics.record(ADA, "view", None, "not a key")

    assert await analytics.counts(ADA) == Counts()
