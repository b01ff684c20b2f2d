"""The protocol's part about positions and recovery, asked of a real server."""

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.asking import JOBS, frames_of, stream_of, submit, visitor
from tests.integration.client import Client, Frame
from tests.integration.conftest import Service
from tests.integration.processes import Server

ROOM_CAPACITY = 200
"""As the lanes' table has it."""


class Lane:
    """How to talk on one durable socket."""

    def __init__(self, path: str, says: str, hears: str, field: str, mark: str) -> None:
        self.path = path
        self.says = says
        self.hears = hears
        self.field = field
        self.mark = mark

    async def say(self, client: Client, text: str) -> None:
        await client.send(self.says, {self.field: text})

    async def hear(self, client: Client, text: str) -> Frame:
        return await client.receive(self.hears, **{self.field: self.mark + text})

    def said(self, client: Client, about: str) -> list[str]:
        """What was said about something, in the order it was heard in."""
        texts = [payload[self.field] for payload in client.payloads(self.hears)]
        return [text.removeprefix(self.mark) for text in texts if about in text]


@pytest.fixture
def subject() -> str:
    """What only this test talks about."""
    return uuid.uuid4().hex


@pytest.fixture(params=["reliable", "analytics", "room"])
def lane(request: pytest.FixtureRequest, room: str) -> Lane:
    lanes = {
        "reliable": Lane(
            "/ws/reliable", "reliable_chat", "reliable_chat_notification", "message", "📨 "
        ),
        "analytics": Lane(
            "/ws/analytics", "analytics", "analytics_notification", "event", "📊 Analytics: "
        ),
        "room": Lane(f"/ws/room/{room}", "room_chat", "room_notification", "message", "💬 "),
    }
    return lanes[request.param]


async def test_whoever_comes_back_gets_all_that_was_missed_then_what_is_new(
    service: Service, lane: Lane, subject: str
) -> None:
    async with Client(service.url, lane.path) as stays:
        async with Client(service.url2, lane.path) as leaves:
            await lane.say(stays, f"{subject} before")
            await lane.hear(leaves, f"{subject} before")
        assert leaves.cursor is not None
        missed = [f"{subject} missed {number}" for number in range(20)]
        for text in missed:
            await lane.say(stays, text)
        await lane.hear(stays, missed[-1])
        async with Client(service.url2, lane.path, since=leaves.cursor) as returns:
            recovered = await returns.receive("recovered", recovered=True)
            await lane.say(stays, f"{subject} after")
            await lane.hear(returns, f"{subject} after")
    assert lane.said(returns, subject) == [*missed, f"{subject} after"]
    count = recovered["payload"]["missed"]
    at = returns.frames.index(recovered)
    replayed = returns.frames[at + 1 : at + 1 + count]
    assert count >= len(missed)
    assert {frame["action"] for frame in replayed} == {lane.hears}
    # The very same frames, cursors included.
    heard = [frame for frame in stays.frames if frame in replayed]
    assert [frame for frame in heard if frame in replayed] == [
        frame for frame in replayed if frame in heard
    ]
    assert "reason" not in recovered["payload"]


async def test_whoever_missed_nothing_is_told_so(service: Service, room: str) -> None:
    path = f"/ws/room/{room}"
    async with Client(service.url, path) as stays:
        await stays.send("room_chat", {"message": "last words"})
        said = await stays.receive("room_notification", message="💬 last words")
        async with Client(service.url2, path, since=said["cursor"]) as returns:
            await returns.receive("recovered", recovered=True, missed=0)
    assert returns.payloads("room_notification") == []


async def test_no_frame_is_lost_or_heard_twice_while_others_go_on_talking(
    service: Service, lane: Lane, subject: str
) -> None:
    texts = [f"{subject} {number}" for number in range(150)]
    heard: list[str] = []

    async def talk(speaker: Client, part: list[str]) -> None:
        for text in part:
            await lane.say(speaker, text)
            await lane.hear(speaker, text)

    async with Client(service.url, lane.path) as speaker:
        await lane.say(speaker, f"{subject}: begin")
        cursor = str((await lane.hear(speaker, f"{subject}: begin"))["cursor"])
        for start in range(0, len(texts), 10):
            talking = asyncio.create_task(talk(speaker, texts[start : start + 10]))
            async with Client(service.url2, lane.path, since=cursor) as listener:
                await listener.receive("recovered", recovered=True)
            heard += lane.said(listener, subject)
            cursor = listener.cursor or cursor
            await talking
        async with Client(service.url2, lane.path, since=cursor) as listener:
            await listener.until_pong()
        heard += lane.said(listener, subject)
    assert heard == texts


