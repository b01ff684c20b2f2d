"""A client that does not read: bounded, sent away, and nobody else's trouble."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from adapters.asgi_extensions import ABORT, INBOX
from adapters.sessions import registry
from adapters.sessions.session import Session
from adapters.websocket.chat import ChatConsumer
from adapters.websocket.frames import SystemNotify, TextPayload
from tests.unit.adapters.websocket.driving import Frame, Service, Socket, serving
from tests.unit.adapters.websocket.log_lines import configured_log
from tests.waiting import DEADLINE, eventually

SMALL: dict[str, Any] = {"mailbox_frames": 8, "send_timeout": 0.05}


@pytest.fixture(autouse=True)
def _no_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks for stuck writes, so that only a mailbox ends a connection."""
    monkeypatch.setattr(registry, "SWEEP_SECONDS", 3_600)


def unread(service: Service, path: str) -> tuple[Socket, asyncio.Event]:
    """A client for which every write waits until the one before is read, and whether the
    server cut its connection off."""
    client = service.socket(path)
    client._output_queue = asyncio.Queue(maxsize=1)
    aborted = asyncio.Event()
    client.scope["extensions"] = {ABORT: {"call": aborted.set}}
    return client, aborted


async def everything(client: Socket) -> tuple[list[Frame], int]:
    """All frames that still come, and the code of the close after them."""
    frames: list[Frame] = []
    while (message := await client.receive_output())["type"] == "websocket.send":
        frames.append(message["text"])
    return frames, message["code"]


async def test_a_reader_past_its_mailbox_is_sent_away_and_the_others_hear_everything() -> None:
    async with serving(**SMALL) as service, service.socket("/ws/chat") as sender:
        await sender.frame()
        slow, aborted = unread(service, "/ws/chat")
        async with slow, service.socket("/ws/chat") as other:
            for number in range(100):
                await sender.say("chat", {"message": str(number)})
                await eventually(sender.input_queue.empty)
            said = [f"💬 {number}" for number in range(100)]
            for member in (sender, other):
                texts = [frame["payload"]["message"] for frame in await member.frames_until_pong()]
                assert [text for text in texts if text in said] == said
            async with asyncio.timeout(DEADLINE):
                await aborted.wait()

            frames, code = await everything(slow)
            assert code == 4408
            assert len(frames) <= 3
            assert '"code":4408' in frames[-1]
            assert '"reconnect":true' in frames[-1]
            assert '"after_ms":0' in frames[-1]


async def test_a_reader_past_its_mailbox_with_events_is_sent_away_too() -> None:
    async with serving(**SMALL) as service:
        slow, aborted = unread(service, "/ws/chat")
        async with slow:
            for number in range(20):
                payload = TextPayload(message=str(number))
                await ChatConsumer.broadcast_event(SystemNotify(payload=payload))
            async with asyncio.timeout(DEADLINE):
                await aborted.wait()
            assert (await everything(slow))[1] == 4408


async def test_a_reader_is_judged_by_bytes_too() -> None:
    async with (
        serving(mailbox_bytes=64 * 1024, send_timeout=0.05) as service,
        service.socket("/ws/chat") as sender,
    ):
        slow, aborted = unread(service, "/ws/chat")
        async with slow:
            for _ in range(30):
                await sender.say("chat", {"message": "x" * 4_000})
                await sender.frame()
            async with asyncio.timeout(DEADLINE):
                await aborted.wait()
            assert (await everything(slow))[1] == 4408


async def test_a_reader_that_catches_up_in_time_misses_nothing() -> None:
    async with serving(**SMALL) as service, service.socket("/ws/chat") as sender:
        slow, aborted = unread(service, "/ws/chat")
        async with slow:
            await slow.frame()
            for number in range(50):
                await sender.say("chat", {"message": str(number)})
                heard = await slow.payload("chat_notification")
                assert heard["message"] == f"💬 {number}"
            assert not aborted.is_set()


