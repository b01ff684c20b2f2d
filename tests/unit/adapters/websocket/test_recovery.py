"""Coming back with `?since=` to sockets whose lane keeps a history."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from tests.doubles import ManualClock
from tests.frames import SOMEONE, content
from tests.sockets import DURABLE, PATHS
from tests.unit.adapters.websocket.driving import Frame, Service, Socket, lost, serving, timed_by


@dataclass(frozen=True)
class Durable:
    """`lane` is its setting; `payload` is what a client sends to be heard saying a text."""

    path: str
    action: str
    payload: Callable[[str], Any]
    lane: str

    async def say(self, client: Socket, text: str) -> Frame:
        """Say something, and return the frame that the sender hears."""
        await client.say(self.action, self.payload(text))
        while True:
            heard = await client.frame()
            payload = heard["payload"]
            if payload.get("message", payload.get("event", "")).endswith(text):
                return heard


RELIABLE = Durable("/ws/reliable", "reliable_chat", lambda text: {"message": text}, "lane_queue")
ANALYTICS = Durable("/ws/analytics", "analytics", lambda text: {"event": text}, "lane_analytics")
ROOM = Durable("/ws/room/lobby", "room_chat", lambda text: {"message": text}, "lane_rooms")

every_lane = pytest.mark.parametrize(
    "durable", [RELIABLE, ANALYTICS, ROOM], ids=["reliable", "analytics", "room"]
)


def said_of(frames: list[Frame]) -> list[Frame]:
    """Without those that tell who came and went."""
    comings = ("🔒", "🚪", "👋")
    texts = [str(frame["payload"].get("message")) for frame in frames]
    return [f for f, text in zip(frames, texts, strict=True) if not text.startswith(comings)]


def since(durable: Durable, cursor: str) -> str:
    return f"{durable.path}?since={quote(cursor)}"


@every_lane
async def test_what_was_missed_comes_first_then_what_is_new_without_gap_or_repeat(
    service: Service, durable: Durable
) -> None:
    async with service.socket(durable.path) as witness:
        async with service.socket(durable.path) as member:
            last = await durable.say(member, "before")
        for number in range(5):
            await durable.say(witness, f"missed-{number}")
        async with service.socket(durable.path) as other:
            known = await durable.say(other, "known")
            async with service.socket(since(durable, last["cursor"])) as back:
                recovered = await back.frame()
                missed = await back.frames(recovered["payload"]["missed"])
                await durable.say(other, "new")
                live = said_of(await back.frames_until_pong())
        frames: list[Frame] = []
        await durable.say(witness, "end")
        async with service.socket(since(durable, last["cursor"])) as later:
            told = await later.frame()
            frames = await later.frames(told["payload"]["missed"])

    assert recovered == {
        "action": "recovered",
        "payload": {"recovered": True, "missed": len(missed)},
    }
    texts = [str(frame["payload"]) for frame in missed]
    assert [n for n in range(5) if any(f"missed-{n}" in text for text in texts)] == [*range(5)]
    assert missed[-1] == known
    heard = missed + live
    # History is the measure: the same frames in the same order, and nothing else.
    assert frames[:-1] == heard
    assert len({frame["cursor"] for frame in heard}) == len(heard)


async def test_whoever_saw_only_its_own_coming_is_given_all_that_was_said_since(
    service: Service,
) -> None:
    async with service.socket(RELIABLE.path) as member:
        coming = await member.frame()
    async with service.socket(RELIABLE.path) as other:
        said = [await RELIABLE.say(other, text) for text in ("one", "two")]
    async with service.socket(since(RELIABLE, coming["cursor"])) as back:
        recovered = await back.payload("recovered")
        assert recovered == {"recovered": True, "missed": 2}
        assert await back.frames(2) == said


@every_lane
async def test_somebody_who_missed_nothing_is_told_so(service: Service, durable: Durable) -> None:
    async with service.socket(durable.path) as member:
        last = await durable.say(member, "last")
        async with service.socket(since(durable, last["cursor"])) as second:
            assert await second.frame() == {
                "action": "recovered",
                "payload": {"recovered": True, "missed": 0},
            }


@every_lane
async def test_without_since_nothing_is_recovered(service: Service, durable: Durable) -> None:
    async with service.socket(durable.path) as member:
        await durable.say(member, "before")
        async with service.socket(durable.path) as newcomer:
            frames = await newcomer.frames_until_pong()
            assert "recovered" not in [frame["action"] for frame in frames]
            assert "before" not in str(frames)


@every_lane
@pytest.mark.parametrize(
    "cursor", ["garbage", "", "~-", "a" * 5_000, "💥", "%00", "reliable~xyz-1-1", "../..~0-0-0"]
)
async def test_a_cursor_nobody_gave_out_is_invalid_and_history_follows(
    service: Service, durable: Durable, cursor: str
) -> None:
    async with service.socket(durable.path) as member:
        said = await durable.say(member, "before")
        async with service.socket(since(durable, cursor)) as back:
            recovered = await back.payload("recovered")
            assert (recovered["recovered"], recovered["reason"]) == (False, "invalid")
            assert said in await back.frames(recovered["missed"])


@every_lane
async def test_a_cursor_of_another_group_is_an_unknown_position(
    service: Service, durable: Durable
) -> None:
    async with service.socket("/ws/room/elsewhere") as stranger:
        foreign = await ROOM.say(stranger, "elsewhere")
    async with service.socket(durable.path) as member:
        said = await durable.say(member, "before")
        async with service.socket(since(durable, foreign["cursor"])) as back:
            recovered = await back.payload("recovered")
            assert (recovered["recovered"], recovered["reason"]) == (False, "unknown_position")
            frames = await back.frames(recovered["missed"])
            assert said in frames
            assert "elsewhere" not in str(frames)


@every_lane
async def test_a_cursor_of_an_earlier_history_is_an_unknown_position(durable: Durable) -> None:
    async with serving() as earlier, earlier.socket(durable.path) as member:
        old = await durable.say(member, "long ago")
    async with serving() as service, service.socket(durable.path) as member:
        said = await durable.say(member, "now")
        async with service.socket(since(durable, old["cursor"])) as back:
            recovered = await back.payload("recovered")
            assert (recovered["recovered"], recovered["reason"]) == (False, "unknown_position")
            assert said in await back.frames(recovered["missed"])


@every_lane
async def test_what_history_had_no_room_for_is_trimmed_and_the_rest_follows(
    durable: Durable,
) -> None:
    lane = {"kind": "durable", "prefix": "test", "capacity": 3, "expiry": 900}
    options: dict[str, Any] = {durable.lane: lane}
    async with serving(**options) as service, service.socket(durable.path) as member:
        first = await durable.say(member, "first")
        rest = [await durable.say(member, f"later-{number}") for number in range(5)]
        async with service.socket(since(durable, first["cursor"])) as back:
            assert await back.payload("recovered") == lost(3, "trimmed")
            assert await back.frames(3) == rest[-3:]


@every_lane
async def test_what_history_kept_long_enough_is_expired(durable: Durable) -> None:
    clock = ManualClock()
    lane = {"kind": "durable", "prefix": "test", "capacity": 100, "expiry": 60}
    options: dict[str, Any] = {durable.lane: lane}
    async with (
        serving(timed_by(clock), **options) as service,
        service.socket(durable.path) as member,
    ):
        first = await durable.say(member, "first")
        await durable.say(member, "second")
        clock.shift(61)
        third = await durable.say(member, "third")
        async with service.socket(since(durable, first["cursor"])) as back:
            assert await back.payload("recovered") == lost(1, "expired")
            assert await back.frame() == third


@pytest.mark.parametrize("path", [path for path in PATHS if path not in DURABLE])
async def test_since_means_nothing_where_nothing_is_kept(service: Service, path: str) -> None:
    async with service.socket(f"{path}?since=garbage") as client:
        assert "recovered" not in [f["action"] for f in await client.frames_until_pong()]


async def test_only_since_is_a_cursor(service: Service) -> None:
    async with service.socket("/ws/reliable?sincere=x&sinc=x&from=x&=x&since") as client:
        frames = [f for f in await client.frames_until_pong() if f["action"] == "recovered"]
        assert [frame["payload"]["reason"] for frame in frames] == ["invalid"]
    async with service.socket("/ws/reliable?sincere=x&sinc=x&from=x&=x") as client:
        frames = await client.frames_until_pong()
        assert "recovered" not in [frame["action"] for frame in frames]


async def test_recovered_frames_may_be_more_than_a_mailbox_holds() -> None:
    async with serving(mailbox_frames=8) as service, service.socket("/ws/reliable") as member:
        first = await RELIABLE.say(member, "first")
        for number in range(50):
            await RELIABLE.say(member, f"missed-{number}")
        async with service.socket(since(RELIABLE, first["cursor"])) as back:
            assert await back.payload("recovered") == {"recovered": True, "missed": 50}
            texts = [frame["payload"]["message"] for frame in await back.frames(50)]
            assert texts == [f"📨 missed-{number}" for number in range(50)]


async def test_a_chat_whose_lane_was_made_durable_gives_back_what_was_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SWITCHBOARD_LANE_CHAT__KIND", "durable")
    async with serving(job_pace=0) as service:
        async with service.socket("/ws/chat") as client:
            cursor = (await client.frame())["cursor"]
            await client.say("chat", {"message": "hello"})
        async with service.socket(f"/ws/chat?since={cursor}") as client:
            assert await client.payload("recovered") == {"recovered": True, "missed": 1}
            assert content(await client.frame())["payload"] == {
                "message": "💬 hello",
                "member": SOMEONE,
            }
