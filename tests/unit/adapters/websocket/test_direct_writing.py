"""A server may offer to write a frame at once, or to say that it can't: our own does."""

import asyncio
from typing import Any

import pytest

from adapters.asgi_extensions import ABORT, WRITE
from adapters.sessions import registry
from tests.unit.adapters.websocket.driving import Service, Socket, serving
from tests.unit.adapters.websocket.invented import every_socket
from tests.unit.adapters.websocket.log_lines import configured_log
from tests.waiting import DEADLINE, eventually


class Transport:
    """What the server offers to one connection. It takes each frame of which `takes` is true,
    and what is sent the slow way takes a few turns of the loop."""

    def __init__(self, client: Socket, takes: Any) -> None:
        self.at_once = 0
        self.asked = 0
        self.aborted = asyncio.Event()
        self._takes = takes
        self._sent = client.output_queue.put_nowait
        client.scope["extensions"] = {
            WRITE: {"call": self._write},
            ABORT: {"call": self.aborted.set},
        }
        client.application = self._slowly(client.application)

    def _write(self, text: str) -> bool:
        self.asked += 1
        if not self._takes(self.asked):
            return False
        self.at_once += 1
        self._sent({"type": "websocket.send", "text": text})
        return True

    def _slowly(self, app: Any) -> Any:
        async def application(scope: Any, receive: Any, send: Any) -> None:
            async def slow_send(message: Any) -> None:
                # The handshake takes longest: whatever did not wait for it would overtake it.
                for _ in range(10 if message["type"] == "websocket.accept" else 3):
                    await asyncio.sleep(0)
                await send(message)

            await app(scope, receive, slow_send)

        return application


def always(_asked: int) -> bool:
    return True


def never(_asked: int) -> bool:
    return False


def now_and_then(asked: int) -> bool:
    return asked % 7 not in (2, 5)


every_transport = pytest.mark.parametrize("takes", [always, never, now_and_then])


@every_socket
@every_transport
async def test_every_socket_works_however_its_frames_are_written(
    service: Service, path: str, takes: Any
) -> None:
    client = service.socket(path)
    Transport(client, takes)
    async with client:
        await client.frames_until_pong()
        await client.say("ping", ref="1")
        assert (await client.frame())["ref"] == "1"


@every_transport
async def test_frames_keep_their_order_however_they_are_written(
    service: Service, takes: Any
) -> None:
    first, second = service.socket("/ws/chat"), service.socket("/ws/chat")
    Transport(first, takes)
    Transport(second, takes)
    async with first, second:
        await first.frames(2)
        await second.frame()
        for number in range(300):
            await first.say("chat", {"message": str(number)})
        for member in (first, second):
            frames = await member.frames(300)
            assert [frame["payload"]["message"] for frame in frames] == [
                f"💬 {number}" for number in range(300)
            ]


async def test_a_frame_that_the_transport_takes_wakes_no_task(service: Service) -> None:
    client = service.socket("/ws/chat")
    transport = Transport(client, always)
    async with client:
        await client.frame()  # Written when the handshake was over.
        for number in range(100):
            await client.say("chat", {"message": str(number)})
        await client.frames(100)
        assert transport.at_once == 100


async def test_nothing_is_written_before_the_handshake_is_over(service: Service) -> None:
    async with service.socket("/ws/reliable") as member:
        cursor = (await member.frame())["cursor"]
        client = service.socket(f"/ws/reliable?since={cursor}")
        Transport(client, always)
        async with client:  # Fails unless the first of all that is written is the acceptance.
            assert (await client.frame())["action"] == "recovered"
            assert (await client.frame())["action"] == "reliable_chat_notification"


@every_transport
async def test_the_disconnect_is_the_last_of_all(service: Service, takes: Any) -> None:
    client = service.socket("/ws/chat")
    Transport(client, takes)
    async with client:
        await client.frame()
        for number in range(20):
            await client.say("chat", {"message": str(number)})
        await eventually(client.input_queue.empty)
        await client.frames(5)
        draining = asyncio.create_task(service.registry.drain(3_600))
        texts = [(await client.payload("chat_notification"))["message"] for _ in range(15)]
        assert texts == [f"💬 {number}" for number in range(5, 20)]
        assert (await client.told_to_leave())[1] == 1012
    await draining
    assert client.output_queue.empty()


async def test_a_transport_that_takes_nothing_more_fills_the_mailbox(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "SWEEP_SECONDS", 3_600)  # Nobody looks for stuck writes.
    async with (
        serving(mailbox_frames=8, send_timeout=0.05) as service,
        service.socket("/ws/chat") as sender,
    ):
        slow = service.socket("/ws/chat")
        slow._output_queue = asyncio.Queue(maxsize=1)
        transport = Transport(slow, never)
        async with slow:
            for number in range(30):
                await sender.say("chat", {"message": str(number)})
                await eventually(sender.input_queue.empty)
            async with asyncio.timeout(DEADLINE):
                await transport.aborted.wait()
            assert (await slow.told_to_leave())[1] == 4408


@every_transport
async def test_completion_frames_follow_what_they_complete(takes: Any) -> None:
    async with serving(send_completion=True) as service:
        client = service.socket("/ws/chat")
        Transport(client, takes)
        async with client:
            for number in range(50):
                await client.say("chat", {"message": str(number)})
            await client.frames(2)
            actions = [frame["action"] for frame in await client.frames(150)]
            assert actions == ["chat_notification", "group_complete", "complete"] * 50


@every_transport
async def test_every_frame_is_logged_once_however_it_is_written(takes: Any) -> None:
    with configured_log() as log:
        async with serving(log_websocket=True) as service:
            client = service.socket("/ws/system")
            Transport(client, takes)
            async with client:
                for _ in range(10):
                    await client.say("user_message", {"message": "hello"})
                await client.frames(11)
    sent = [line["action"] for line in log.lines if line["event"] == "websocket sent"]
    assert sent == ["system_echo"] * 11
