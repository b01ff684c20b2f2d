"""Who is to hear what happened."""

from itertools import combinations

import pytest
from hypothesis import given

from domain import audiences
from domain.audiences import ANALYTICS, CHAT, NOTIFICATIONS, RELIABLE, Audience, AudienceKind
from domain.identity import JobId, RoomName
from tests.unit.domain.strategies import room_names


@pytest.mark.parametrize(
    ("audience", "kind"),
    [
        (CHAT, "chat"),
        (RELIABLE, "reliable"),
        (NOTIFICATIONS, "notifications"),
        (ANALYTICS, "analytics"),
        (audiences.room(RoomName("lobby")), "room"),
        (audiences.job(JobId("7")), "job"),
    ],
)
def test_each_audience_is_of_its_kind(audience: Audience, kind: str) -> None:
    assert audience.kind == kind


def test_there_is_a_kind_for_each_feature_that_speaks() -> None:
    assert [str(kind) for kind in AudienceKind] == [
        "chat",
        "reliable",
        "notifications",
        "analytics",
        "room",
        "job",
    ]


def test_no_two_of_them_are_the_same() -> None:
    lobby, attic = audiences.room(RoomName("lobby")), audiences.room(RoomName("attic"))
    job = audiences.job(JobId("lobby"))
    everybody = [CHAT, RELIABLE, NOTIFICATIONS, ANALYTICS, lobby, attic, job]

    for one, other in combinations(everybody, 2):
        assert one != other


@given(room_names)
def test_a_room_is_one_audience_however_often_it_is_named(name: RoomName) -> None:
    assert audiences.room(name) == audiences.room(RoomName(name.value))
    assert len({audiences.room(name), audiences.room(name)}) == 1
    assert audiences.room(name).key == name.value
