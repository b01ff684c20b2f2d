"""A lane as a fast-channels layer: what stock consumers of other code rely on."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fast_channels.consumer.websocket import AsyncWebsocketConsumer
from fast_channels.layers import register_channel_layer, unregister_channel_layer

from adapters.layers.channel_layer import LaneChannelLayer, StockChannel
from adapters.layers.lane_memory import MemoryLane
from application.ports import Recovery
from tests.contracts.lane import DURABLE, EPHEMERAL, body, publish
from tests.doubles import ManualClock, RecordingSubscriber
from tests.waiting import DEADLINE

KNOCK = {"type": "knock", "times": 1}


@pytest.fixture
def lane() -> MemoryLane:
    return MemoryLane(EPHEMERAL, ManualClock())


@pytest.fixture
def layer(lane: MemoryLane) -> LaneChannelLayer:
    return LaneChannelLayer(lane)


async def receive(layer: LaneChannelLayer, channel: str) -> Any:
    async with asyncio.timeout(DEADLINE):
        return await layer.receive(channel)


async def waiting(layer: LaneChannelLayer, channel: str) -> asyncio.Task[Any]:
    """A consumer that has begun to receive."""
    task = asyncio.create_task(receive(layer, channel))
    await asyncio.sleep(0)
    return task


async def test_members_of_a_group_receive_what_is_sent_to_it(layer: LaneChannelLayer) -> None:
    ada, bob = await layer.new_channel(), await layer.new_channel()
    for channel in (ada, bob):
        await layer.group_add("g", channel)

    await layer.group_send("g", KNOCK)

    assert await receive(layer, ada) == KNOCK
    assert await receive(layer, bob) == KNOCK


async def test_messages_are_received_in_the_order_sent(layer: LaneChannelLayer) -> None:
    await layer.group_add("g", "ada")

    for number in range(50):
        await layer.group_send("g", {"type": "count", "n": number})

    assert [(await receive(layer, "ada"))["n"] for _ in range(50)] == list(range(50))


async def test_a_waiting_consumer_is_woken_by_a_message(layer: LaneChannelLayer) -> None:
    await layer.group_add("g", "ada")
    receiving = await waiting(layer, "ada")

    await layer.group_send("g", KNOCK)

    assert await receiving == KNOCK


async def test_nothing_is_received_after_being_discarded(layer: LaneChannelLayer) -> None:
    for group in ("g", "kept"):
        await layer.group_add(group, "ada")

    await layer.group_discard("g", "ada")
    await layer.group_discard("g", "ada")
    await layer.group_discard("g", "never added")
    await layer.group_send("g", KNOCK)
    await layer.group_send("kept", {"type": "kept"})

    assert await receive(layer, "ada") == {"type": "kept"}


async def test_one_channel_can_be_sent_to_alone(layer: LaneChannelLayer) -> None:
    receiving = await waiting(layer, "ada")

    await layer.send("ada", KNOCK)
    await layer.send("nobody", KNOCK)

    assert await receiving == KNOCK


async def test_connections_of_ours_hear_it_as_a_notice(
    layer: LaneChannelLayer, lane: MemoryLane
) -> None:
    ours = RecordingSubscriber()
    await lane.attach("g", ours)

    await layer.group_send("g", KNOCK)

    assert ours.notices == [KNOCK]
    assert ours.frames == []


async def test_what_is_sent_over_a_durable_lane_is_not_stored() -> None:
    lane = MemoryLane(DURABLE, ManualClock())

    await LaneChannelLayer(lane).group_send("g", KNOCK)

    assert await lane.recent("g", 9) == []


async def test_a_stock_consumer_is_not_bothered_with_frames(
    layer: LaneChannelLayer, lane: MemoryLane
) -> None:
    await layer.group_add("g", "ada")

    await publish(lane, "g", 1)
    await layer.group_send("g", KNOCK)

    assert await receive(layer, "ada") == KNOCK


def test_a_stock_channel_ignores_recovery() -> None:
    stock = StockChannel("ada", 1)

    stock.recover(Recovery(1), [body(1)])

    assert stock.messages.empty()


async def test_over_its_capacity_a_channel_drops_what_is_new_and_counts_it(
    layer: LaneChannelLayer,
) -> None:
    await layer.group_add("g", "slow")
    await layer.group_add("g", "quick")

    for number in range(layer.capacity):
        await layer.group_send("g", {"type": "count", "n": number})
    assert (await receive(layer, "quick"))["n"] == 0
    await layer.group_send("g", {"type": "count", "n": "one too many"})

    slow = layer._channels["slow"]
    assert slow.dropped == 1
    assert layer._channels["quick"].dropped == 0
    received = [(await receive(layer, "slow"))["n"] for _ in range(layer.capacity)]
    assert received == list(range(layer.capacity))
    await layer.group_send("g", KNOCK)
    assert await receive(layer, "slow") == KNOCK


async def test_a_consumer_that_ends_is_forgotten_with_all_its_groups(
    layer: LaneChannelLayer, lane: MemoryLane
) -> None:
    for group in ("g1", "g2"):
        await layer.group_add(group, "ada")
    stock = layer._channels["ada"]
    receiving = await waiting(layer, "ada")

    receiving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await receiving

    assert lane.attached(stock) == 0
    assert layer._channels == {}
    await layer.group_send("g1", KNOCK)
    assert stock.messages.empty()


async def test_channels_have_names_of_their_own(layer: LaneChannelLayer) -> None:
    names = {await layer.new_channel() for _ in range(100)}

    assert len(names) == 100
    for name in names:
        assert layer.require_valid_channel_name(name)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ü", "x" * 800])
async def test_an_impossible_name_is_refused_as_fast_channels_does(
    layer: LaneChannelLayer, name: str
) -> None:
    with pytest.raises(TypeError):
        await layer.group_send(name, KNOCK)
    with pytest.raises(TypeError):
        await layer.group_add(name, "ada")
    with pytest.raises(TypeError):
        await layer.send(name, KNOCK)


class StockConsumer(AsyncWebsocketConsumer):
    """As somebody would write it who knows fast-channels only."""

    channel_layer_alias = "stock"
    groups = ["news"]  # noqa: RUF012 - as fast-channels types it

    async def news_flash(self, event: dict[str, Any]) -> None:
        await self.send(text_data=event["text"])


@pytest.fixture
async def registered(layer: LaneChannelLayer) -> AsyncIterator[LaneChannelLayer]:
    register_channel_layer("stock", layer)
    yield layer
    unregister_channel_layer("stock")


async def test_a_stock_consumer_lives_on_this_layer(
    registered: LaneChannelLayer, lane: MemoryLane
) -> None:
    to_consumer: asyncio.Queue[Any] = asyncio.Queue()
    from_consumer: asyncio.Queue[Any] = asyncio.Queue()

    async def read() -> Any:
        async with asyncio.timeout(DEADLINE):
            return await from_consumer.get()

    consumer = asyncio.create_task(
        StockConsumer.as_asgi()({"type": "websocket"}, to_consumer.get, from_consumer.put)
    )
    await to_consumer.put({"type": "websocket.connect"})
    assert (await read())["type"] == "websocket.accept"

    await registered.group_send("news", {"type": "news.flash", "text": "It works"})
    assert (await read())["text"] == "It works"

    await to_consumer.put({"type": "websocket.disconnect", "code": 1000})
    async with asyncio.timeout(DEADLINE):
        await consumer
    assert registered._channels == {}
    assert lane._listeners._groups == {}
