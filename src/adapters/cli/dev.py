"""`switchboard dev`: Redis, a worker and a server that start anew when the sources change."""

import asyncio
import contextlib
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from adapters.cli.console import Console
from adapters.cli.descriptors import provide_descriptors
from adapters.cli.embedded_redis import embedded_redis
from adapters.cli.listening import listening, url_of
from adapters.cli.problems import Problem
from adapters.cli.processes import Child, Group, NotReady, Part, PartEnded, first
from adapters.cli.programs import WORKER_IS_READY, Programs, server_is_ready
from adapters.cli.signals import Signals
from adapters.cli.source_changes import SourceChanges, syntax_problem
from adapters.cli.workers import server_part
from adapters.environment import load_settings
from adapters.settings import BackendName, Settings
from application.errors import Unavailable

HOME = Path(__file__).parents[2]
SOURCES = [HOME / "bootstrap.py", HOME / "domain", HOME / "application", HOME / "adapters"]

WIDTH = len("worker")

REDIS_SECONDS = 10.0
"""For the Redis of REDIS_URL to answer: it may be starting right now, too."""

ASK_SECONDS = 0.05

WORKER_STOP_SECONDS = 10.0
"""A worker hands its jobs back; two answers of Redis are all that takes."""

QUICK_DRAIN = {"drain_notice": "0", "drain_seconds": "0.5"}
"""Unless the settings say otherwise: no load balancer is there to notice, and the developer
waits for the page to come back."""


def load_dev_settings(**given: Any) -> Settings:
    """Always on Redis; raises `SettingsAreWrong`."""
    return load_settings(backend=BackendName.REDIS, **given)


def develop(settings: Settings, programs: Programs) -> None:
    """Run until Ctrl+C or SIGTERM; raises `Problem` when a part ends by itself."""
    provide_descriptors(settings)
    with listening(settings) as listeners:
        asyncio.run(_develop(settings, programs, listeners))


async def _develop(settings: Settings, programs: Programs, listeners: list[socket.socket]) -> None:
    console = Console(sys.stdout, width=WIDTH)
    signals = Signals()
    try:
        dev = Dev(settings, programs, listeners, console, signals.kill)
        await signals.run_until_stopped(dev.run(), lambda: console.say("dev", "ending"))
    except PartEnded as ended:
        raise Problem(f"{ended}. All of it has ended with it.") from None
    console.say("dev", "all ended")


