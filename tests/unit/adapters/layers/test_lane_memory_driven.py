"""The lane in memory driven at random: whatever happened, a cursor brings what was missed."""

from dataclasses import replace
from itertools import accumulate
from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from adapters.layers.lane_memory import MemoryLane
from application.ports import LossReason, Recovery
from tests.contracts.lane import DURABLE, bodies, body, publish
from tests.doubles import ManualClock, RecordingSubscriber, cursor_of

Deed: TypeAlias = tuple[str, int]

deeds = st.lists(
    st.tuples(st.just("publish"), st.integers(1, 4))
    | st.tuples(st.just("pass seconds"), st.integers(0, 12))
    | st.tuples(st.just("come back"), st.integers(0, 50)),
    max_size=25,
)


class Told:
    """A model of one group's history: everything ever published, and when."""

    def __init__(self, capacity: int, expiry: int, group_bytes: int) -> None:
        self.capacity, self.expiry, self.group_bytes = capacity, expiry, group_bytes
        self.moments: list[float] = []
        self.cursors: list[str] = []
        self._first_kept = 0

    def kept_from(self, now: float) -> int:
        """The number of the oldest frame that history still has to hold."""
        young = [n for n, at in enumerate(self.moments) if at >= now - self.expiry]
        oldest_young = young[0] if young else len(self.moments)
        # What was trimmed stays trimmed.
        self._first_kept = max(
            self._first_kept,
            oldest_young,
            len(self.moments) - self.capacity,
            len(self.moments) - self._fitting(),
        )
        return self._first_kept

    def _fitting(self) -> int:
        """How many of the newest have no more bytes than there may be; the newest fits anyhow."""
        sizes = accumulate(len(body(n)) for n in reversed(range(len(self.moments))))
        return max(1, sum(size <= self.group_bytes for size in sizes))

    def expected(self, returning_at: int, now: float) -> tuple[Recovery, list[str]]:
        """What to get for the cursor of frame number `returning_at`."""
        first = max(returning_at + 1, self.kept_from(now))
        frames = bodies(*range(first, len(self.moments)))
        if first == returning_at + 1:
            return Recovery(len(frames)), frames
        expired = self.moments[returning_at] < now - self.expiry
        reason = LossReason.EXPIRED if expired else LossReason.TRIMMED
        return Recovery(len(frames), reason), frames


@given(deeds, st.integers(1, 8), st.integers(1, 30), st.integers(1, 60))
async def test_whatever_happened_a_cursor_brings_exactly_what_was_missed_or_a_reason(
    deeds: list[Deed], capacity: int, expiry: int, group_bytes: int
) -> None:
    clock = ManualClock()
    plan = replace(DURABLE, capacity=capacity, expiry=expiry, group_bytes=group_bytes)
    lane = MemoryLane(plan, clock)
    told = Told(capacity, expiry, group_bytes)
    listener = RecordingSubscriber("always there")
    await lane.attach("g", listener)

    async def check_coming_back(number: int) -> None:
        ada = RecordingSubscriber()
        expected, frames = told.expected(number, clock.now())
        recovery = await lane.attach("g", ada, since=told.cursors[number])
        await lane.detach(ada)
        assert (recovery, ada.bodies) == (expected, frames)
        assert ada.recoveries == [recovery]

    for deed, number in deeds:
        match deed:
            case "publish":
                for _ in range(number):
                    await publish(lane, "g", len(told.moments))
                    told.moments.append(clock.now())
                    told.cursors.append(cursor_of(listener.frames[-1]))
                    told.kept_from(clock.now())
            case "pass seconds":
                await clock.advance(number)
            case "come back" if told.cursors:
                await check_coming_back(number % len(told.cursors))

    for number in range(len(told.cursors)):
        await check_coming_back(number)
    assert listener.bodies == bodies(*range(len(told.moments)))


@given(deeds, st.text(max_size=40).filter(lambda text: text != "0"))
async def test_whatever_happened_a_stranger_with_any_text_is_answered(
    deeds: list[Deed], since: str
) -> None:
    clock = ManualClock()
    lane = MemoryLane(DURABLE, clock)
    for deed, number in deeds:
        if deed == "publish":
            await publish(lane, "g", number)
        else:
            await clock.advance(number)
    stranger = RecordingSubscriber("stranger")

    recovery = await lane.attach("g", stranger, since=since)

    assert recovery is not None
    assert recovery.reason is LossReason.INVALID
    assert stranger.frames == await lane.recent("g", 100)
