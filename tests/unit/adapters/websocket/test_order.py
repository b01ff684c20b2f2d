"""One connection's frames are handled in the order sent, and hold up nobody else."""

import asyncio
from typing import Any

import pytest
from dependency_injector import providers

from adapters.layers.broadcaster import LaneBroadcaster
from container import Container
from domain.audiences import Audience
from domain.events import MessageSaid
from tests.sockets import encode
from tests.unit.adapters.websocket.driving import Service, serving
from tests.waiting import eventually

MANY = 500


async def test_pipelined_frames_are_answered_in_the_order_sent(service: Service) -> None:
    async with service.socket("/ws/system") as client:
        await client.frame()
        for number in range(MANY):
            # Answered by different code each, some at once and some after validation failed.
            await client.say(("user_message", "ping", "unknown")[number % 3], ref=str(number))
        assert [(await client.frame())["ref"] for _ in range(MANY)] == [
            str(number) for number in range(MANY)
        ]


@pytest.mark.parametrize(
    ("path", "action"),
    [("/ws/chat", "chat"), ("/ws/reliable", "reliable_chat"), ("/ws/room/lobby", "room_chat")],
)
async def test_everybody_hears_pipelined_messages_in_the_order_sent(
    service: Service, path: str, action: str
) -> None:
    async with service.socket(path) as sender, service.socket(path) as other:
        await sender.frames_until_pong()
        await other.frames_until_pong()
        for number in range(MANY):
            await sender.say(action, {"message": str(number)})
        expected = [str(number) for number in range(MANY)]
        for member in (sender, other):
            frames = await member.frames(MANY)
            assert [f["payload"]["message"].split()[-1] for f in frames] == expected


async def test_members_who_talk_at_once_are_heard_in_one_order_by_all(service: Service) -> None:
    async with (
        service.socket("/ws/reliable") as first,
        service.socket("/ws/reliable") as second,
        service.socket("/ws/reliable") as third,
    ):
        for member in (first, second, third):
            await member.frames_until_pong()
        for number in range(100):
            for member in (first, second):
                await member.say("reliable_chat", {"message": str(number)})
        heard = [await member.frames(200) for member in (first, second, third)]
        assert heard[0] == heard[1] == heard[2]


async def test_a_talkative_client_lets_others_have_their_turn() -> None:
    async with (
        serving(mailbox_frames=10_000) as service,
        service.socket("/ws/system") as talker,
        service.socket("/ws/system") as other,
    ):
        await talker.frame()
        await other.frame()
        for _ in range(2_000):
            talker.input_queue.put_nowait(
                {"type": "websocket.receive", "text": '{"action": "ping"}'}
            )
        await other.say("ping")
        assert (await other.frame())["action"] == "pong"
        assert talker.input_queue.qsize() > 1_000
        await talker.frames(2_000)


async def test_an_idle_connection_takes_one_task(service: Service) -> None:
    before = len(asyncio.all_tasks())
    async with service.socket("/ws/chat") as first, service.socket("/ws/reliable") as second:
        await first.frames_until_pong()
        await second.frames_until_pong()
        await eventually(lambda: len(asyncio.all_tasks()) - before <= 2)


async def test_a_connection_takes_two_tasks_however_much_it_does(service: Service) -> None:
    before = len(asyncio.all_tasks())
    async with (
        service.socket("/ws/chat") as first,
        service.socket("/ws/room/lobby") as second,
        service.socket("/ws/background_jobs") as third,
    ):
        for number in range(50):
            await first.say("chat", {"message": str(number)})
            await second.say("room_chat", {"message": str(number)})
            await third.say("job_list")
        for client in (first, second, third):
            await client.frames_until_pong()
            assert len(asyncio.all_tasks()) - before <= 6


@pytest.mark.parametrize("members", [1, 2, 20])
async def test_a_message_is_encoded_once_however_many_hear_it(members: int) -> None:
    encoded: list[Any] = []

    def counting(audience: Audience[Any], event: Any) -> str:
        encoded.append(event)
        return encode(audience, event)

    def count(container: Container) -> None:
        container.broadcaster.override(
            providers.Singleton(
                LaneBroadcaster,
                container.backend.provided.lanes,
                counting,
                subscription_limit=64,
            )
        )

    async with serving(count) as service:
        clients = [service.socket("/ws/chat") for _ in range(members)]
        for client in clients:
            await client.connect()
        await clients[0].frames_until_pong()
        encoded.clear()
        await clients[0].say("chat", {"message": "hello"})
        heard: list[Any] = []
        for client in clients:
            while "hello" not in str(frame := await client.frame()):
                pass
            heard.append(frame)
        assert heard == [heard[0]] * members
        assert [type(event) for event in encoded] == [MessageSaid]
        for client in clients:
            await client.disconnect()
