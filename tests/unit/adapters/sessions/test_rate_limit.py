import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.buckets import Rate
from adapters.sessions.rate_limit import Insistence, Pace, RateLimit


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


# Bytes.


def of_bytes(per_second: float, burst: float, patience: float = 10) -> RateLimit:
    """Frames are as good as free."""
    return RateLimit(1e6, 1_000_000, patience, Rate(per_second, burst))


def test_bytes_have_a_burst_and_a_rate_of_their_own() -> None:
    meter = of_bytes(100, 1_000)
    assert meter.count(100.0, size=1_000) == (Pace.FINE, 0.0)
    pace, wait = meter.count(100.0, size=50)
    assert pace is Pace.FLOOD_BEGINS
    assert wait == pytest.approx(0.5)
    assert meter.count(100.5, size=0)[0] is Pace.FINE
    assert meter.count(100.6, size=10)[0] is Pace.FINE


def test_a_connection_waits_for_its_bytes_or_its_frames_whichever_takes_longer() -> None:
    for frames, size, longer in ((3, 1_010, 0.2), (2, 1_050, 0.5)):
        meter = RateLimit(10, 1, 10, Rate(100, 1_000))
        assert meter.count(100.0, frames, size)[1] == pytest.approx(longer)


def test_frames_without_bytes_cost_none_and_bytes_no_frames() -> None:
    meter = RateLimit(1, 5, 10, Rate(1, 5))
    assert meter.count(100.0, 5, 0) == (Pace.FINE, 0.0)
    assert meter.count(100.0, 0, 5) == (Pace.FINE, 0.0)


def test_nobody_waits_for_bytes_longer_than_patience() -> None:
    assert of_bytes(1, 1, patience=2).count(100.0, size=1_000) == (Pace.FLOOD_BEGINS, 2)


def test_a_flood_of_bytes_ends_once_the_whole_burst_of_bytes_is_there_again() -> None:
    meter = of_bytes(100, 100)
    meter.count(100.0, size=150)
    # Its frames were forgotten long ago.
    assert meter.count(101.4, size=90)[0] is Pace.FINE
    assert meter.count(101.4, size=90)[0] is Pace.FLOOD
    assert meter.count(105.0, size=101)[0] is Pace.FLOOD_BEGINS


def test_a_flood_of_bytes_that_outlasts_patience_goes_on() -> None:
    meter = of_bytes(100, 100, patience=1)
    meter.count(100.0, size=1_000)
    assert meter.count(101.0, size=100)[0] is Pace.FLOOD
    assert meter.count(101.1, size=100)[0] is Pace.FLOOD_GOES_ON


# Insistence.


def times(insistence: Insistence, *moments: float) -> list[bool]:
    return [insistence.goes_on(moment) for moment in moments]


def test_to_be_refused_once_or_for_a_while_is_no_insistence() -> None:
    assert times(Insistence(10), 0.0, 5.0, 10.0) == [False] * 3


def test_to_go_on_for_longer_than_patience_is_insistence() -> None:
    assert times(Insistence(10), 100.0, 105.0, 110.0, 110.001, 111.0) == [
        *[False] * 3,
        *[True] * 2,
    ]


def test_a_pause_longer_than_patience_begins_anew() -> None:
    insistence = Insistence(10)
    assert times(insistence, 100.0, 110.0, 120.001, 130.0) == [False] * 4
    assert times(insistence, 130.1) == [True]


def test_a_pause_as_long_as_patience_does_not() -> None:
    assert times(Insistence(10), 100.0, 110.0, 120.0) == [False, False, True]
