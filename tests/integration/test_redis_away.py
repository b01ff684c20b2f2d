"""Redis goes away and comes back: killed, emptied, frozen, or never there."""

import asyncio
import contextlib
import json
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.integration.client import Client, Frame, get, until
from tests.integration.conftest import redis_settings
from tests.integration.processes import Command, Redis, Server, Worker, all_running, free_port
from tests.integration.test_jobs import PATH as JOBS
from tests.integration.test_jobs import frames_of, run, statuses, submit

pytestmark = pytest.mark.redis

REFUSED_WITHIN = 5.0
"""Seconds: SWITCHBOARD_REDIS_TIMEOUT is two, for what waits before and for the command itself."""

BACK_WITHIN = 3.0
"""Seconds after its return in which everything goes on by itself."""

HEARS, MARK = "reliable_chat_notification", "📨 "


@dataclass
class Report:
    """What one talker said: what it heard back itself, and what was refused."""

    accepted: list[str] = field(default_factory=list)
    refused: list[Frame] = field(default_factory=list)
    slowest: float = 0.0
    last_accepted_at: float = 0.0


class Talker(Client):
    """Says something on the reliable chat, again and again, and waits for what comes of it."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__(url, "/ws/reliable")
        self.report = Report()
        self._name = name

    async def talk(self, stop: asyncio.Event) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            await self._say(f"{self._name} says {number}")
            await asyncio.sleep(0.02)

    async def _say(self, text: str) -> None:
        begin, start = time.monotonic(), len(self.frames)
        frame = {"action": "reliable_chat", "payload": {"message": text}, "ref": text}
        await self.send_raw(json.dumps(frame))

        def answer() -> Frame | None:
            for frame in self.frames[start:]:
                is_ours = frame["action"] == HEARS and frame["payload"]["message"] == MARK + text
                if is_ours or frame.get("ref") == text:
                    return frame
            return None

        found = await self._wait_for(answer, 15, f"answer to {text}")
        now = time.monotonic()
        self.report.slowest = max(self.report.slowest, now - begin)
        if found["action"] == "error":
            self.report.refused.append(found)
        else:
            self.report.accepted.append(text)
            self.report.last_accepted_at = now


class Crowd:
    """Twenty clients of one server: ten on the reliable chat, of whom four talk; ten in the chat."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.talkers = [Talker(server.url, name) for name in ("ada", "bob", "eve", "joe")]
        self.reliable: list[Client] = [
            *self.talkers,
            *(Client(server.url, "/ws/reliable") for _ in range(6)),
        ]
        self.chat = [Client(server.url, "/ws/chat") for _ in range(10)]

    @contextlib.asynccontextmanager
    async def chatting(self) -> AsyncIterator[None]:
        """The talkers talk meanwhile. In the end everybody is still there."""
        stop = asyncio.Event()
        async with AsyncExitStack() as stack:
            for client in (*self.reliable, *self.chat):
                await stack.enter_async_context(client)
            async with asyncio.TaskGroup() as group:
                for talker in self.talkers:
                    group.create_task(talker.talk(stop))
                try:
                    await self.talk_goes_on()
                    yield
                    await self.talk_goes_on()
                finally:
                    stop.set()
            last = [talker.report.accepted[-1] for talker in self.talkers]
            for client in self.reliable:
                for text in last:
                    await client.until_heard(1, HEARS, message=MARK + text)
            for client in (*self.reliable, *self.chat):
                await client.until_pong()

    async def talk_goes_on(self) -> None:
        """Return when each talker was accepted once more than before."""
        before = [len(talker.report.accepted) for talker in self.talkers]

        async def were_accepted() -> bool:
            reports = [talker.report for talker in self.talkers]
            return all(
                len(report.accepted) > count + 5
                for report, count in zip(reports, before, strict=True)
            )

        await until(were_accepted, "the talkers are heard")

    async def until_refused(self) -> None:
        before = [len(talker.report.refused) for talker in self.talkers]

        async def were_refused() -> bool:
            reports = [talker.report for talker in self.talkers]
            return all(
                len(report.refused) > count for report, count in zip(reports, before, strict=True)
            )

        await until(were_refused, "the talkers are refused")

    async def chat_is_refused(self) -> None:
        speaker = self.chat[0]
        await speaker.send("chat", {"message": "anybody?"})
        error = await speaker.receive("error", code="unavailable", retryable=True)
        assert error["payload"]["retry_after_ms"] > 0

    async def chat_is_heard(self) -> None:
        """On an ephemeral socket what is said too early is refused, or lost."""
        numbers = iter(range(1000))

        async def is_heard() -> bool:
            text = f"here again {next(numbers)}"
            await self.chat[0].send("chat", {"message": text})
            await asyncio.sleep(0.05)
            return all(f"💬 {text}" in each.messages("chat_notification") for each in self.chat)

        await until(is_heard, "the chat goes on", deadline=BACK_WITHIN)

    def check_refusals(self) -> None:
        for talker in self.talkers:
            assert talker.report.slowest < REFUSED_WITHIN
            assert talker.report.refused
            for error in talker.report.refused:
                assert error["payload"]["code"] == "unavailable"
                assert error["payload"]["retryable"] is True

    def check_what_was_heard(self) -> None:
        """What was accepted has come to everybody once, and in the one order."""
        everything = [_said(client.messages(HEARS)) for client in self.reliable]
        for heard in everything:
            assert heard == everything[0]
        assert set(Counter(everything[0]).values()) == {1}
        for talker in self.talkers:
            accepted = set(talker.report.accepted)
            assert [text for text in everything[0] if text in accepted] == talker.report.accepted

    def recoveries(self) -> list[Any]:
        return [client.payloads("recovered") for client in self.reliable]


