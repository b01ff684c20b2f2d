import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.buckets import Bucket, Buckets, Rate

rates = st.builds(Rate, st.floats(0.1, 10_000), st.integers(1, 50))
gaps = st.lists(st.floats(0, 5), max_size=100)


@given(now=st.floats(0, 1e9), rate=rates)
def test_a_whole_burst_is_taken_at_any_moment_and_no_more(now: float, rate: Rate) -> None:
    bucket = Bucket()
    assert {bucket.take(rate, now) for _ in range(int(rate.burst))} == {0.0}
    assert bucket.take(rate, now) > 0


@given(rate=rates, gaps=gaps)
def test_no_more_is_ever_taken_than_burst_and_rate_allow(rate: Rate, gaps: list[float]) -> None:
    bucket, now, taken = Bucket(), 1_000.0, 0
    for gap in gaps:
        now += gap
        taken += not bucket.take(rate, now)
        assert taken <= rate.burst + (now - 1_000) * rate.per_second + 1e-3


@given(rate=rates, amount=st.integers(1, 200))
def test_whoever_comes_back_when_told_is_served(rate: Rate, amount: int) -> None:
    bucket, now = Bucket(), 1_000.0
    bucket.take(rate, now, rate.burst)
    wait = bucket.take(rate, now, amount)
    assert wait > 0
    assert bucket.take(rate, now + wait + 1e-3, amount) == 0


def test_what_is_refused_is_not_counted() -> None:
    bucket, rate = Bucket(), Rate(1, 1)
    bucket.take(rate, 0)
    assert [bucket.take(rate, 0) for _ in range(9)] == [1.0] * 9


def test_what_is_poured_counts_even_if_it_is_too_much() -> None:
    bucket, rate = Bucket(), Rate(10, 5)
    assert bucket.pour(rate, 0, 5) == 0
    assert [bucket.pour(rate, 0) for _ in range(3)] == pytest.approx([0.1, 0.2, 0.3])


def test_keys_have_their_own_buckets() -> None:
    buckets = Buckets(Rate(1, 1))
    assert [buckets.take(key, 0) for key in "aab"] == [0, 1, 0]
    assert [buckets.wait(key, 0) for key in "abc"] == [1, 1, 0]
    assert buckets.wait("a", 1) == 0


@given(keys=st.lists(st.integers(0, 300), max_size=300), rate=rates)
def test_full_tables_stay_bounded(keys: list[int], rate: Rate) -> None:
    buckets = Buckets(rate, capacity=10)
    for key in keys:
        buckets.take(str(key), 0)
        assert len(buckets) <= 10


def test_those_that_are_empty_again_are_forgotten() -> None:
    buckets = Buckets(Rate(1, 10))
    for key in range(100):
        buckets.take(str(key), 0)
    for key in range(100, 160):
        buckets.take(str(key), 50)
    assert len(buckets) == 60


def test_the_one_unused_for_longest_makes_room() -> None:
    buckets = Buckets(Rate(1, 1), capacity=2)
    for key in "abac":
        buckets.take(key, 0)
    assert [buckets.wait(key, 0) for key in "abc"] == [1, 0, 1]
