"""A crowd that talks while Redis goes away, and what each of them was told."""

import asyncio
import contextlib
import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from tests.integration.client import Client, Frame, get, until
from tests.integration.processes import Server

REFUSED_WITHIN = 6.0
"""Seconds: SWITCHBOARD_REDIS_TIMEOUT is two, for what waits before and for the command itself;
the rest is for a busy machine."""

BACK_WITHIN = 3.0
"""Seconds after its return in which everything goes on by itself."""

HEARS, MARK = "reliable_chat_notification", "📨 "


@dataclass
class Report:
    """What one talker said: what it heard back itself, and what was refused."""

    accepted: list[str] = field(default_factory=list)
    refused: list[Frame] = field(default_factory=list)


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
        start = len(self.frames)
        frame = {"action": "reliable_chat", "payload": {"message": text}, "ref": text}
        # With a key it is told what is stored, even if Redis freezes before that is heard.
        await self.send_raw(json.dumps({**frame, "key": uuid.uuid4().hex}))

        def answer() -> Frame | None:
            return next((it for it in self.frames[start:] if it.get("ref") == text), None)

        found = await self._wait_for(answer, REFUSED_WITHIN, f"answer to {text}")
        if found["action"] == "error":
            self.report.refused.append(found)
        else:
            self.report.accepted.append(text)


class Crowd:
    """Ten clients on the reliable chat, of whom four talk, and ten in the chat."""

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
            assert talker.report.refused
            for error in talker.report.refused:
                assert error["payload"]["code"] == "unavailable"
                assert error["payload"]["retryable"] is True

    def check_what_was_heard(self, *, lost: int = 0) -> None:
        """What was accepted has come to everybody once, and in the one order.

        At most so much is `lost` with all that Redis knew, before anybody could hear it.
        """
        everything = [_said(client.messages(HEARS)) for client in self.reliable]
        for heard in everything:
            assert heard == everything[0]
        assert set(Counter(everything[0]).values()) == {1}
        accepted = Counter(text for talker in self.talkers for text in talker.report.accepted)
        missed = accepted - Counter(everything[0])
        assert missed.total() <= lost
        for talker in self.talkers:
            expected = [text for text in talker.report.accepted if text not in missed]
            assert [text for text in everything[0] if text in set(expected)] == expected

    def recoveries(self) -> list[Any]:
        return [client.payloads("recovered") for client in self.reliable]


def _said(messages: Sequence[str]) -> list[str]:
    return [text.removeprefix(MARK) for text in messages if " says " in text]


async def readiness(server: Server) -> tuple[int, int]:
    """The status of /readyz and of /healthz."""
    answers = [await get(f"{server.url}/{path}") for path in ("readyz", "healthz")]
    return answers[0].status_code, answers[1].status_code
