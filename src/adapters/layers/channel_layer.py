"""A lane as a fast-channels layer, so that chanx's own ways to send reach our connections.

`SomeConsumer.broadcast_event(…)` ends in `group_send`; stock consumers of other code may
also join groups and receive. Connections of ours never do: they subscribe to audiences.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fast_channels.layers import register_channel_layer, unregister_channel_layer
from fast_channels.layers.base import BaseChannelLayer

from adapters.lane_table import LANE_OF
from adapters.layers.lanes import Lane
from application.ports import Cursor, Recovery, SlowReaders, Subscriber
from domain.identity import ConnectionId


class StockChannel:
    """The queue of a stock consumer. Over its capacity new messages are dropped and counted:
    fast-channels promises no more, and its consumers can't be told."""

    def __init__(self, name: str, capacity: int) -> None:
        self.connection_id = ConnectionId(name)
        self.messages: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue(capacity)
        self.dropped = 0

    def deliver(self, frame: str) -> None:
        """Frames are for connections that know our presenter; stock consumers have handlers."""

    def recover(self, recovery: Recovery, frames: Sequence[str]) -> None:
        """Stock consumers never ask for recovery."""

    def begin_at(self, cursor: Cursor) -> None:
        """Nor do they come back."""

    def lossy(self, slow_readers: SlowReaders) -> Subscriber:
        """It drops what it can't take anyway."""
        return self

    def notify(self, message: Mapping[str, Any]) -> None:
        try:
            self.messages.put_nowait(message)
        except asyncio.QueueFull:
            self.dropped += 1


class LaneChannelLayer(BaseChannelLayer):
    """Sends at most once, also over a durable lane: what a handler makes of a message is
    known only at its connection, so there is no frame for history to keep."""

    MAX_NAME_LENGTH = 800  # a room's name of 64 characters, each escaped

    def __init__(self, lane: Lane) -> None:
        super().__init__()
        self._lane = lane
        self._channels: dict[str, StockChannel] = {}

    async def group_send(self, group: str, message: Mapping[str, Any]) -> None:
        self.require_valid_group_name(group)
        await self._lane.notify(group, message)

    async def group_add(self, group: str, channel: str) -> None:
        self.require_valid_group_name(group)
        await self._lane.attach(group, self._channel(channel))

    async def group_discard(self, group: str, channel: str) -> None:
        if stock := self._channels.get(channel):
            await self._lane.detach(stock, group)

    async def new_channel(self, prefix: str = "specific.") -> str:
        return f"{prefix}{secrets.token_hex(8)}"

    async def send(self, channel: str, message: Mapping[str, Any]) -> None:
        """To one stock consumer of this process; nobody behind the name is no error."""
        self.require_valid_channel_name(channel)
        if stock := self._channels.get(channel):
            stock.notify(message)

    async def receive(self, channel: str) -> Mapping[str, Any]:
        stock = self._channel(channel)
        try:
            return await stock.messages.get()
        except asyncio.CancelledError:
            # fast-channels cancels a consumer's receive when the consumer ends.
            self._channels.pop(channel, None)
            await self._lane.detach(stock)
            raise

    def _channel(self, name: str) -> StockChannel:
        if name not in self._channels:
            self._channels[name] = StockChannel(name, self.capacity)
        return self._channels[name]


@contextlib.contextmanager
def registered(lanes: Mapping[str, Lane]) -> Iterator[None]:
    """Each lane under its name, and under the names of the audiences that it carries."""
    layers = {name: LaneChannelLayer(lane) for name, lane in lanes.items()}
    layers |= {kind.value: layers[lane] for kind, lane in LANE_OF.items()}
    for alias, layer in layers.items():
        register_channel_layer(alias, layer)
    try:
        yield
    finally:
        for alias in layers:
            unregister_channel_layer(alias)
