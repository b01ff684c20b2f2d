"""What clients do that come, talk, want something and go: one short life after another."""

import asyncio
import json
import random
import secrets
from collections.abc import Callable, Coroutine, Sequence
from itertools import count
from typing import Any, TypeAlias

from tests.integration.asking import visitor
from tests.integration.client import DEADLINE, Client, get
from tests.integration.processes import Server
from tests.integration.stream import Stream, handshake, said

ROOMS = 20
"""Beside the one room that somebody stays in."""

ROOM, RELIABLE, JOBS = "/ws/room/soak", "/ws/reliable", "/ws/background_jobs"
SPEAKING = {
    ROOM: ("room_chat", "room_notification", "💬 "),
    RELIABLE: ("reliable_chat", "reliable_chat_notification", "📨 "),
}
"""What is sent on a durable socket, what everybody hears of it, and how that begins."""


class Lives:
    """`accepted` are, by path, the texts whose speakers know that they were accepted.

    Which lives are led is drawn from `seed`; what they meet is not.
    """

    def __init__(self, servers: Sequence[Server], seed: int) -> None:
        self.accepted: dict[str, list[str]] = {ROOM: [], RELIABLE: []}
        self.jobs = 0
        self.lived = 0
        self._servers = servers
        self._numbers = count(1)
        self._random = random.Random(seed)
        self._ways: list[Life] = [
            self._talk,
            self._talk,
            self._talk_and_vanish,
            self._visit,
            self._change_their_mind,
            self._have_a_job_done,
            self._cancel_a_job,
            self._leave_a_job_and_come_back,
            self._count_something,
            self._look_round,
        ]

    async def go_on(self, is_over: Callable[[], bool]) -> None:
        """One life after another."""
        while not is_over():
            await self._random.choice(self._ways)()
            self.lived += 1

    async def _talk(self) -> None:
        """Say a few things, leave, and come back elsewhere with the cursor."""
        path = self._random.choice([ROOM, RELIABLE])
        action, heard, sign = SPEAKING[path]
        async with Client(self._url(), path) as client:
            for _ in range(self._random.randint(1, 4)):
                text = self._text()
                await client.send(action, {"message": text})
                await client.receive(heard, message=sign + text)
                self.accepted[path].append(text)
        async with Client(self._url(), path, since=client.cursor or ()) as returned:
            await returned.receive("recovered", recovered=True)
            # Twice the same, as after a lost answer: it happens once.
            text, key = self._text(), secrets.token_hex(8)
            for _ in range(2):
                frame = {"action": action, "payload": {"message": text}, "key": key}
                await returned.send_raw(json.dumps(frame))
                await returned.receive("accepted")
            self.accepted[path].append(text)

    async def _talk_and_vanish(self) -> None:
        """Nobody knows whether the last words were heard; but never twice, nor out of order."""
        path = self._random.choice([ROOM, RELIABLE])
        async with Stream(self._url()) as stream:
            await stream.open(path)
            stream.writer.write(said(SPEAKING[path][0], message=self._text()))
            await stream.writer.drain()
            stream.reset()

    async def _visit(self) -> None:
        """Look into one of many rooms, or into the chat."""
        room = f"/ws/room/room{self._random.randrange(ROOMS)}"
        async with Client(self._url(), self._random.choice([room, "/ws/chat"])) as client:
            await client.send_raw("nonsense")
            await client.receive("error")

    async def _change_their_mind(self) -> None:
        """Be gone before the door is open."""
        async with Stream(self._url()) as stream:
            request = handshake(self._random.choice([ROOM, RELIABLE, JOBS]))
            stream.writer.write(request[: self._random.choice([40, len(request)])])
            await stream.writer.drain()
            if self._random.random() < 0.5:
                stream.reset()

    async def _have_a_job_done(self) -> None:
        async with Client(self._url(), JOBS) as client:
            job_id = await self._submit(client)
            await client.receive("job_status", status="result", job_id=job_id)

    async def _cancel_a_job(self) -> None:
        async with Client(self._url(), JOBS) as client:
            job_id = await self._submit(client)
            await client.send("job_cancel", {"job_id": job_id})
            await self._until_over(client, job_id)

    async def _leave_a_job_and_come_back(self) -> None:
        """Watch it go on from another connection, as the same visitor."""
        known = visitor(secrets.randbits(128))
        async with Client(self._url(), JOBS, headers=known) as client:
            job_id = await self._submit(client)
        since = client.cursor or () if self._random.random() < 0.5 else ()
        async with Client(self._url(), JOBS, since=since, headers=known) as client:
            await client.send("job_watch", {"job_id": job_id})
            await self._until_over(client, job_id)
            await client.send("job_list")
            await client.receive("job_list")

    async def _count_something(self) -> None:
        async with Client(self._url(), "/ws/analytics") as client:
            await client.send("analytics", {"event": f"event {self._random.randrange(10)}"})
            await client.receive("analytics_notification")

    async def _look_round(self) -> None:
        for page in ("/api/rooms", "/api/rooms/soak/history", "/readyz"):
            assert (await get(self._url() + page)).status_code == 200

    async def _submit(self, client: Client) -> str:
        kind = self._random.choice(["translate", "analyze", "generate", "default"])
        await client.send("job", {"type": kind, "content": self._text()})
        queued = await client.receive("job_status", status="queued")
        self.jobs += 1
        return str(queued["payload"]["job_id"])

    async def _until_over(self, client: Client, job_id: str) -> None:
        async with asyncio.timeout(DEADLINE):
            while True:
                frame = await client.receive("job_status", job_id=job_id)
                if frame["payload"]["status"] in ("result", "cancelled"):
                    return

    def _url(self) -> str:
        return self._random.choice(self._servers).url

    def _text(self) -> str:
        return f"text {next(self._numbers)}"


Life: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


class Stayer:
    """Hears one durable audience from beginning to end."""

    def __init__(self, url: str, path: str) -> None:
        self.path = path
        self.texts: list[str] = []
        self.offsets: list[int] = []
        self._stream = Stream(url)
        self._listening: asyncio.Task[None] | None = None
        self._sign = SPEAKING[path][2]

    async def come(self) -> None:
        await self._stream.__aenter__()
        await self._stream.open(self.path)
        self._listening = asyncio.create_task(self._listen())

    async def leave(self) -> None:
        assert self._listening is not None
        assert not self._listening.done(), "it should have stayed"
        self._stream.writer.close()
        await self._listening
        await self._stream.__aexit__(None, None, None)

    async def _listen(self) -> None:
        async for raw in self._stream.texts():
            frame = json.loads(raw)
            if "seq" not in frame:
                continue  # who came and who went has no place of its own
            self.offsets.append(frame["seq"])
            message = frame["payload"]["message"]
            if message.startswith(self._sign):
                self.texts.append(message.removeprefix(self._sign))
