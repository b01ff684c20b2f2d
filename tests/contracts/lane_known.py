"""What durable lanes say of groups that are known: see `adapters.layers.lanes.Lane.is_known`."""

from dataclasses import replace

from adapters.layers.publication import Publication
from tests.contracts.lane import DURABLE, OpenLane, publish
from tests.doubles import RecordingSubscriber


class KnownContract:
    """Takes the fixture `open_lane` (`OpenLane`)."""

    async def test_a_group_is_known_once_something_was_said_in_it(
        self, open_lane: OpenLane
    ) -> None:
        lane = await open_lane(DURABLE)
        assert not await lane.is_known("rooms.a")
        await publish(lane, "rooms.a", 1)
        assert await lane.is_known("rooms.a")
        assert not await lane.is_known("rooms.b")

    async def test_asking_makes_nothing_known(self, open_lane: OpenLane) -> None:
        lane = await open_lane(DURABLE)
        await lane.is_known("rooms.a")
        await lane.recent("rooms.a", 9)
        await lane.published("rooms.a", "k" * 32)
        assert not await lane.is_known("rooms.a")

    async def test_a_group_is_known_while_somebody_listens(self, open_lane: OpenLane) -> None:
        lane = await open_lane(DURABLE)
        subscriber = RecordingSubscriber("ada")
        await lane.attach("rooms.a", subscriber)
        assert await lane.is_known("rooms.a")
        await lane.detach(subscriber)
        assert not await lane.is_known("rooms.a")

    async def test_a_group_that_was_told_of_a_newcomer_is_known_elsewhere(
        self, open_lane: OpenLane
    ) -> None:
        lane = await open_lane(DURABLE)
        await lane.publish("rooms.a", Publication('{"n":1}', passing=True))
        assert await lane.is_known("rooms.a")
        other = await open_lane(replace(DURABLE, prefix="other"))
        assert not await other.is_known("rooms.a")