def _said(messages: Sequence[str]) -> list[str]:
    return [text.removeprefix(MARK) for text in messages if " says " in text]


async def readiness(server: Server) -> tuple[int, int]:
    """The status of /readyz and of /healthz."""
    answers = [await get(f"{server.url}/{path}") for path in ("readyz", "healthz")]
    return answers[0].status_code, answers[1].status_code


async def test_redis_killed_and_back_with_its_data(redis_binary: Path, tmp_path: Path) -> None:
    redis = Redis(redis_binary, tmp_path, appendonly="yes", appendfsync="always")
    with redis:
        settings = redis_settings(redis) | {"JOB_PACE": "2"}
        server, worker = Server(tmp_path, **settings), Worker(tmp_path, **settings)
        with all_running(server, worker):
            crowd = Crowd(server)
            async with crowd.chatting(), Client(server.url, JOBS) as asker:
                job_id = await submit(asker, "translate", "hello")
                await asker.receive("job_status", status="running", job_id=job_id)
                redis.kill()
                await crowd.until_refused()
                await crowd.chat_is_refused()
                away = await readiness(server)
                await asyncio.to_thread(redis.restart)
                begin = time.monotonic()
                await crowd.talk_goes_on()
                back_after = time.monotonic() - begin
                await crowd.chat_is_heard()
                back = await readiness(server)
                await asker.receive("job_status", status="result", job_id=job_id)
                # The worker is not only alive: it takes what comes.
                another = await submit(asker, "default", "another")
                await asker.receive("job_status", status="result", job_id=another)
                await asker.until_pong()
            server.check_log()
            worker.check_log()
    assert (away, back) == ((503, 200), (200, 200))
    assert back_after < BACK_WITHIN
    crowd.check_refusals()
    crowd.check_what_was_heard()
    # Nothing was lost, so nobody is told that something might be.
    assert crowd.recoveries() == [[]] * len(crowd.reliable)
    assert statuses(frames_of(asker, job_id)) == ["queued", "running", "progress", "result"]


async def test_redis_killed_and_back_without_its_data(redis_binary: Path, tmp_path: Path) -> None:
    with Redis(redis_binary, tmp_path) as redis:
        settings = redis_settings(redis) | {
            "JOB_PACE": "0",
            "SWITCHBOARD_PRESENCE_LEASE": "2",
        }
        server, worker = Server(tmp_path, **settings), Worker(tmp_path, **settings)
        with all_running(server, worker):
            crowd = Crowd(server)
            async with (
                crowd.chatting(),
                Client(server.url, JOBS) as asker,
                Client(server.url, "/ws/room/den"),
            ):
                old = crowd.reliable[-1].cursor
                assert old is not None
                redis.kill()
                await crowd.until_refused()
                await asyncio.to_thread(redis.restart)
                await crowd.talk_goes_on()
                await crowd.chat_is_heard()
                for client in crowd.reliable:
                    recovered = await client.receive("recovered", recovered=False)
                    assert recovered["payload"]["reason"] == "unknown_position"
                assert await run(asker, "default", "after") == "✅ Processed: AFTER"

                async def is_listed() -> bool:
                    rooms = (await get(f"{server.url}/api/rooms")).json()["rooms"]
                    return bool(rooms == [{"room_name": "den", "members": 1}])

                await until(is_listed, "whoever is in a room is in it again", deadline=3)
                async with Client(server.url, "/ws/reliable", since=old) as returns:
                    await returns.receive("recovered", recovered=False, reason="unknown_position")
            server.check_log()
            worker.check_log()
    crowd.check_refusals()
    crowd.check_what_was_heard()
    assert [len(told) for told in crowd.recoveries()] == [1] * len(crowd.reliable)


async def test_redis_frozen(redis_binary: Path, tmp_path: Path) -> None:
    with Redis(redis_binary, tmp_path) as redis:
        settings = redis_settings(redis) | {"JOB_PACE": "60"}
        server, worker = Server(tmp_path, **settings), Worker(tmp_path, **settings)
        send = Command(tmp_path, "send", "chat", "hello", **settings)
        with all_running(server, worker):
            crowd = Crowd(server)
            async with crowd.chatting(), Client(server.url, JOBS) as asker:
                job_id = await submit(asker, "translate", "hello")
                await asker.receive("job_status", status="running", job_id=job_id)
                redis.pause()
                frozen_at = time.monotonic()
                try:
                    worker.signal(signal.SIGTERM)
                    sending = asyncio.create_task(asyncio.to_thread(send.run))
                    away = await readiness(server)
                    await crowd.chat_is_refused()
                    await crowd.until_refused()
                    assert await asyncio.to_thread(worker.wait, deadline=10.0) == 0
                    assert await sending == 1
                    await asyncio.sleep(5 - (time.monotonic() - frozen_at))
                finally:
                    redis.resume()
                begin = time.monotonic()
                await crowd.talk_goes_on()
                back_after = time.monotonic() - begin
                await crowd.chat_is_heard()
                back = await readiness(server)
            server.check_log()
            worker.check_log()
    assert (away, back) == ((503, 200), (200, 200))
    assert back_after < BACK_WITHIN
    crowd.check_refusals()
    crowd.check_what_was_heard()
    assert crowd.recoveries() == [[]] * len(crowd.reliable)
    assert send.log.startswith("switchboard: Redis can't be reached")
    assert send.log.count("\n") == 1
