"""Rooms: how many they take."""

import pytest

from domain.errors import RoomIsFull
from domain.rooms import admit


@pytest.mark.parametrize("members", [0, 1, 2])
def test_a_room_with_a_free_place_admits(members: int) -> None:
    admit(members, limit=3)


@pytest.mark.parametrize("members", [3, 4])
def test_a_full_room_admits_nobody(members: int) -> None:
    with pytest.raises(RoomIsFull, match="takes 3 members"):
        admit(members, limit=3)