class Dev:
    """Redis from start to end; a worker and a server, restarted after each change."""

    def __init__(
        self,
        settings: Settings,
        programs: Programs,
        listeners: list[socket.socket],
        console: Console,
        kill: asyncio.Event,
    ) -> None:
        self._settings = settings
        self._programs = programs
        self._listeners = listeners
        self._console = console
        self._kill = kill
        self._was_ready = False
        self._environment = {
            "SWITCHBOARD_BACKEND": "redis",
            "PYTHONUNBUFFERED": "1",  # a print in the code shows at once
            "PYTHONIOENCODING": "utf-8",
        } | {
            f"SWITCHBOARD_{name.upper()}": value
            for name, value in QUICK_DRAIN.items()
            if name not in settings.server.model_fields_set
        }

    async def run(self) -> None:
        """Run for ever; raises `PartEnded`, `Problem`, and what pinging raises."""
        with contextlib.ExitStack() as stack:
            async with Group(self._console, self._say, self._kill) as group:
                redis = None
                given = self._settings.redis
                if "url" in given.model_fields_set and given.url:
                    await self._await_given_redis()
                else:
                    part, url = stack.enter_context(embedded_redis(given.embedded_dir))
                    redis = await self._start_redis(group, part, url)
                await self._serve_and_reload(redis)

    async def _await_given_redis(self) -> None:
        url = self._settings.redis.url
        where = urlsplit(url)
        # Without what may hold a password.
        address = where.netloc.rpartition("@")[2] or where.path
        self._say(f"waiting for the Redis at {address}, which REDIS_URL names")
        self._environment["SWITCHBOARD_REDIS_URL"] = url
        deadline = time.monotonic() + REDIS_SECONDS
        while True:
            try:
                await self._programs.check(self._settings)
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(ASK_SECONDS)
            else:
                return

    async def _start_redis(self, group: Group, part: Part, url: str) -> Child:
        redis_settings = self._settings.redis.model_copy(update={"url": url})
        settings = replace(self._settings, redis=redis_settings)

        async def answers() -> None:
            while True:
                with contextlib.suppress(Unavailable):
                    return await self._programs.check(settings)
                await asyncio.sleep(ASK_SECONDS)

        redis = await group.start(part)
        await self._until_ready(redis, answers)
        self._say(f"for other terminals: export REDIS_URL={url}")
        self._environment["SWITCHBOARD_REDIS_URL"] = url
        return redis

    async def _serve_and_reload(self, redis: Child | None) -> None:
        """Serve what the sources say now, and again after each change."""
        changes = SourceChanges(SOURCES)
        ends = set() if redis is None else {redis.ended}
        while True:
            changing = asyncio.ensure_future(self._next_to_serve(changes))
            serving = asyncio.ensure_future(self._serve())
            try:
                await first(changing, serving, *ends)
                if redis is not None and redis.has_ended:
                    raise PartEnded(redis.ending)
                if serving.done():
                    await serving
            finally:
                changing.cancel()
                serving.cancel()
                await asyncio.wait({changing, serving})

    async def _next_to_serve(self, changes: SourceChanges) -> None:
        """Wait for changes that can be served: a syntax error is no reason to end what runs."""
        unserved: set[Path] = set()
        while True:
            changed = await changes.next()
            for path in changed:
                self._say(f"changed: {path.relative_to(HOME)}")
            unserved.update(changed)
            problems = [problem for path in sorted(unserved) if (problem := syntax_problem(path))]
            if not problems:
                return
            for problem in problems:
                self._say(f"{problem}. Waiting for the next change.")

    async def _serve(self) -> None:
        """Run worker and server until one of them ends; raises `PartEnded`.

        If one doesn't start after a change, this waits to be cancelled by the next change.
        """
        try:
            async with Group(self._console, self._say, self._kill) as group:
                worker = await group.start(self._worker())
                if not self._was_ready:
                    await self._until_ready(worker)
                server = await group.start(self._server())
                if self._was_ready:
                    await self._until_ready(worker)
                await self._until_ready(server, self._answers)
                self._tell_url()
                await first(worker.ended, server.ended)
                raise PartEnded((worker if worker.has_ended else server).ending)
        except NotReady as problem:
            if not self._was_ready:
                raise
            self._say(f"{problem}. Waiting for the next change.")
            await asyncio.Event().wait()

    async def _until_ready(
        self, child: Child, check: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        await child.until_ready(check)
        self._say(f"{child.name} is ready (pid {child.pid})")

    def _worker(self) -> Part:
        return Part(
            name="worker",
            command=[*self._programs.own_command, "worker"],
            environment=self._environment,
            stop_seconds=WORKER_STOP_SECONDS,
            ready=WORKER_IS_READY,
        )

    def _server(self) -> Part:
        return server_part(
            "server",
            self._programs.own_command,
            self._listeners,
            self._settings,
            self._environment,
        )

    async def _answers(self) -> None:
        """Return once /healthz is answered with 200."""
        host, port = self._listeners[0].getsockname()[:2]
        answer = b""
        while b" 200 " not in answer:
            await asyncio.sleep(ASK_SECONDS)
            # The port is open whether or not somebody serves it: this waits until somebody does.
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection(host, port)
                try:
                    writer.write(b"GET /healthz HTTP/1.1\r\nHost: dev\r\nConnection: close\r\n\r\n")
                    answer = await reader.readline()
                finally:
                    writer.close()

    def _tell_url(self) -> None:
        """Print the address without a name before it, so that it is easy to find."""
        self._was_ready = True
        url = url_of(self._listeners[0])
        self._console.print(f"{server_is_ready(url, self._settings)}. Ctrl+C ends it.", bold=True)

    def _say(self, line: str) -> None:
        self._console.say("dev", line)
