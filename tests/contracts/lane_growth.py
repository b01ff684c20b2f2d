"""The text that grows beside the history of a group, and fences: see
`application.ports.GrowingTexts` and `adapters.layers.publication.Publication`."""

import asyncio
from dataclasses import replace

from adapters.layers.lanes import Lane
from adapters.layers.publication import Growth, Publication
from tests.contracts.lane import (
    DURABLE,
    EPHEMERAL,
    OnDurable,
    OpenLane,
    bodies,
    body,
    hears,
    listener,
)
from tests.doubles import RecordingSubscriber, body_of


def growing(number: int, at: int, text: str, fence: int = 1) -> Publication:
    return Publication(body(number), fence=fence, growth=Growth(at, text))


def fenced(number: int, fence: int) -> Publication:
    return Publication(body(number), fence=fence)


class GrowthContract(OnDurable):
    """Takes the fixture `open_lane` (`OpenLane`)."""

    async def test_a_text_grows_where_it_ends(self, lane: Lane) -> None:
        ada = await listener(lane)
        assert await lane.text("g") == ""

        assert await lane.grow("g", growing(1, 0, "☕ and "))
        assert await lane.grow("g", growing(2, 6, "tea\x00"))

        assert await lane.text("g") == "☕ and tea\x00"
        await hears(ada, 1, 2)
        assert await lane.text("other") == ""

    async def test_what_would_leave_a_gap_or_overlap_is_refused(self, lane: Lane) -> None:
        ada = await listener(lane)
        assert not await lane.grow("g", growing(1, 3, "lost"))
        assert await lane.grow("g", growing(2, 0, "four"))

        # The first of these as if the answer to it had been lost.
        for at in (2, 3, 5):
            assert not await lane.grow("g", growing(3, at, "more"))

        assert await lane.text("g") == "four"
        await hears(ada, 2)

    async def test_at_0_the_text_begins_anew(self, lane: Lane) -> None:
        await lane.grow("g", growing(1, 0, "a long one"))
        await lane.grow("g", growing(2, 0, "short", fence=2))
        assert await lane.text("g") == "short"
        assert await lane.grow("g", growing(3, 5, "er", fence=2))
        assert await lane.text("g") == "shorter"

    async def test_behind_the_highest_fence_nothing_grows_and_nothing_is_told(
        self, lane: Lane
    ) -> None:
        ada = await listener(lane)
        await lane.grow("g", growing(1, 0, "first"))
        await lane.publish("g", fenced(2, 2))

        assert not await lane.grow("g", growing(3, 5, " more"))
        assert not await lane.grow("g", growing(4, 0, "anew"))
        await lane.publish("g", fenced(5, 1))
        assert await lane.grow("g", growing(6, 5, " goes on", fence=2))
        await lane.publish("g", Publication(body(7)))

        assert await lane.text("g") == "first goes on"
        await hears(ada, 1, 2, 6, 7)
        assert [body_of(frame) for frame in await lane.recent("g", 9)] == bodies(1, 2, 6, 7)

    async def test_after_the_last_publication_a_text_is_kept_and_grows_no_more(
        self, lane: Lane
    ) -> None:
        await lane.grow("g", growing(1, 0, "all"))
        await lane.publish("g", Publication(body(2), last=True))

        assert not await lane.grow("g", growing(3, 3, " of it"))
        assert not await lane.grow("g", growing(4, 0, "anew"))
        assert await lane.text("g") == "all"

    async def test_a_text_outgrows_the_capacity_of_its_history(self, lane: Lane) -> None:
        for number in range(3 * DURABLE.capacity):
            assert await lane.grow("g", growing(number, number, "x"))
        assert await lane.text("g") == "x" * 3 * DURABLE.capacity
        assert len(await lane.recent("g", 99)) == DURABLE.capacity

    async def test_of_two_that_grow_it_at_once_one_is_refused(self, lane: Lane) -> None:
        await lane.grow("g", growing(1, 0, "so far"))

        grown = await asyncio.gather(
            *(lane.grow("g", growing(number, 6, str(number))) for number in (2, 3))
        )

        assert grown == [True, False]
        assert await lane.text("g") == "so far2"

    async def test_two_lanes_keep_their_texts_apart(self, open_lane: OpenLane) -> None:
        one, other = [await open_lane(replace(DURABLE, prefix=prefix)) for prefix in ("a", "b")]
        await one.grow("g", growing(1, 0, "one"))
        assert await other.text("g") == ""

    async def test_an_ephemeral_lane_tells_all_and_keeps_no_text(self, open_lane: OpenLane) -> None:
        lane = await open_lane(EPHEMERAL)
        ada = RecordingSubscriber("ada")
        await lane.attach("g", ada)
        assert await lane.grow("g", growing(1, 7, "more"))
        assert await ada.wait_for(1) == bodies(1)
        assert await lane.text("g") == ""
