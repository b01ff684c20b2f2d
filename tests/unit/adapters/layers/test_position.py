"""Cursors: what the wire carries, and whatever strangers make of it."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.layers.lanes import group_of
from adapters.layers.position import Position, stamped
from domain import rooms
from tests.unit.domain.strategies import room_names

positions = st.builds(
    Position,
    epoch=st.text("0123456789abcdef", min_size=12, max_size=12),
    at_ms=st.integers(0, 16**12 - 1),
    offset=st.integers(0, 16**12 - 1),
)
groups = room_names.map(rooms.audience).map(group_of)

POSITION = Position("0123456789ab", 1_700_000_000_000, 26)


def test_a_cursor_is_led_by_its_group() -> None:
    assert POSITION.cursor("room.lobby") == "room.lobby~0123456789ab-18bcfe56800-1a"


@given(positions, groups)
def test_a_cursor_leads_back_to_its_group_and_place(position: Position, group: str) -> None:
    assert Position.parse(position.cursor(group)) == (group, position)


@given(positions, groups)
def test_a_cursor_can_stand_in_an_address_and_in_json_as_it_is(
    position: Position, group: str
) -> None:
    assert re.fullmatch(r"[A-Za-z0-9._~-]+", position.cursor(group))


@given(st.text(max_size=60))
def test_any_text_is_read_as_a_place_or_as_none(text: str) -> None:
    parsed = Position.parse(text)

    assert parsed is None or Position.parse(parsed[1].cursor(parsed[0])) == parsed


@given(st.text("abg.~-0189_%{}\n", max_size=60))
def test_a_text_that_looks_like_a_cursor_is_read_as_a_place_or_as_none(text: str) -> None:
    parsed = Position.parse(text)

    assert parsed is None or Position.parse(parsed[1].cursor(parsed[0])) == parsed


@given(positions, groups, st.data())
def test_a_damaged_cursor_never_raises(position: Position, group: str, data: st.DataObject) -> None:
    cursor = position.cursor(group)
    at = data.draw(st.integers(0, len(cursor) - 1))
    damaged = cursor[:at] + data.draw(st.text(max_size=3)) + cursor[at + 1 :]

    parsed = Position.parse(damaged)

    assert parsed is None or Position.parse(parsed[1].cursor(parsed[0])) == parsed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "room.lobby",
        "~0123456789ab-1-1",
        "g~0123456789ab-1",
        "g~0123456789ab-1-1-1",
        "g~0123456789AB-1-1",
        "g~0123456789a-1-1",
        "g~0123456789ab--1",
        "g~0123456789ab-1-1\n",
        "g~0123456789ab-1-" + "f" * 13,
        "g h~0123456789ab-1-1",
        "g~0123456789ab-1-٣",
        "g" * 801 + "~0123456789ab-1-1",
    ],
)
def test_what_no_lane_gave_out_is_none(text: str) -> None:
    assert Position.parse(text) is None


@given(
    st.dictionaries(st.text(max_size=5).filter(lambda key: key != "cursor"), st.text(max_size=20))
    .filter(bool)
    .map(json.dumps),
    positions,
    groups,
)
def test_a_stamped_frame_is_the_same_with_a_cursor(
    body: str, position: Position, group: str
) -> None:
    cursor = position.cursor(group)

    assert json.loads(stamped(body, cursor)) == json.loads(body) | {"cursor": cursor}
