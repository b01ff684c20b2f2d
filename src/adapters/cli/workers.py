"""`switchboard serve --workers N`: several server processes on one listening socket."""

import asyncio
import logging
import socket
import sys
from collections.abc import Callable, Mapping, Sequence

import click

from adapters.cli.console import Console
from adapters.cli.listening import url_of
from adapters.cli.problems import Problem
from adapters.cli.processes import Child, Group, NotReady, Part, PartEnded
from adapters.cli.signals import Signals
from adapters.logging_setup import configure_logging
from adapters.settings import LogFormat, Settings

log = logging.getLogger(__name__)

PAUSES = (0.1, 0.5, 2.0, 5.0, 15.0)
"""Seconds before a server that died is started anew, longer each time it dies soon after the last
one. When one has died at its start as often as there are pauses, something is wrong for all."""

STEADY_SECONDS = 60.0
"""A server that lived for so long died of something new."""

MARGIN_SECONDS = 5.0
"""For what a server does after the last of its bounded steps."""


def serve_with_workers(
    settings: Settings, listeners: list[socket.socket], own_command: Sequence[str], count: int
) -> None:
    """Run `count` servers until SIGTERM or Ctrl+C; raises `Problem` if they can't be kept up."""
    is_json = settings.log.format is LogFormat.JSON
    configure_logging(settings.log)
    width = 0 if is_json else len(f"server {count}")
    console = Console(sys.stderr, width=width)
    environment = {"SWITCHBOARD_BACKEND": settings.backend.value, "PYTHONIOENCODING": "utf-8"}
    parts = [
        server_part(f"server {number}", own_command, listeners, settings, environment)
        for number in range(1, count + 1)
    ]

    try:
        asyncio.run(_serve(settings, listeners, parts, console))
    except PartEnded as ended:
        raise Problem(str(ended)) from None


def server_part(
    name: str,
    own_command: Sequence[str],
    listeners: Sequence[socket.socket],
    settings: Settings,
    environment: Mapping[str, str],
) -> Part:
    """A server on `listeners`; `own_command` starts this program anew."""
    fds = [listener.fileno() for listener in listeners]
    return Part(
        name=name,
        command=[*own_command, "serve", *(f"--fd={fd}" for fd in fds)],
        environment=environment,
        stop_seconds=settings.server.drain_notice
        + settings.server.drain_seconds
        + max(1, settings.server.shutdown_seconds)
        + MARGIN_SECONDS,
        ready="Switchboard is on ",
        fds=fds,
    )


async def _serve(
    settings: Settings, listeners: list[socket.socket], parts: Sequence[Part], console: Console
) -> None:
    url, backend = url_of(listeners[0]), settings.backend
    signals = Signals(renews=True)
    async with Group(console, log.warning, signals.kill, at_once=True) as group:
        supervisor = Supervisor(
            [Slot(part, group) for part in parts],
            tell_started=lambda: click.echo(f"Switchboard is on {url} ({backend} backend)"),
        )
        try:
            await signals.run_until_stopped(supervisor.keep_up(signals.renew))
        finally:
            # Nobody may wait here for a server that does not come any more.
            for listener in listeners:
                listener.close()


class Slot:
    """Keeps one server running."""

    def __init__(self, part: Part, group: Group) -> None:
        self.is_ready = asyncio.Event()
        self._part = part
        self._group = group
        self._current: Child | None = None
        self._starting = asyncio.Lock()
        self._failed_starts = 0

    async def keep(self) -> None:
        """Start it, and anew whenever it dies; raises `NotReady` when that is in vain."""
        clock = asyncio.get_running_loop().time
        deaths = 0
        while True:
            begun = clock()
            died = await self._until_death()
            if died is not None:
                deaths = deaths + 1 if clock() - begun < STEADY_SECONDS else 1
                pause = PAUSES[min(deaths, len(PAUSES)) - 1]
                log.error("%s; the next one starts in %s s", died, pause)
                await asyncio.sleep(pause)

    async def renew(self) -> None:
        """Start a successor, then send the old one away; raises `NotReady`, and nothing changes."""
        async with self._starting:
            old = self._current
            await self._start()
        if old is not None:
            await self._group.stop(old)

    async def _until_death(self) -> str | None:
        """How it died; None if it was only renewed."""
        async with self._starting:
            child = self._current
            if child is None or child.has_ended:
                try:
                    child = await self._start()
                except NotReady as problem:
                    self._failed_starts += 1
                    if self._failed_starts == len(PAUSES):
                        times = f"{self._failed_starts} times in a row"
                        raise NotReady(f"{problem}, {times}; giving up") from None
                    return str(problem)
        await asyncio.wait({child.ended})
        return child.ending if child is self._current else None

    async def _start(self) -> Child:
        child = await self._group.start(self._part)
        try:
            await child.until_ready()
        except NotReady:
            await self._group.stop(child)
            raise
        self._current = child
        self._failed_starts = 0
        self.is_ready.set()
        log.info("%s is ready", child.name, extra={"pid": child.pid})
        return child


class Supervisor:
    """All slots together."""

    def __init__(self, slots: Sequence[Slot], *, tell_started: Callable[[], None]) -> None:
        self._slots = slots
        self._tell_started = tell_started

    async def keep_up(self, renew: asyncio.Event) -> None:
        """Keep all running, and renew all whenever `renew` is set; raises `NotReady`."""
        tasks = [asyncio.ensure_future(slot.keep()) for slot in self._slots]
        tasks.append(asyncio.ensure_future(self._tell_and_renew(renew)))
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _tell_and_renew(self, renew: asyncio.Event) -> None:
        for slot in self._slots:
            await slot.is_ready.wait()
        self._tell_started()
        while True:
            await renew.wait()
            renew.clear()
            await self._renew()

    async def _renew(self) -> None:
        """One after the other, so that most serve at any time."""
        log.info("renewing all servers")
        try:
            for slot in self._slots:
                await slot.renew()
        except NotReady as problem:
            log.error("%s; the servers that run are kept", problem)
        else:
            log.info("all servers are renewed")
