"""`switchboard dev`: Redis, a worker and a server that start anew when the sources change."""

import asyncio
import contextlib
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from adapters.cli.console import Console
from adapters.cli.embedded_redis import embedded_redis
from adapters.cli.listening import listening, url_of
from adapters.cli.problems import Problem
from adapters.cli.processes import Child, Group, NotReady, Part, PartEnded, first
from adapters.cli.signals import Signals
from adapters.cli.source_changes import SourceChanges, syntax_problem
from adapters.cli.workers import server_part
from adapters.settings import Settings
from application.errors import Unavailable

HOME = Path(__file__).parents[2]
SOURCES = [HOME / "bootstrap.py", HOME / "domain", HOME / "application", HOME / "adapters"]

WIDTH = len("worker")

REDIS_SECONDS = 10.0
"""For the Redis of REDIS_URL to answer: it may be starting right now, too."""

ASK_SECONDS = 0.05

WORKER_STOP_SECONDS = 10.0
"""A worker hands its jobs back; two answers of Redis are all that takes."""

SHORT_DRAIN = {"drain_notice": "0", "drain_seconds": "0.5"}
"""Nobody waits for a load balancer here, but everybody for the page to come back."""


Ping: TypeAlias = Callable[[Settings], Awaitable[None]]
"""Returns once the Redis of these settings answers; raises `Unavailable`."""


def develop(settings: Settings, own_command: Sequence[str], ping: Ping) -> None:
    """Run until Ctrl+C or SIGTERM; raises `Problem` when a part ends by itself."""
    with listening(settings.server.host, settings.server.port) as listeners:
        asyncio.run(_develop(settings, own_command, ping, listeners))


async def _develop(
    settings: Settings, own_command: Sequence[str], ping: Ping, listeners: list[socket.socket]
) -> None:
    console = Console(sys.stdout, width=WIDTH)
    signals = Signals()
    try:
        dev = Dev(settings, own_command, ping, listeners, console, signals.kill)
        await signals.run_until_stopped(dev.run(), lambda: console.say("dev", "ending"))
    except PartEnded as ended:
        raise Problem(f"{ended}. All of it has ended with it.") from None
    console.say("dev", "all ended")


class Dev:
    def __init__(
        self,
        settings: Settings,
        own_command: Sequence[str],
        ping: Ping,
        listeners: list[socket.socket],
        console: Console,
        kill: asyncio.Event,
    ) -> None:
        self._settings = settings
        self._own_command = own_command
        self._ping = ping
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
            for name, value in SHORT_DRAIN.items()
            if name not in settings.server.model_fields_set
        }

    async def run(self) -> None:
        """Run for ever; raises `PartEnded`, `Problem`, and what pinging raises."""
        with contextlib.ExitStack() as stack:
            async with Group(self._console, self._say, self._kill) as group:
                redis = None
                if "url" in self._settings.redis.model_fields_set and self._settings.redis.url:
                    await self._await_given_redis()
                else:
                    part, url = stack.enter_context(
                        embedded_redis(self._settings.redis.embedded_dir)
                    )
                    redis = await self._start_redis(group, part, url)
                await self._serve_and_reload(redis)

    async def _await_given_redis(self) -> None:
        where = urlsplit(self._settings.redis.url)
        # Without what may hold a password.
        address = where.netloc.rpartition("@")[2] or where.path
        self._say(f"asking the Redis at {address}, as REDIS_URL says")
        self._environment["SWITCHBOARD_REDIS_URL"] = self._settings.redis.url
        deadline = time.monotonic() + REDIS_SECONDS
        while True:
            try:
                await self._ping(self._settings)
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
                    return await self._ping(settings)
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
            command=[*self._own_command, "worker"],
            environment=self._environment,
            stop_seconds=WORKER_STOP_SECONDS,
            ready="Switchboard's worker is ready",
        )

    def _server(self) -> Part:
        return server_part(
            "server", self._own_command, self._listeners, self._settings, self._environment
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
        """Without a name before it: the one line to find."""
        self._was_ready = True
        url = url_of(self._listeners[0])
        self._console.print(f"Switchboard is on {url} (redis backend). Ctrl+C ends it.", bold=True)

    def _say(self, line: str) -> None:
        self._console.say("dev", line)
