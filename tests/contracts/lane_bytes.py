"""How many bytes of a group a durable lane keeps: see `adapters.lane_table.LanePlan`."""

from dataclasses import replace

import pytest

from adapters.layers.lanes import Lane
from adapters.layers.publication import Publication
from application.ports import LossReason, Recovery
from domain.identity import ConnectionId
from tests.contracts.lane import DURABLE, OpenLane, bodies, body, cursors, publish
from tests.contracts.passing_time import PassingTime
from tests.doubles import RecordingSubscriber, body_of

ROOM = 100
NARROW = replace(DURABLE, prefix="narrow", capacity=50, group_bytes=ROOM)
FEW = replace(NARROW, prefix="narrow-few", capacity=2)
BRIEF = replace(NARROW, prefix="narrow-brief", expiry=1)


def sized(size: int, character: str = "x") -> str:
    """An encoded frame of so many bytes."""
    empty = '{"said":""}'
    count, rest = divmod(size - len(empty), len(character.encode()))
    assert rest == 0
    return empty.replace('""', f'"{character * count}"')


async def kept(lane: Lane) -> list[str]:
    return [body_of(frame) for frame in await lane.recent("g", 99)]


class BytesContract:
    """Takes the fixtures `open_lane` (`OpenLane`) and `clock` (`PassingTime`)."""

    @pytest.fixture
    async def narrow(self, open_lane: OpenLane) -> Lane:
        return await open_lane(NARROW)

    @pytest.mark.parametrize(
        ("sizes", "left"),
        [
            ([50, 50], [50, 50]),
            ([50, 50, 11], [50, 11]),
            ([50, 50, 51], [51]),
            ([20, 20, 20, 20, 20, 81], [81]),
            ([20, 20, 20, 20, 20, 60], [20, 20, 60]),
            ([90, 20, 80], [20, 80]),
            ([30] * 9, [30] * 3),
        ],
    )
    async def test_the_newest_that_fit_are_kept(
        self, narrow: Lane, sizes: list[int], left: list[int]
    ) -> None:
        for size in sizes:
            await narrow.publish("g", Publication(sized(size)))

        assert await kept(narrow) == [sized(size) for size in left]

    async def test_bytes_are_counted_and_not_characters(self, narrow: Lane) -> None:
        for character in ("é", "👋", "é"):
            await narrow.publish("g", Publication(sized(51, character)))

        assert await kept(narrow) == [sized(51, "é")]

    async def test_nothing_but_frames_is_counted(self, narrow: Lane) -> None:
        for number in range(5):
            await narrow.publish(
                "g",
                Publication(
                    sized(20),
                    exclude=ConnectionId("x" * ROOM),
                    key=f"{number}" * 50,
                    headers={"trace": "x" * ROOM},
                ),
            )

        assert await kept(narrow) == [sized(20)] * 5

    async def test_each_group_has_bytes_of_its_own(self, narrow: Lane) -> None:
        await narrow.publish("g", Publication(sized(60)))
        await narrow.publish("other", Publication(sized(60)))

        assert await kept(narrow) == [sized(60)]

    async def test_whoever_comes_back_from_before_is_told_that_it_was_trimmed(
        self, narrow: Lane
    ) -> None:
        before, last = await cursors(narrow, "g", 1, 2)
        await narrow.publish("g", Publication(sized(60)))
        await narrow.publish("g", Publication(sized(70)))
        early, late = RecordingSubscriber("early"), RecordingSubscriber("late")

        for subscriber, cursor in ((early, before), (late, last)):
            recovery = await narrow.attach("g", subscriber, since=cursor)
            assert recovery == Recovery(1, LossReason.TRIMMED)
            assert subscriber.bodies == [sized(70)]

    async def test_whoever_comes_back_from_the_oldest_that_went_misses_nothing(
        self, narrow: Lane
    ) -> None:
        first, *_ = await cursors(narrow, "g", 1)
        await narrow.publish("g", Publication(sized(99)))
        ada = RecordingSubscriber()

        assert await narrow.attach("g", ada, since=first) == Recovery(1)
        assert ada.bodies == [sized(99)]

    async def test_a_message_above_the_bound_is_kept_alone_until_the_next_comes(
        self, narrow: Lane
    ) -> None:
        await publish(narrow, "g", 1, 2)
        await narrow.publish("g", Publication(sized(ROOM + 1)))
        assert await kept(narrow) == [sized(ROOM + 1)]

        await publish(narrow, "g", 3, 4)
        assert await kept(narrow) == bodies(3, 4)

    async def test_what_is_passing_is_not_counted(self, narrow: Lane) -> None:
        await publish(narrow, "g", 1)
        for _ in range(3):
            await narrow.publish("g", Publication(sized(90), passing=True))
        await narrow.publish("g", Publication(sized(ROOM - len(body(1)))))

        assert await kept(narrow) == [body(1), sized(ROOM - len(body(1)))]

    async def test_what_went_over_the_capacity_is_not_counted(self, open_lane: OpenLane) -> None:
        lane = await open_lane(FEW)
        for size in (30, 31, 32, 33, 34, 66):
            await lane.publish("g", Publication(sized(size)))

        assert await kept(lane) == [sized(34), sized(66)]

    async def test_what_expired_is_not_counted(
        self, open_lane: OpenLane, clock: PassingTime
    ) -> None:
        lane = await open_lane(BRIEF)
        await lane.publish("g", Publication(sized(ROOM)))
        await clock.advance(1.1)
        await lane.recent("g", 1)
        for _ in range(5):
            await lane.publish("g", Publication(sized(20)))

        assert await kept(lane) == [sized(20)] * 5
