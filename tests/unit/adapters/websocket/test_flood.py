"""A client that sends too fast is slowed down, told so once, and in the end sent away."""

from typing import Any

import pytest

from adapters.sessions import brake
from tests.unit.adapters.websocket.driving import Frame, Socket, serving

FLOOD: dict[str, Any] = {"frames_per_second": 100_000, "frame_burst": 10, "flood_seconds": 50e-6}
"""Small enough for a test; with the clock below, fifty frames of flood are too many."""


class Ticking:
    """A clock that goes a millionth of a second further with every look at it, so that
    floods don't depend on how busy the machine is."""

    def __init__(self) -> None:
        self._now = 1_000.0

    def monotonic(self) -> float:
        self._now += 1e-6
        return self._now


@pytest.fixture(autouse=True)
def _ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brake, "time", Ticking())


async def pings(client: Socket, count: int) -> None:
    for number in range(count):
        await client.say("ping", ref=str(number))


async def frames_until_disconnect(client: Socket) -> list[Frame]:
    frames = [await client.frame()]
    while frames[-1]["action"] != "disconnect":
        frames.append(await client.frame())
    return frames


async def test_a_flood_is_told_once_then_closed_when_it_goes_on() -> None:
    async with serving(**FLOOD) as service:
        async with service.socket("/ws/system") as client:
            await client.frame()
            await pings(client, 1_000)
            *frames, disconnect = await frames_until_disconnect(client)
            assert disconnect["payload"] == {
                "code": 4429,
                "reason": "You sent too many frames for too long.",
                "reconnect": True,
                "after_ms": 10_000,
            }
            closed = await client.receive_output()
            assert (closed["type"], closed["code"]) == ("websocket.close", 4429)

        (told,) = [frame for frame in frames if frame["action"] == "error"]
        assert told["payload"]["code"] == "rate_limited"
        assert told["payload"]["scope"] == "connection"
        assert told["payload"]["retryable"] is True
        assert told["payload"]["retry_after_ms"] > 0
        # A slow machine gives the sender some milliseconds' worth of frames more.
        assert 10 <= frames.index(told) < 50
        answered = [frame["ref"] for frame in frames if frame["action"] == "pong"]
        assert answered == [str(number) for number in range(len(answered))]
        assert 10 < len(answered) < 100


async def test_whoever_is_sent_away_is_named_in_the_log_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(**FLOOD) as service:
        socket = service.socket("/ws/system")
        socket.scope["client"] = ("192.0.2.7", 4_000)
        async with socket as client:
            await client.frame()
            await pings(client, 1_000)
            await frames_until_disconnect(client)
    (record,) = (r for r in caplog.records if r.message == "flooding client disconnected")
    assert (record.__dict__["address"], len(record.__dict__["connection"])) == ("192.0.2.7", 16)


async def test_a_burst_within_its_limit_is_not_held_against_a_client() -> None:
    async with (
        serving(frames_per_second=1, frame_burst=50, flood_seconds=0.05) as service,
        service.socket("/ws/system") as client,
    ):
        await client.frame()
        await pings(client, 50)
        assert [frame["action"] for frame in await client.frames(50)] == ["pong"] * 50
        assert client.output_queue.empty()


async def test_a_flood_that_ends_in_time_is_answered_to_its_last_frame() -> None:
    async with (
        serving(**{**FLOOD, "flood_seconds": 60}) as service,
        service.socket("/ws/system") as client,
    ):
        await client.frame()
        await pings(client, 30)
        frames = await client.frames(31)
        assert [f["ref"] for f in frames if f["action"] == "pong"] == [*map(str, range(30))]
        assert len([f for f in frames if f["action"] == "error"]) == 1
        await client.say("user_message", {"message": "still here"})
        await client.payload("system_echo")


async def test_one_client_s_flood_is_not_told_to_another() -> None:
    async with (
        serving(**FLOOD) as service,
        service.socket("/ws/system") as flood,
        service.socket("/ws/system") as other,
    ):
        await other.frame()
        await pings(flood, 200)
        await frames_until_disconnect(flood)
        await other.hears_nothing()


async def test_nothing_is_handled_once_a_client_was_sent_away() -> None:
    async with (
        serving(**FLOOD) as service,
        service.socket("/ws/chat") as other,
    ):
        async with service.socket("/ws/chat") as flood:
            for number in range(300):
                await flood.say("chat", {"message": str(number)})
            told = await frames_until_disconnect(flood)
        said = [frame for frame in told if "💬" in str(frame["payload"])]
        heard = [f for f in await other.frames_until_pong() if "💬" in str(f["payload"])]
        assert heard == said
