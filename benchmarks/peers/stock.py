"""The stock peer: chanx on fast-channels' own layers, written as its documentation shows.

`uvicorn benchmarks.peers.stock:app` serves it with uvicorn's defaults. With `REDIS_URL` the
rooms ride on `RedisPubSubChannelLayer` and the reliable chat on `RedisChannelLayer`, without
it on `InMemoryChannelLayer`. structlog is as it comes.
"""

import os
from typing import Any, Literal

from arq import ArqRedis, create_pool
from arq.connections import RedisSettings
from chanx.core.decorators import channel, event_handler, ws_handler
from chanx.fast_channels.websocket import AsyncJsonWebsocketConsumer
from chanx.messages.base import BaseMessage
from fast_channels.layers import BaseChannelLayer, InMemoryChannelLayer, register_channel_layer
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.routing import WebSocketRoute

REDIS_URL = os.environ.get("REDIS_URL", "")


class Text(BaseModel):
    message: str


class UserMessage(BaseMessage):
    action: Literal["user_message"] = "user_message"
    payload: Text


class SystemEcho(BaseMessage):
    action: Literal["system_echo"] = "system_echo"
    payload: Text


class Chat(BaseMessage):
    action: Literal["chat"] = "chat"
    payload: Text


class ChatNotification(BaseMessage):
    action: Literal["chat_notification"] = "chat_notification"
    payload: Text


class RoomChat(BaseMessage):
    action: Literal["room_chat"] = "room_chat"
    payload: Text


class ReliableChat(BaseMessage):
    action: Literal["reliable_chat"] = "reliable_chat"
    payload: Text


class JobPayload(BaseModel):
    type: str
    content: str


class Job(BaseMessage):
    action: Literal["job"] = "job"
    payload: JobPayload


class JobStatusPayload(BaseModel):
    status: str
    job_id: str | None = None
    message: str | None = None


class JobStatus(BaseMessage):
    action: Literal["job_status"] = "job_status"
    payload: JobStatusPayload


@channel(name="system")
class SystemConsumer(AsyncJsonWebsocketConsumer):
    """Answers everything that is said."""

    @ws_handler
    async def user_message(self, message: UserMessage) -> SystemEcho:
        return SystemEcho(payload=Text(message=f"🔧 System Echo: {message.payload.message}"))


class TalkingConsumer(AsyncJsonWebsocketConsumer):
    """Tells its group of every newcomer, unless that one came with `?quiet`."""

    async def post_authentication(self) -> None:
        await self.join_group(self.url_params.get("room_name", "everybody"))
        if self.scope["query_string"] != b"quiet":
            joined = ChatNotification(payload=Text(message="🚪 Someone joined the room"))
            await self.broadcast_message(joined, exclude_current=True)

    async def say(self, text: str) -> None:
        await self.broadcast_message(ChatNotification(payload=Text(message=f"💬 {text}")))


@channel(name="chat")
class ChatConsumer(TalkingConsumer):
    channel_layer_alias = "chat"

    @ws_handler(output_type=ChatNotification)
    async def chat(self, message: Chat) -> None:
        await self.say(message.payload.message)


@channel(name="room")
class RoomConsumer(TalkingConsumer):
    channel_layer_alias = "chat"

    @ws_handler(output_type=ChatNotification)
    async def room_chat(self, message: RoomChat) -> None:
        await self.say(message.payload.message)


@channel(name="reliable")
class ReliableConsumer(TalkingConsumer):
    channel_layer_alias = "queue"

    @ws_handler(output_type=ChatNotification)
    async def reliable_chat(self, message: ReliableChat) -> None:
        await self.say(message.payload.message)


@channel(name="jobs")
class JobsConsumer(AsyncJsonWebsocketConsumer[JobStatus]):
    channel_layer_alias = "chat"

    @ws_handler(output_type=JobStatus)
    async def job(self, message: Job) -> None:
        await self._tell("queuing")
        queue = await _job_queue()
        job = await queue.enqueue_job("work", message.payload.content, self.channel_name)
        await self._tell("queued", job_id=job.job_id if job is not None else None)

    @event_handler
    async def job_status(self, event: JobStatus) -> JobStatus:
        return event

    async def _tell(self, status: str, **more: Any) -> None:
        await self.send_message(JobStatus(payload=JobStatusPayload(status=status, **more)))


_queues: list[ArqRedis] = []


async def _job_queue() -> ArqRedis:
    if not _queues:
        _queues.append(await create_pool(RedisSettings.from_dsn(REDIS_URL)))
    return _queues[0]


def add_layers() -> None:
    """The reliable layer's capacity and expiry are those of our own reliable lane."""
    chat: BaseChannelLayer = InMemoryChannelLayer()
    queue: BaseChannelLayer = InMemoryChannelLayer()
    if REDIS_URL:
        # It needs more packages than fast-channels alone, so only who uses it imports it.
        from fast_channels.layers.redis import (  # noqa: PLC0415
            RedisChannelLayer,
            RedisPubSubChannelLayer,
        )

        chat = RedisPubSubChannelLayer(hosts=[REDIS_URL], prefix="chat")
        queue = RedisChannelLayer(hosts=[REDIS_URL], prefix="queue", expiry=900, capacity=1000)
    register_channel_layer("chat", chat)
    register_channel_layer("queue", queue)


add_layers()
app = FastAPI(
    routes=[
        WebSocketRoute("/ws/system", SystemConsumer.as_asgi()),
        WebSocketRoute("/ws/chat", ChatConsumer.as_asgi()),
        WebSocketRoute("/ws/room/{room_name}", RoomConsumer.as_asgi()),
        WebSocketRoute("/ws/reliable", ReliableConsumer.as_asgi()),
        WebSocketRoute("/ws/background_jobs", JobsConsumer.as_asgi()),
    ]
)
