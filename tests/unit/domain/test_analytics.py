"""Analytics events: a name and bounded JSON."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.analytics import EVENT_NAME_LENGTH, AnalyticsEvent, Counts, EventRecorded, Json
from domain.errors import EventIsImpossible
from domain.identity import Member, MemberId

anything_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


def size_on_the_wire(data: Json) -> int:
    return len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode())


def size_by_any_count(data: Json) -> int:
    """At least as many bytes as any way to write it takes."""
    return len(json.dumps(data, indent=8).encode())


@given(anything_json)
def test_any_json_is_kept_as_it_came(data: Json) -> None:
    event = AnalyticsEvent.parse("view", data, limit=100_000)

    assert (event.name, event.data) == ("view", data)


def test_an_event_needs_no_data() -> None:
    assert AnalyticsEvent.parse("view", None, limit=4).data is None


@pytest.mark.parametrize("name", ["", " ", "\n\t"])
def test_an_event_needs_a_name(name: str) -> None:
    with pytest.raises(EventIsImpossible, match="needs a name"):
        AnalyticsEvent.parse(name, None, limit=100)


def test_a_name_has_at_most_200_characters() -> None:
    assert EVENT_NAME_LENGTH == 200
    assert AnalyticsEvent.parse("n" * 200, None, limit=100).name == "n" * 200
    with pytest.raises(EventIsImpossible, match="at most 200 characters"):
        AnalyticsEvent.parse("n" * 201, None, limit=100)


def test_data_of_exactly_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    assert AnalyticsEvent.parse("view", "x" * 98, limit=100).data == "x" * 98
    with pytest.raises(EventIsImpossible, match="at most 100 bytes, this has 101"):
        AnalyticsEvent.parse("view", "x" * 99, limit=100)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("ж" * 49, id="two bytes a letter"),
        pytest.param("👋" * 24, id="four bytes a letter"),
        pytest.param(list(range(10)) * 4 + [100, 1000, 10000, 100], id="a list without spaces"),
    ],
)
def test_the_limit_is_in_bytes_as_they_travel(data: Json) -> None:
    assert size_on_the_wire(data) <= 100

    assert AnalyticsEvent.parse("view", data, limit=100).data == data


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_json_has_no_number_for_is_refused_however_deep(number: float) -> None:
    with pytest.raises(EventIsImpossible, match="NaN and Infinity"):
        AnalyticsEvent.parse("view", {"at": [1, {"deep": number}]}, limit=1000)


@given(st.text(max_size=250), anything_json, st.integers(1, 100))
def test_whatever_comes_is_taken_or_refused_by_name(name: str, data: Json, limit: int) -> None:
    try:
        event = AnalyticsEvent.parse(name, data, limit=limit)
    except EventIsImpossible:
        assert not name.strip() or len(name) > 200 or size_by_any_count(data) > limit
    else:
        assert event.name.strip()
        assert size_on_the_wire(event.data) <= limit


def test_a_recorded_event_carries_any_json_as_it_came() -> None:
    data: Json = {"path": ["/", None, 1.5, True]}

    assert EventRecorded(Member(MemberId("ada")), "view", data, 1, 1).data is data


def test_counts_begin_at_nothing() -> None:
    assert Counts() == Counts(0, {})
    assert Counts().by_name is not Counts().by_name
