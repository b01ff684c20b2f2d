"""Redis goes away and comes back: killed, emptied, frozen, or never there."""

import asyncio
import contextlib
import json
import shutil
import signal
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from adapters.environment import load_settings
from adapters.redis_connection import AddressIsWrong, connect
from tests.integration.client import Client, Frame, get, post, until
from tests.integration.conftest import redis_settings
from tests.integration.processes import Command, Redis, Server, Worker, all_running, free_port
from tests.integration.test_jobs import PATH as JOBS
from tests.integration.test_jobs import frames_of, run, statuses, submit

pytestmark = pytest.mark.redis

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


async def newcomers_are_refused(server: Server) -> None:
    for path in ("/ws/chat", "/ws/reliable", "/ws/room/den"):
        async with Client(server.url, path) as newcomer:
            assert await newcomer.ended() == 1013
        disconnect = newcomer.frames[-1]
        assert disconnect["action"] == "disconnect"
        assert disconnect["payload"]["reconnect"] is True


async def jobs_and_announcements_are_refused(server: Server, asker: Client) -> None:
    await asker.send("job", {"type": "default", "content": "now?"})
    await asker.receive("job_status", status="error")
    body = {"channel": "reliable", "message": "now?"}
    answer = await post(f"{server.url}/api/announcements", body)
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "unavailable"
    assert answer.json()["error"]["retryable"] is True


class House(NamedTuple):
    """A service whose Redis writes everything to a file at once, until that is removed."""

    redis: Redis
    server: Server
    worker: Worker

    def check_logs(self) -> None:
        self.server.check_log()
        self.worker.check_log()