async def test_the_missed_part_of_a_jobs_stream_is_recovered(service: Service) -> None:
    async with Client(service.url, JOBS) as client:
        job_id = await submit(client, "generate", "food")
        await client.receive("job_status", status="result", job_id=job_id)
    stream = stream_of(client, job_id)
    for seen in (1, 2, len(stream) - 1):
        async with Client(service.url2, JOBS, since=stream[seen - 1]["cursor"]) as returns:
            await returns.receive("recovered", recovered=True, missed=len(stream) - seen)
        assert stream_of(returns, job_id) == stream[seen:]


async def test_a_running_job_goes_on_streaming_to_whoever_comes_back(
    slow_service: Service,
) -> None:
    async with Client(slow_service.url, JOBS, headers=visitor(6)) as client:
        jobs = []
        for text in ("one", "two"):
            jobs.append(await submit(client, "translate", text))
            await client.receive("job_status", status="running", job_id=jobs[-1])
    cursors = [frames_of(client, job_id)[-1]["cursor"] for job_id in jobs]
    async with Client(slow_service.url2, JOBS, since=cursors, headers=visitor(6)) as returns:
        for _ in jobs:
            await returns.receive("recovered", recovered=True, missed=0)
        for job_id in jobs:
            await returns.send("job_cancel", {"job_id": job_id})
            await returns.receive("job_status", status="cancelled", job_id=job_id)


async def test_a_position_beyond_the_rooms_capacity_is_trimmed(service: Service, room: str) -> None:
    path = f"/ws/room/{room}"
    async with Client(service.url, path) as stays:
        await stays.send("room_chat", {"message": "first"})
        old = (await stays.receive("room_notification", message="💬 first"))["cursor"]
        for number in range(ROOM_CAPACITY + 10):
            await stays.send("room_chat", {"message": f"{number}"})
        await stays.receive("room_notification", message=f"💬 {ROOM_CAPACITY + 9}")
        async with Client(service.url2, path, since=old) as returns:
            await returns.receive(
                "recovered", recovered=False, reason="trimmed", missed=ROOM_CAPACITY
            )
    # What is left follows.
    kept = [f"💬 {number}" for number in range(10, ROOM_CAPACITY + 10)]
    assert returns.messages("room_notification") == kept


@pytest.mark.parametrize("since", ["", "yesterday", "💥", "x" * 2_000, "a~b-c-d", "0-0"])
async def test_a_position_that_is_none_is_invalid(service: Service, room: str, since: str) -> None:
    path = f"/ws/room/{room}"
    async with Client(service.url, path) as stays:
        await stays.send("room_chat", {"message": "what is left"})
        await stays.receive("room_notification", message="💬 what is left")
        async with Client(service.url2, path, since=[since]) as returns:
            await returns.receive("recovered", recovered=False, reason="invalid")
            await returns.receive("room_notification", message="💬 what is left")


async def test_a_position_in_another_room_is_unknown_here(service: Service, room: str) -> None:
    async with Client(service.url, f"/ws/room/{room}-other") as other:
        await other.send("room_chat", {"message": "secret"})
        cursor = (await other.receive("room_notification"))["cursor"]
        async with Client(service.url2, f"/ws/room/{room}", since=cursor) as returns:
            await returns.receive("recovered", recovered=False, reason="unknown_position")
            await returns.until_pong()
    assert "💬 secret" not in returns.messages("room_notification")


@pytest.fixture
def short_memory(tmp_path: Path) -> Iterator[Server]:
    """A server that keeps what is said in a room for a moment only."""
    with Server(tmp_path, SWITCHBOARD_LANE_ROOMS__EXPIRY="0.2") as server:
        yield server


async def test_a_position_older_than_the_lane_remembers_is_expired(short_memory: Server) -> None:
    path = "/ws/room/forgetful"

    async def come_back() -> Client:
        async with Client(short_memory.url, path, since=cursor) as returns:
            await returns.receive("recovered")
        return returns

    async with Client(short_memory.url, path) as stays:
        await stays.send("room_chat", {"message": "old"})
        cursor = (await stays.receive("room_notification"))["cursor"]
        await stays.send("room_chat", {"message": "newer"})
        async with asyncio.timeout(15):
            while (returned := await come_back()).payloads("recovered")[0]["recovered"]:
                pass
    assert returned.payloads("recovered")[0]["reason"] == "expired"
    assert "💬 newer" not in returned.messages("room_notification")


async def test_a_position_from_before_a_restart_without_a_store_is_unknown(
    service: Service, server: Server
) -> None:
    path = "/ws/room/forgotten"
    async with Client(service.url, path) as before:
        await before.send("room_chat", {"message": "gone"})
        cursor = (await before.receive("room_notification"))["cursor"]
    # To the cursor it is all the same whether this is another server or that one anew.
    async with Client(server.url, path, since=cursor) as returns:
        await returns.receive("recovered", recovered=False, reason="unknown_position", missed=0)
