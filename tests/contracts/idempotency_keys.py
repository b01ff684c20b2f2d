"""What every lane promises of publications with a key: see `adapters.layers.lanes.Lane`."""

import asyncio
from dataclasses import replace

import pytest

from adapters.layers.lanes import Lane
from adapters.layers.publication import Publication
from tests.contracts.lane import DURABLE, EPHEMERAL, OnDurable, OpenLane, body, hears, listener
from tests.contracts.passing_time import PassingTime
from tests.doubles import RecordingSubscriber, cursor_of

FORGETFUL = replace(DURABLE, prefix="forgetful", key_expiry=1)
FEW = replace(DURABLE, prefix="few", keys=2)
TRIMMED = replace(DURABLE, prefix="trimmed", capacity=1)


def keyed(number: int, key: str) -> Publication:
    return Publication(body(number), key=key)


class IdempotencyKeysContract(OnDurable):
    """Takes the fixtures `open_lane` (`OpenLane`) and `clock` (`PassingTime`)."""

    @pytest.fixture
    async def ada(self, lane: Lane) -> RecordingSubscriber:
        return await listener(lane)

    async def test_the_answer_is_the_cursor_that_listeners_hear(
        self, lane: Lane, ada: RecordingSubscriber
    ) -> None:
        cursor = await lane.publish("g", keyed(1, "k"))

        assert cursor == cursor_of((await ada.wait_for(1))[0])

    async def test_a_retry_is_heard_by_nobody_and_answered_with_the_first_cursor(
        self, lane: Lane, ada: RecordingSubscriber
    ) -> None:
        first = await lane.publish("g", keyed(1, "k"))
        await lane.publish("g", Publication(body(2)))

        assert await lane.publish("g", keyed(3, "k")) == first
        await lane.publish("g", Publication(body(4)))
        await hears(ada, 1, 2, 4)
        assert len(await lane.recent("g", 9)) == 3

    async def test_of_many_at_once_with_one_key_one_is_published(
        self, lane: Lane, ada: RecordingSubscriber
    ) -> None:
        cursors = await asyncio.gather(*(lane.publish("g", keyed(n, "k")) for n in range(20)))

        assert set(cursors) == {cursor_of((await ada.wait_for(1))[0])}
        assert len(await lane.recent("g", 9)) == 1

    async def test_another_key_is_another_publication(
        self, lane: Lane, ada: RecordingSubscriber
    ) -> None:
        first = await lane.publish("g", keyed(1, "k"))

        assert await lane.publish("g", keyed(1, "other")) != first
        await hears(ada, 1, 1)

    async def test_each_group_has_keys_of_its_own(
        self, lane: Lane, ada: RecordingSubscriber
    ) -> None:
        await lane.publish("elsewhere", keyed(1, "k"))
        await lane.publish("g", keyed(2, "k"))

        await hears(ada, 2)

    async def test_without_a_key_everything_is_published_and_nothing_answered(
        self, lane: Lane, ada: RecordingSubscriber
    ) -> None:
        assert await lane.publish("g", Publication(body(1))) is None
        assert await lane.publish("g", Publication(body(1))) is None

        await ada.wait_for(2)

    async def test_what_was_published_can_be_asked_for_by_its_key(self, lane: Lane) -> None:
        assert await lane.published("g", "k") is None
        cursor = await lane.publish("g", keyed(1, "k"))

        assert await lane.published("g", "k") == cursor
        assert await lane.published("g", "other") is None
        assert await lane.published("elsewhere", "k") is None
        assert len(await lane.recent("g", 9)) == 1

    async def test_a_key_outlives_its_message(self, open_lane: OpenLane) -> None:
        lane = await open_lane(TRIMMED)
        first = await lane.publish("g", keyed(1, "k"))
        await lane.publish("g", Publication(body(2)))

        assert await lane.publish("g", keyed(3, "k")) == first

    async def test_a_key_is_forgotten_after_its_time(
        self, open_lane: OpenLane, clock: PassingTime
    ) -> None:
        lane = await open_lane(FORGETFUL)
        first = await lane.publish("g", keyed(1, "k"))
        await lane.publish("g", keyed(2, "other"))
        await clock.advance(1.1)

        assert await lane.published("g", "k") is None
        second = await lane.publish("g", keyed(3, "k"))
        assert second is not None
        assert second != first
        assert await lane.publish("g", keyed(4, "k")) == second
        assert len(await lane.recent("g", 9)) == 3

    async def test_the_oldest_key_is_forgotten_when_there_are_too_many(
        self, open_lane: OpenLane
    ) -> None:
        lane = await open_lane(FEW)
        cursors = [await lane.publish("g", keyed(n, f"k{n}")) for n in range(3)]

        assert await lane.published("g", "k0") is None
        assert await lane.published("g", "k1") == cursors[1]
        assert await lane.published("g", "k2") == cursors[2]

    async def test_after_the_last_publication_a_key_changes_nothing(self, lane: Lane) -> None:
        await lane.publish("g", Publication(body(1), last=True))

        assert await lane.publish("g", keyed(2, "k")) is None
        assert len(await lane.recent("g", 9)) == 1

    async def test_on_an_ephemeral_lane_a_key_means_nothing(self, open_lane: OpenLane) -> None:
        lane = await open_lane(EPHEMERAL)
        ada = await listener(lane)

        assert await lane.publish("g", keyed(1, "k")) is None
        assert await lane.publish("g", keyed(2, "k")) is None
        assert await lane.published("g", "k") is None
        await hears(ada, 1, 2)

    async def test_after_the_last_message_no_key_is_remembered(self, lane: Lane) -> None:
        await lane.publish("g", Publication(body(1), key="k", last=True))

        assert await lane.published("g", "k") is None
        assert await lane.publish("g", keyed(2, "k")) is None
