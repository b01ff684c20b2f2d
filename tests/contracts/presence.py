"""What presence promises: see `application.ports.Presence`."""

import asyncio

import pytest

from application.ports import Presence
from domain.errors import RoomIsFull
from domain.identity import ConnectionId, Member, MemberId, RoomName
from domain.rooms import RoomSize, Roster

LOBBY, ATTIC, CELLAR = RoomName("lobby"), RoomName("attic"), RoomName("cellar ☂ *?")


def member(name: str) -> Member:
    return Member(MemberId(f"id of {name}"), name)


async def enter(presence: Presence, room: RoomName, *names: str, limit: int = 100) -> list[int]:
    return [
        await presence.enter(room, ConnectionId(name), member(name), limit=limit) for name in names
    ]


class PresenceContract:
    """Takes the fixture `presence` (`Presence`), with nobody anywhere."""

    async def test_whoever_enters_is_told_how_many_are_in_now(self, presence: Presence) -> None:
        assert await enter(presence, LOBBY, "ada", "bob", "eve") == [1, 2, 3]

    async def test_entering_twice_counts_once(self, presence: Presence) -> None:
        assert await enter(presence, LOBBY, "ada", "bob", "ada") == [1, 2, 2]
        assert (await presence.roster(LOBBY, 9)).count == 2

    async def test_entering_again_under_another_name_shows_that_name(
        self, presence: Presence
    ) -> None:
        await enter(presence, LOBBY, "ada")

        await presence.enter(LOBBY, ConnectionId("ada"), member("Countess"), limit=1)

        assert await presence.roster(LOBBY, 9) == Roster(1, (member("Countess"),))

    async def test_whoever_leaves_is_told_how_many_are_left(self, presence: Presence) -> None:
        await enter(presence, LOBBY, "ada", "bob")

        assert await presence.leave(LOBBY, ConnectionId("ada")) == 1
        assert await presence.leave(LOBBY, ConnectionId("bob")) == 0

    async def test_leaving_twice_changes_nothing(self, presence: Presence) -> None:
        await enter(presence, LOBBY, "ada", "bob")
        await presence.leave(LOBBY, ConnectionId("ada"))

        assert await presence.leave(LOBBY, ConnectionId("ada")) is None
        assert await presence.roster(LOBBY, 9) == Roster(1, (member("bob"),))

    async def test_leaving_a_room_never_entered_changes_nothing(self, presence: Presence) -> None:
        await enter(presence, LOBBY, "ada")

        assert await presence.leave(ATTIC, ConnectionId("ada")) is None
        assert await presence.leave(LOBBY, ConnectionId("bob")) is None
        assert await presence.rooms(9) == [RoomSize(LOBBY, 1)]

    async def test_a_full_room_takes_nobody_more(self, presence: Presence) -> None:
        await enter(presence, LOBBY, "ada", "bob", limit=2)

        with pytest.raises(RoomIsFull):
            await enter(presence, LOBBY, "eve", limit=2)

        assert (await presence.roster(LOBBY, 9)).count == 2
        assert await presence.leave(LOBBY, ConnectionId("eve")) is None

    async def test_whoever_is_in_a_full_room_can_enter_it_again(self, presence: Presence) -> None:
        await enter(presence, LOBBY, "ada", "bob", limit=2)

        assert await enter(presence, LOBBY, "ada", limit=2) == [2]

    async def test_a_place_given_up_can_be_taken(self, presence: Presence) -> None:
        await enter(presence, LOBBY, "ada", limit=1)
        await presence.leave(LOBBY, ConnectionId("ada"))

        assert await enter(presence, LOBBY, "bob", limit=1) == [1]

    async def test_many_who_enter_at_once_never_exceed_the_limit(self, presence: Presence) -> None:
        entered = await asyncio.gather(
            *(enter(presence, LOBBY, f"member {number}", limit=5) for number in range(20)),
            return_exceptions=True,
        )

        counts = [counts for counts in entered if isinstance(counts, list)]
        assert sorted(counts) == [[1], [2], [3], [4], [5]]
        refused = [error for error in entered if not isinstance(error, list)]
        assert [type(error) for error in refused] == [RoomIsFull] * 15
        assert (await presence.roster(LOBBY, 99)).count == 5

    async def test_many_who_come_and_go_at_once_leave_an_empty_room(
        self, presence: Presence
    ) -> None:
        async def visit(name: str) -> None:
            await enter(presence, LOBBY, name)
            assert await presence.leave(LOBBY, ConnectionId(name)) is not None

        await asyncio.gather(*(visit(f"visitor {number}") for number in range(20)))

        assert await presence.roster(LOBBY, 9) == Roster(0, ())
        assert await presence.rooms(9) == []

    async def test_a_roster_shows_who_is_in_just_this_room(self, presence: Presence) -> None:
        await enter(presence, LOBBY, "ada", "bob")
        await enter(presence, ATTIC, "eve")

        roster = await presence.roster(LOBBY, 9)

        assert roster.count == 2
        assert set(roster.members) == {member("ada"), member("bob")}

    async def test_a_long_roster_is_cut_but_counted_whole(self, presence: Presence) -> None:
        names = [f"member {number}" for number in range(10)]
        await enter(presence, LOBBY, *names)

        roster = await presence.roster(LOBBY, 3)

        assert roster.count == 10
        assert len(set(roster.members)) == 3
        assert set(roster.members) <= {member(name) for name in names}

    async def test_a_member_is_shown_as_it_came_in(self, presence: Presence) -> None:
        strange = Member(MemberId('i:d"* \\'), 'Ada "👋" \\ O\'Neil', recognised=True)
        await presence.enter(CELLAR, ConnectionId("c:1"), strange, limit=9)

        assert await presence.roster(CELLAR, 9) == Roster(1, (strange,))

    async def test_one_member_with_two_connections_is_there_until_both_are_gone(
        self, presence: Presence
    ) -> None:
        for connection in ("laptop", "phone"):
            await presence.enter(LOBBY, ConnectionId(connection), member("ada"), limit=9)

        assert await presence.leave(LOBBY, ConnectionId("laptop")) == 1
        assert await presence.roster(LOBBY, 9) == Roster(1, (member("ada"),))

    async def test_one_connection_may_be_in_two_rooms(self, presence: Presence) -> None:
        await enter(presence, LOBBY, "ada")
        await enter(presence, ATTIC, "ada")

        await presence.leave(LOBBY, ConnectionId("ada"))

        assert await presence.rooms(9) == [RoomSize(ATTIC, 1)]

    async def test_an_unknown_room_is_empty(self, presence: Presence) -> None:
        assert await presence.roster(LOBBY, 9) == Roster(0, ())

    async def test_rooms_are_listed_fullest_first(self, presence: Presence) -> None:
        await enter(presence, LOBBY, "ada", "bob")
        await enter(presence, ATTIC, "ada")
        await enter(presence, CELLAR, "ada", "bob", "eve")

        sizes = [RoomSize(CELLAR, 3), RoomSize(LOBBY, 2), RoomSize(ATTIC, 1)]
        assert await presence.rooms(9) == sizes
        assert await presence.rooms(2) == sizes[:2]

    async def test_a_room_that_all_have_left_is_not_listed(self, presence: Presence) -> None:
        await enter(presence, LOBBY, "ada")
        await enter(presence, ATTIC, "bob")
        await presence.leave(LOBBY, ConnectionId("ada"))

        assert await presence.rooms(9) == [RoomSize(ATTIC, 1)]

    async def test_a_refused_newcomer_does_not_open_a_room(self, presence: Presence) -> None:
        with pytest.raises(RoomIsFull):
            await enter(presence, LOBBY, "ada", limit=0)

        assert await presence.rooms(9) == []
