import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sessions.rate_limit import Pace, RateLimit


def test_a_burst_is_fine() -> None:
    meter = RateLimit(rate=10, burst=5, patience=1)
    assert [meter.count(100.0) for _ in range(5)] == [(Pace.FINE, 0.0)] * 5


@given(now=st.floats(0, 1e9), rate=st.floats(0.1, 10_000), burst=st.integers(1, 50))
def test_the_whole_burst_is_fine_at_any_moment_and_no_frame_more(
    now: float, rate: float, burst: int
) -> None:
    meter = RateLimit(rate=rate, burst=burst, patience=1)
    assert {meter.count(now)[0] for _ in range(burst)} == {Pace.FINE}
    assert meter.count(now)[0] is Pace.FLOOD_BEGINS


def test_one_frame_over_the_burst_begins_a_flood_and_waits_for_its_turn() -> None:
    meter = RateLimit(rate=10, burst=5, patience=1)
    for _ in range(5):
        meter.count(100.0)
    pace, wait = meter.count(100.0)
    assert pace is Pace.FLOOD_BEGINS
    assert wait == pytest.approx(0.1)


def test_frames_counted_at_once_are_as_many_as_those_counted_one_by_one() -> None:
    meter = RateLimit(rate=10, burst=5, patience=1)
    assert meter.count(100.0, 5) == (Pace.FINE, 0.0)
    pace, wait = meter.count(100.0, 4)
    assert pace is Pace.FLOOD_BEGINS
    assert wait == pytest.approx(0.4)


def test_nobody_waits_longer_than_patience() -> None:
    meter = RateLimit(rate=1, burst=5, patience=2)
    assert meter.count(100.0, 1_000) == (Pace.FLOOD_BEGINS, 2)


def test_a_flood_begins_once() -> None:
    meter = RateLimit(rate=10, burst=1, patience=1)
    paces = [meter.count(100.0)[0] for _ in range(6)]
    assert paces == [Pace.FINE, Pace.FLOOD_BEGINS, *[Pace.FLOOD] * 4]


def test_waits_grow_for_frames_that_come_at_once() -> None:
    meter = RateLimit(rate=10, burst=1, patience=1)
    waits = [meter.count(100.0)[1] for _ in range(5)]
    assert waits == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])


def test_a_flood_goes_on_once_it_outlasts_patience() -> None:
    meter = RateLimit(rate=8, burst=1, patience=1)
    now = 100.0
    meter.count(now)
    assert meter.count(now)[0] is Pace.FLOOD_BEGINS
    for _ in range(8):
        now += 1 / 8
        assert meter.count(now)[0] is Pace.FLOOD
    now += 1 / 8
    assert meter.count(now)[0] is Pace.FLOOD_GOES_ON


def test_somebody_who_sends_at_the_rate_is_always_fine() -> None:
    meter = RateLimit(rate=10, burst=1, patience=1)
    assert {meter.count(100 + number / 10)[0] for number in range(1_000)} == {Pace.FINE}


def test_a_pause_too_short_to_earn_the_burst_again_does_not_end_the_flood() -> None:
    meter = RateLimit(rate=10, burst=5, patience=1)
    for _ in range(6):
        meter.count(100.0)
    assert meter.count(100.5)[0] is Pace.FINE
    for _ in range(4):
        meter.count(100.5)
    assert meter.count(101.4)[0] is not Pace.FLOOD_BEGINS


def test_quiet_for_the_whole_burst_ends_the_flood() -> None:
    meter = RateLimit(rate=10, burst=5, patience=1)
    for _ in range(8):
        meter.count(100.0)
    later = 100.0 + 0.8
    assert [meter.count(later)[0] for _ in range(6)] == [Pace.FINE] * 5 + [Pace.FLOOD_BEGINS]


@given(
    rate=st.integers(1, 1_000),
    burst=st.integers(1, 50),
    gaps=st.lists(st.floats(0, 0.5), max_size=200),
)
def test_whoever_waits_as_told_never_gets_more_than_burst_and_rate_allow(
    rate: int, burst: int, gaps: list[float]
) -> None:
    meter = RateLimit(rate=rate, burst=burst, patience=1)
    start = now = 1_000.0
    for count, gap in enumerate(gaps, start=1):
        now += gap
        pace, wait = meter.count(now)
        assert (wait > 0) == (pace is not Pace.FINE)
        now += wait
        assert count <= burst + (now - start) * rate + 1e-3