@pytest.fixture(scope="module")
def house(redis_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with Redis(redis_binary, folder, appendonly="yes", appendfsync="always") as redis:
        settings = redis_settings(redis) | {"SWITCHBOARD_PRESENCE_LEASE": "2"}
        house = House(redis, Server(folder, **settings), Worker(folder, **settings))
        with all_running(house.server, house.worker):
            yield house


async def test_redis_killed_and_back_with_its_data(house: House) -> None:
    crowd = Crowd(house.server)
    async with crowd.chatting(), Client(house.server.url, JOBS) as asker:
        job_id = await submit(asker, "translate", "hello")
        await asker.receive("job_status", status="running", job_id=job_id)
        house.redis.kill()
        killed_at = time.monotonic()
        await crowd.until_refused()
        await crowd.chat_is_refused()
        await newcomers_are_refused(house.server)
        await jobs_and_announcements_are_refused(house.server, asker)
        away = await readiness(house.server)
        # Until the job's next step was due, which could not be noted.
        await asyncio.sleep(1 - (time.monotonic() - killed_at))
        await asyncio.to_thread(house.redis.restart)
        begin = time.monotonic()
        await crowd.talk_goes_on()
        back_after = time.monotonic() - begin
        await crowd.chat_is_heard()
        back = await readiness(house.server)
        await asker.receive("job_status", status="result", job_id=job_id)
        # The worker is not only alive: it takes what comes.
        assert await run(asker, "default", "another") == "✅ Processed: ANOTHER"
    house.check_logs()
    assert (away, back) == ((503, 200), (200, 200))
    assert back_after < BACK_WITHIN
    crowd.check_refusals()
    crowd.check_what_was_heard()
    # Nothing was lost, so nobody is told that something might be.
    assert crowd.recoveries() == [[]] * len(crowd.reliable)
    assert statuses(frames_of(asker, job_id)) == ["queued", "running", "progress", "result"]


async def test_redis_killed_and_back_without_its_data(house: House) -> None:
    crowd = Crowd(house.server)
    async with (
        crowd.chatting(),
        Client(house.server.url, JOBS) as asker,
        Client(house.server.url, "/ws/room/den"),
    ):
        old = crowd.reliable[-1].cursor
        assert old is not None
        house.redis.kill()
        await crowd.until_refused()
        shutil.rmtree(house.redis.folder / "appendonlydir")
        await asyncio.to_thread(house.redis.restart)
        await crowd.talk_goes_on()
        await crowd.chat_is_heard()
        for client in crowd.reliable:
            recovered = await client.receive("recovered", recovered=False)
            assert recovered["payload"]["reason"] == "unknown_position"
        assert await run(asker, "default", "after") == "✅ Processed: AFTER"

        async def is_listed() -> bool:
            rooms = (await get(f"{house.server.url}/api/rooms")).json()["rooms"]
            return bool(rooms == [{"room_name": "den", "members": 1}])

        await until(is_listed, "whoever is in a room is in it again", deadline=3)
        async with Client(house.server.url, "/ws/reliable", since=old) as returns:
            await returns.receive("recovered", recovered=False, reason="unknown_position")
    house.check_logs()
    crowd.check_refusals()
    crowd.check_what_was_heard(lost=len(crowd.talkers))
    assert [len(told) for told in crowd.recoveries()] == [1] * len(crowd.reliable)


async def test_redis_frozen(house: House) -> None:
    crowd = Crowd(house.server)
    send = Command(house.redis.folder, "send", "chat", "hello", REDIS_URL=house.redis.url)
    async with crowd.chatting(), Client(house.server.url, JOBS) as asker:
        job_id = await submit(asker, "translate", "hello")
        await asker.receive("job_status", status="running", job_id=job_id)
        house.redis.pause()
        frozen_at = time.monotonic()
        try:
            house.worker.signal(signal.SIGTERM)
            away, _, _, sent, exit_code = await asyncio.gather(
                readiness(house.server),
                crowd.chat_is_refused(),
                crowd.until_refused(),
                asyncio.to_thread(send.run),
                asyncio.to_thread(house.worker.wait, deadline=10.0),
            )
            await asyncio.sleep(5 - (time.monotonic() - frozen_at))
        finally:
            house.redis.resume()
        begin = time.monotonic()
        await crowd.talk_goes_on()
        back_after = time.monotonic() - begin
        await crowd.chat_is_heard()
        back = await readiness(house.server)
        house.worker.kill()
        await asyncio.to_thread(house.worker.start)
    house.check_logs()
    assert (away, back) == ((503, 200), (200, 200))
    assert (sent, exit_code) == (1, 0)
    assert back_after < BACK_WITHIN
    crowd.check_refusals()
    crowd.check_what_was_heard()
    assert crowd.recoveries() == [[]] * len(crowd.reliable)
    check_one_line(send, "Redis can't be reached")


# Starting.


async def ended(*commands: Command) -> list[int]:
    """The exit codes of commands that end by themselves, run at the same time."""
    return await asyncio.gather(*(asyncio.to_thread(command.run) for command in commands))


def check_one_line(command: Command, says: str) -> None:
    assert command.output == []
    assert command.log.startswith("switchboard: ")
    assert command.log.count("\n") == 1
    assert says in command.log
    assert "sesame" not in command.log


async def test_without_redis_nothing_starts_and_one_line_says_why(tmp_path: Path) -> None:
    nowhere = {
        "SWITCHBOARD_BACKEND": "redis",
        "REDIS_URL": f"redis://ali:sesame@127.0.0.1:{free_port()}/0",
    }
    commands = [
        Command(tmp_path, *arguments, PORT="0", **nowhere)
        for arguments in (["serve"], ["worker"], ["send", "chat", "hello"])
    ]
    unreadable = Command(tmp_path, "worker", REDIS_URL="redis://:se/sesame@127.0.0.1:1/0")
    assert await ended(*commands, unreadable) == [1, 1, 1, 2]
    for command in commands:
        check_one_line(command, "Redis can't be reached")
    check_one_line(unreadable, "SWITCHBOARD_REDIS_URL can't be used")


async def test_a_password_guards_redis_and_is_not_shown(redis_binary: Path, tmp_path: Path) -> None:
    with Redis(redis_binary, tmp_path, requirepass="open sesame") as redis:
        address = redis.url.removeprefix("redis://")
        wrong, right = (
            Command(tmp_path, "send", "chat", "hello", REDIS_URL=f"redis://:{login}@{address}")
            for login in ("closed%20sesame", "open%20sesame")
        )
        assert await ended(wrong, right) == [1, 0]
    check_one_line(wrong, "Redis can't be reached (invalid username-password pair")
    assert right.log == ""


async def test_a_unix_socket_does_as_well(redis_binary: Path, tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    with Redis(redis_binary, tmp_path, unixsocket=str(path)):
        settings = {"SWITCHBOARD_BACKEND": "redis", "REDIS_URL": f"unix://{path}?db=1"}
        with Server(tmp_path, **settings) as server:
            async with Client(server.url, "/ws/reliable") as client:
                await client.send("reliable_chat", {"message": "hello"})
                await client.receive(HEARS, message=f"{MARK}hello")


BEGINNING = "it must begin with one of redis://"
READING = "its host, port, database or options can't be read"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://127.0.0.1:6379", BEGINNING),
        ("127.0.0.1:6379", BEGINNING),
        ("", BEGINNING),
        ("redis://:se/same@127.0.0.1:6379/0", READING),
        ("redis://:sesame#1@127.0.0.1:6379/0", READING),
        ("redis://127.0.0.1:port", READING),
        ("redis://127.0.0.1:70000", READING),
        ("redis://[::1", READING),
        ("redis://127.0.0.1?sesame=1", READING),
        ("redis://127.0.0.1?socket_timeout=sesame", READING),
        ("rediss://127.0.0.1?ssl_cert_reqs=sesame", READING),
        ("unix:///tmp/redis.sock?db=sesame", READING),
        ("redis+sentinel://127.0.0.1:1/name/db", READING),
        ("redis+sentinel://127.0.0.1:1/name?sesame=1", READING),
        ("redis+sentinel://:sesame@127.0.0.1/name", "a Sentinel is named HOST:PORT"),
        ("redis+sentinel://:sesame@127.0.0.1:1", "a Sentinel address ends in /NAME"),
    ],
)
def test_an_address_that_is_none_is_told_without_repeating_it(url: str, says: str) -> None:
    with pytest.raises(AddressIsWrong) as wrong:
        connect(load_settings(redis_url=url, redis_timeout=2, redis_pool=4).redis)
    assert says in str(wrong.value)
    assert "same" not in str(wrong.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://",
        "redis://user:p%40ss@localhost:6379/3",
        "rediss://:secret@redis.example:6380/0?ssl_cert_reqs=none",
        "unix:///tmp/redis.sock?db=1",
        "redis+sentinel://a:26379,b:26379/name",
        "rediss+sentinel://user:p%40ss@a:1,[::1]:2/name/1?sentinel_password=other",
    ],
)
async def test_an_address_of_every_kind_is_understood_without_connecting(url: str) -> None:
    client = connect(load_settings(redis_url=url, redis_timeout=2, redis_pool=4).redis)
    await client.aclose(close_connection_pool=True)
