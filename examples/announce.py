"""Announces from a program of its own, through chanx: everybody in the chat hears it.

    REDIS_URL=redis://127.0.0.1:6379/0 .venv/bin/python examples/announce.py "Lunch is ready"

`switchboard send` does the same for every channel; this is for code that knows chanx's way.
"""

import asyncio
import sys

from fast_channels.layers import register_channel_layer

from adapters.environment import load_settings
from adapters.layers.channel_layer import LaneChannelLayer
from adapters.settings import BackendName
from adapters.websocket.chat import ChatConsumer
from adapters.websocket.frames import SystemNotify, TextPayload
from bootstrap import create_container


async def announce(text: str) -> None:
    backend = create_container(load_settings(backend=BackendName.REDIS)).backend()
    register_channel_layer("chat", LaneChannelLayer(backend.lanes["chat"]))
    async with backend.sending():
        await ChatConsumer.broadcast_event(SystemNotify(payload=TextPayload(message=text)))


asyncio.run(announce(sys.argv[1]))
