"""Which audience rides on which lane, and under which name."""

from typing import Any

import pytest
from fast_channels.layers.base import BaseChannelLayer
from hypothesis import given
from hypothesis import strategies as st

from adapters.lane_table import LANE_OF, LANES
from adapters.layers.channel_layer import LaneChannelLayer
from adapters.layers.lanes import audience_of, group_of
from domain import jobs, rooms
from domain.audiences import Audience, AudienceKind
from domain.identity import JobId, RoomName
from tests.sockets import fixed_audiences
from tests.unit.domain.strategies import job_ids, room_names

any_audience = (
    st.sampled_from(fixed_audiences()) | room_names.map(rooms.audience) | job_ids.map(jobs.audience)
)


@pytest.mark.parametrize("kind", AudienceKind)
def test_every_audience_has_a_lane(kind: AudienceKind) -> None:
    assert kind in LANE_OF


def test_no_two_kinds_share_a_lane_and_none_rides_on_memory() -> None:
    assert len(set(LANE_OF.values())) == len(LANE_OF)
    assert "memory" not in LANE_OF.values()


def test_the_five_lanes_that_other_code_knows_keep_their_names() -> None:
    assert {"memory", "chat", "queue", "notifications", "analytics"} < set(LANES)


@pytest.mark.parametrize(
    ("audience", "group"),
    [
        *((audience, audience.channel) for audience in fixed_audiences()),
        (rooms.audience(RoomName("lobby")), "room.lobby"),
        (rooms.audience(RoomName("a b_c.d")), "room.a_20b_5fc_2ed"),
        (rooms.audience(RoomName("ü")), "room._c3_bc"),
        (jobs.audience(JobId("0a1b")), "job.0a1b"),
    ],
)
def test_a_group_is_named_for_its_audience(audience: Audience[Any], group: str) -> None:
    assert group_of(audience) == group


@given(any_audience)
def test_a_group_leads_back_to_its_audience(audience: Audience[Any]) -> None:
    assert audience_of(group_of(audience)) == audience


@given(any_audience, any_audience)
def test_two_audiences_never_share_a_group(one: Audience[Any], other: Audience[Any]) -> None:
    assert (group_of(one) == group_of(other)) == (one == other)


@given(any_audience)
def test_a_group_is_a_name_that_fast_channels_takes(audience: Audience[Any]) -> None:
    group = group_of(audience)

    assert BaseChannelLayer.group_name_regex.fullmatch(group)
    assert len(group) < LaneChannelLayer.MAX_NAME_LENGTH


def test_the_longest_room_name_still_has_a_group() -> None:
    group = group_of(rooms.audience(RoomName.parse("👋" * 64)))

    assert len(group) < LaneChannelLayer.MAX_NAME_LENGTH


@given(st.text(max_size=40))
def test_any_text_is_an_audience_or_none(text: str) -> None:
    audience_of(text)


@given(st.text("_0123456789abcdefgxz.", max_size=12))
def test_any_escapes_are_an_audience_or_none(key: str) -> None:
    audience_of(f"room.{key}")


@pytest.mark.parametrize(
    "group", ["", ".", "nobody", "nobody.lobby", "room._ff", "room.ü€", "CHAT"]
)
def test_a_group_of_no_audience_is_none(group: str) -> None:
    assert audience_of(group) is None


@pytest.mark.parametrize(
    "group",
    [
        pytest.param("room", id="a room without a name"),
        pytest.param("room.", id="a room with an empty name"),
        pytest.param("job", id="a job without an id"),
        pytest.param("chat.lobby", id="a key where there is none"),
        pytest.param("room._61", id="an escape that group_of never writes"),
        pytest.param("room.a_b", id="an underscore that is no escape"),
    ],
)
def test_a_group_that_group_of_never_gives_is_no_audiences(group: str) -> None:
    assert audience_of(group) is None
