"""Who is to hear what happened."""

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given

from domain import jobs, rooms
from domain.analytics import ANALYTICS
from domain.audiences import Audience
from domain.chat import CHAT, RELIABLE
from domain.identity import JobId, RoomName
from tests.sockets import fixed_audiences
from tests.unit.domain.strategies import room_names


@pytest.mark.parametrize(
    ("audience", "kind"),
    [
        (CHAT, "chat"),
        (RELIABLE, "reliable"),
        (ANALYTICS, "analytics"),
        (rooms.audience(RoomName("lobby")), "room"),
        (jobs.audience(JobId("7")), "job"),
    ],
)
def test_each_audience_is_of_its_kind(audience: Audience[Any], kind: str) -> None:
    assert audience.kind == kind


@pytest.mark.parametrize(
    ("audience", "channel"),
    [
        (CHAT, "chat"),
        (rooms.audience(RoomName("lobby")), "room:lobby"),
        (rooms.audience(RoomName("room:a")), "room:room:a"),
        (jobs.audience(JobId("7")), "job:7"),
    ],
)
def test_its_channel_is_the_name_that_clients_know(audience: Audience[Any], channel: str) -> None:
    assert audience.channel == channel


def test_no_two_of_them_are_the_same() -> None:
    lobby, attic = rooms.audience(RoomName("lobby")), rooms.audience(RoomName("attic"))
    job = jobs.audience(JobId("lobby"))
    everybody: list[Audience[Any]] = [*fixed_audiences(), lobby, attic, job]

    for one, other in combinations(everybody, 2):
        assert one != other
        assert one.channel != other.channel


@given(room_names)
def test_a_room_is_one_audience_however_often_it_is_named(name: RoomName) -> None:
    assert rooms.audience(name) == rooms.audience(RoomName(name.value))
    assert len({rooms.audience(name), rooms.audience(name)}) == 1
    assert rooms.audience(name).key == name.value