async def test_a_write_stuck_for_too_long_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "SWEEP_SECONDS", 0.01)
    async with serving(send_timeout=0.05) as service, service.socket("/ws/chat") as sender:
        slow, aborted = unread(service, "/ws/chat")
        async with slow:
            for number in range(3):
                await sender.say("chat", {"message": str(number)})
            async with asyncio.timeout(DEADLINE):
                await aborted.wait()
            assert (await everything(slow))[1] == 4408


async def test_a_reader_without_anything_to_read_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "SWEEP_SECONDS", 0.001)
    looked_at = 0

    async with serving(send_timeout=0.001) as service, service.socket("/ws/chat") as idle:
        await idle.frame()
        (connection,) = service.registry._open
        look = connection.check

        def counted(now: float) -> None:
            nonlocal looked_at
            looked_at += 1
            look(now)

        monkeypatch.setattr(connection, "check", counted)
        await eventually(lambda: looked_at > 10)
        await idle.hears_nothing()
        assert len(service.registry) == 1


async def test_a_client_that_asks_but_does_not_read_is_not_read_from_either() -> None:
    async with serving(mailbox_frames=8) as service:
        talker, aborted = unread(service, "/ws/system")
        async with talker:
            for number in range(200):
                await talker.say("ping", ref=str(number))
            for _ in range(500):
                await asyncio.sleep(0)
            assert talker.input_queue.qsize() > 180
            await talker.frame()
            for number in range(200):
                assert (await talker.frame())["ref"] == str(number)
            assert not aborted.is_set()


async def test_a_reader_sent_away_can_come_back_for_what_it_missed() -> None:
    async with serving(**SMALL) as service, service.socket("/ws/reliable") as sender:
        slow, aborted = unread(service, "/ws/reliable")
        async with slow:
            cursor = (await slow.frame())["cursor"]
            for number in range(30):
                await sender.say("reliable_chat", {"message": str(number)})
                await eventually(sender.input_queue.empty)
            async with asyncio.timeout(DEADLINE):
                await aborted.wait()
        async with service.socket(f"/ws/reliable?since={cursor}") as back:
            assert (await back.payload("recovered"))["recovered"] is True
            texts = [
                frame["payload"]["message"]
                for frame in await back.frames_until_pong()
                if "📨" in frame["payload"]["message"]
            ]
            assert texts == [f"📨 {number}" for number in range(30)]


async def test_a_reader_sent_away_is_noted_by_its_own_name_and_without_a_traceback() -> None:
    with configured_log() as log:
        async with serving(**SMALL) as service, service.socket("/ws/chat") as sender:
            others = set(service.registry._open)
            slow, aborted = unread(service, "/ws/chat")
            async with slow:
                (session,) = set(service.registry._open) - others
                assert isinstance(session, Session)
                for number in range(20):
                    await sender.say("chat", {"message": str(number)})
                async with asyncio.timeout(DEADLINE):
                    await aborted.wait()
    (line,) = [line for line in log.lines if line["level"] == "warning"]
    assert line["event"] == "slow reader disconnected"
    assert line["connection"] == session.connection_id
    assert "exception" not in line


@pytest.mark.parametrize("log_websocket", [False, True], ids=["silent", "logged"])
async def test_a_client_of_which_too_much_was_read_and_not_handled_is_sent_away(
    log_websocket: bool,
) -> None:
    much = 64 * 1024 + 1
    inboxes: list[Callable[[int], None]] = []

    def watch(changed: Callable[[int], None]) -> Callable[[], None]:
        inboxes.append(changed)
        return lambda: changed(-much)

    async with (
        serving(buffered_bytes=64 * 1024, log_websocket=log_websocket) as service,
        service.socket("/ws/system") as other,
    ):
        client = service.socket("/ws/system")
        client.scope["extensions"] = {INBOX: {"call": watch}}
        async with client:
            await client.frame()
            (changed,) = inboxes
            changed(much)
            told, code = await client.told_to_leave()
            assert (told["code"], code) == (4408, 4408)
        await eventually(lambda: len(service.registry) == 1)
        assert service.registry.totals().buffered_bytes == 0
        await other.frames_until_pong()
