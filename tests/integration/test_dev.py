"""`switchboard dev` as a person uses it: started, changed under, ended in every way there is."""

import asyncio
import os
import re
import shutil
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.integration.client import Client, get
from tests.integration.conftest import redis_settings
from tests.integration.processes import Command, Redis
from tests.integration.program import ROOT
from tests.survivors import descendants, processes, until_gone

pytestmark = [pytest.mark.redis, pytest.mark.timeout(180)]

START_SECONDS = 90.0
"""Several programs start, one after the other, on a machine that may be busy."""

PARTS = ("redis", "worker", "server")


class Dev(Command):
    """`switchboard dev` on a free port."""

    def __init__(self, folder: Path, **settings: str) -> None:
        super().__init__(folder, "dev", **{"PORT": "0", "JOB_PACE": "0", **settings})

    async def until_line(self, pattern: str) -> re.Match[str]:
        return await asyncio.to_thread(self.wait_for_line, pattern, deadline=START_SECONDS)

    async def until_ready(self) -> str:
        """Where it is."""
        url: str = (await self.until_line(r"^Switchboard is on (http://\S+) \(redis"))[1]
        return url

    async def pid_of(self, part: str, *, after: Sequence[int] = ()) -> int:
        """The process that runs it, or that runs it after those processes."""
        others = "".join(rf"(?!{pid}\b)" for pid in after)
        return int((await self.until_line(rf"^dev    \| {part} is ready \(pid {others}(\d+)\)"))[1])

    async def socket_folder(self) -> Path:
        """Where the embedded Redis has its socket."""
        return Path((await self.until_line(r"REDIS_URL=unix://(\S+)/redis\.sock"))[1])

    async def ended(self) -> int:
        return await asyncio.to_thread(self.wait)


def is_gone(folder: Path) -> bool:
    return not folder.exists()


@asynccontextmanager
async def running(dev: Dev) -> AsyncIterator[set[int]]:
    """All its processes, once it is ready; none of them is left behind."""
    with dev:
        await dev.until_ready()
        family = descendants(dev.pid)
        yield family
    await asyncio.to_thread(until_gone, family)


async def result_of_a_job(url: str) -> str:
    async with Client(url, "/ws/background_jobs") as client:
        await client.send("job", {"type": "default", "content": "hello"})
        result = await client.receive("job_status", status="result")
        message: str = result["payload"]["message"]
        return message


@pytest.mark.usefixtures("redis_binary")
async def test_without_any_redis_it_serves_the_page_and_runs_jobs_until_ctrl_c(
    tmp_path: Path,
) -> None:
    dev = Dev(tmp_path)
    async with running(dev) as family:
        url = await dev.until_ready()
        assert {await dev.pid_of(part) for part in PARTS} <= family
        assert (await get(f"{url}/")).status_code == 200
        assert await result_of_a_job(url) == "✅ Processed: HELLO"
        folder = await dev.socket_folder()
        dev.signal(signal.SIGINT)
        assert await dev.ended() == 0
    assert dev.output[-1] == "dev    | all ended\n"
    assert dev.log == ""
    assert is_gone(folder)
    assert all(re.match(r"(dev|redis|worker|server) +\| |Switchboard", line) for line in dev.output)


@pytest.mark.usefixtures("redis_binary")
async def test_when_the_launcher_is_killed_nobody_is_left(tmp_path: Path) -> None:
    dev = Dev(tmp_path)
    async with running(dev) as family:
        folder = await dev.socket_folder()
        dev.signal(signal.SIGKILL)
        assert await dev.ended() == -signal.SIGKILL
        await asyncio.to_thread(until_gone, family)
    assert is_gone(folder)


async def test_a_redis_that_is_given_is_used_and_left_alone(
    tmp_path: Path, redis_server: Redis, prefix: str
) -> None:
    dev = Dev(tmp_path, **redis_settings(redis_server, prefix))
    async with running(dev):
        assert await result_of_a_job(await dev.until_ready()) == "✅ Processed: HELLO"
        assert not any("redis is ready" in line for line in dev.output)
        dev.signal(signal.SIGTERM)
        assert await dev.ended() == 0
    assert redis_server.pid in processes()


@pytest.mark.usefixtures("redis_binary")
async def test_changes_restart_server_and_worker_and_the_end_of_one_ends_all(
    tmp_path: Path,
) -> None:
    source = tmp_path / "src"
    shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
    dev = Dev(tmp_path, PYTHONPATH=str(source))
    async with running(dev) as family:
        url = await dev.until_ready()
        before = {part: await dev.pid_of(part) for part in PARTS}

        work = source / "domain" / "job_kinds.py"
        work.write_text(
            work.read_text(encoding="utf-8").replace("✅ Processed", "✅ Changed"), encoding="utf-8"
        )
        await dev.until_line(r"^dev    \| changed: domain/job_kinds.py")
        second = {part: await dev.pid_of(part, after=[before[part]]) for part in PARTS[1:]}
        assert await result_of_a_job(url) == "✅ Changed: HELLO"
        await asyncio.to_thread(until_gone, [before["worker"], before["server"]])
        assert before["redis"] in processes()

        chat = source / "adapters" / "websocket" / "chat.py"
        good = chat.read_text(encoding="utf-8")
        chat.write_text(f"{good}\ndef (\n", encoding="utf-8")
        await dev.until_line(r"chat\.py, line \d+: .*\. Waiting for the next change\.")
        assert await result_of_a_job(url) == "✅ Changed: HELLO"
        chat.write_text(f"{good}\nno_such_name\n", encoding="utf-8")
        await dev.until_line(r"worker ended with exit code 1 .*\. Waiting for the next change\.")
        await dev.until_line(r"^worker \| NameError: ")
        chat.write_text(good, encoding="utf-8")
        third = await dev.pid_of("worker", after=[before["worker"], second["worker"]])
        await dev.pid_of("server", after=[before["server"], second["server"]])
        assert (await get(f"{url}/healthz")).status_code == 200

        family.update(descendants(dev.pid))
        os.kill(third, signal.SIGKILL)
        assert await dev.ended() == 1
        assert dev.log.splitlines() == [
            "switchboard: worker was ended by SIGKILL. All of it has ended with it."
        ]


@pytest.mark.parametrize(
    "command",
    [["dev"], ["serve"], ["serve", "--workers", "2", "--backend", "redis"]],
    ids=["dev", "serve", "workers"],
)
def test_a_port_that_is_taken_is_told_in_one_line_before_anything_starts(
    tmp_path: Path, redis_server: Redis, command: list[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = Command(tmp_path, *command, PORT=str(port), REDIS_URL=redis_server.url)
        assert ran.run() == 1
    (line,) = ran.log.splitlines()
    assert line.startswith(f"switchboard: port {port} on 127.0.0.1 is in use. ")
    assert ran.output == []
