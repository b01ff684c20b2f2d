"""What a tally promises: see `application.ports.Tally`."""

import asyncio

from application.ports import Tally
from domain.analytics import Counts
from tests.contracts.passing_time import PassingTime

NAME_LIMIT = 3
"""How many names the fixture `tally` counts on their own."""

EXPIRY = 60.0
"""For how many seconds it keeps a name that isn't counted."""

OTHER = "(other)"


async def add(tally: Tally, *names: str) -> list[tuple[int | None, int]]:
    return [await tally.add(name) for name in names]


class TallyContract:
    """Takes the fixtures `tally` (`Tally`), empty, bound to `NAME_LIMIT` names and `EXPIRY`, and
    its `clock` (`PassingTime`)."""

    async def test_nothing_is_counted_at_first(self, tally: Tally) -> None:
        assert await tally.counts(9) == Counts(0, {})

    async def test_each_event_is_counted_by_its_name_and_in_all(self, tally: Tally) -> None:
        assert await add(tally, "view", "click", "view") == [(1, 1), (1, 2), (2, 3)]
        assert await tally.counts(9) == Counts(3, {"view": 2, "click": 1})

    async def test_only_names_that_are_known_are_counted_where_no_new_one_may_come(
        self, tally: Tally
    ) -> None:
        assert await tally.add_known("a") is None
        assert await tally.counts(9) == Counts(0, {})

        await add(tally, "a", "b")
        assert await tally.add_known("a") == (2, 3)
        assert await tally.add_known("c") is None

        # One too many is no new name.
        await add(tally, "c")
        assert await tally.add_known("d") == (None, 5)
        assert await tally.counts(9) == Counts(5, {"a": 2, "b": 1, "c": 1, OTHER: 1})

    async def test_a_name_that_was_forgotten_is_new_again(
        self, tally: Tally, clock: PassingTime
    ) -> None:
        await add(tally, "a")
        await clock.advance(EXPIRY + 1)

        assert await tally.add_known("a") is None

    async def test_the_most_frequent_come_first(self, tally: Tally) -> None:
        await add(tally, "one", "three", "two", "three", "two", "three")

        counts = await tally.counts(9)

        assert list(counts.by_name.items()) == [("three", 3), ("two", 2), ("one", 1)]

    async def test_a_short_list_is_the_most_frequent_but_the_total_is_whole(
        self, tally: Tally
    ) -> None:
        await add(tally, "one", "three", "two", "three", "two", "three")

        counts = await tally.counts(2)

        assert list(counts.by_name) == ["three", "two"]
        assert counts.total == 6

    async def test_one_name_too_many_is_counted_among_the_others(self, tally: Tally) -> None:
        await add(tally, "a", "b", "c")

        # The others' count is not told as a name's own.
        assert await add(tally, "d", "e", "d") == [(None, 4), (None, 5), (None, 6)]
        assert await tally.counts(9) == Counts(6, {OTHER: 3, "a": 1, "b": 1, "c": 1})

    async def test_a_known_name_is_counted_as_itself_also_beyond_the_bound(
        self, tally: Tally
    ) -> None:
        await add(tally, "a", "b", "c", "d")

        assert await add(tally, "a", "c") == [(2, 5), (2, 6)]

    async def test_any_text_can_be_a_name(self, tally: Tally) -> None:
        names = ["Grüße 👋", "a:b *?", "__proto__\n"]

        await add(tally, *names)

        assert await tally.counts(9) == Counts(3, dict.fromkeys(names, 1))

    async def test_nothing_is_lost_when_many_count_at_once(self, tally: Tally) -> None:
        counted = await asyncio.gather(*(tally.add(f"n{number % 5}") for number in range(50)))

        assert sorted(total for _, total in counted) == list(range(1, 51))
        counts = await tally.counts(9)
        assert counts.total == sum(counts.by_name.values()) == 50
        assert len(counts.by_name) == NAME_LIMIT + 1
        assert counts.by_name[OTHER] == 20

    async def test_names_that_are_not_counted_any_more_make_room_for_others(
        self, tally: Tally, clock: PassingTime
    ) -> None:
        await add(tally, "a", "b", "c", "d")
        await clock.advance(EXPIRY / 2)
        await add(tally, "a")
        await clock.advance(EXPIRY / 2 + 1)

        assert await tally.counts(9) == Counts(5, {"a": 2})
        assert await add(tally, "e", "f", "g") == [(1, 6), (1, 7), (None, 8)]
        assert await tally.counts(9) == Counts(8, {"a": 2, "e": 1, "f": 1, OTHER: 1})

    async def test_a_name_that_was_forgotten_is_counted_from_one(
        self, tally: Tally, clock: PassingTime
    ) -> None:
        await add(tally, "a", "a", "b")
        await clock.advance(EXPIRY - 1)
        await add(tally, "b")
        await clock.advance(2)

        assert await add(tally, "a") == [(1, 5)]

    async def test_nothing_is_left_of_a_tally_that_nobody_uses(
        self, tally: Tally, clock: PassingTime
    ) -> None:
        await add(tally, "a", "b", "c", "d")
        await clock.advance(EXPIRY + 1)

        assert await tally.counts(9) == Counts(0, {})
        assert await add(tally, "a") == [(1, 1)]
