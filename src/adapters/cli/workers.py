"""`switchboard serve --workers N`: several server processes on one listening socket."""

import asyncio
import logging
import socket
import sys
from collections.abc import Callable, Mapping, Sequence

import click

from adapters.cli.console import Console
from adapters.cli.descriptors import provide_descriptors
from adapters.cli.listening import url_of
from adapters.cli.problems import Problem
from adapters.cli.processes import Child, Group, NotReady, Part, PartEnded
from adapters.cli.programs import SERVER_IS_READY, server_is_ready
from adapters.cli.signals import Signals
from adapters.logging_setup import configure_logging
from adapters.settings import LogFormat, Settings

log = logging.getLogger(__name__)

RESTART_PAUSES = (0.1, 0.5, 2.0, 5.0, 15.0)
"""Seconds before a server that crashed is started anew, longer with each crash in a row. After as
many failed starts in a row as there are pauses, the supervisor gives up: starting is in vain."""

STEADY_SECONDS = 60.0
"""A crash of a server that ran for so long is the first of a new row."""

MARGIN_SECONDS = 5.0
"""For what a server does after the last of its bounded steps."""


def serve_with_workers(
    settings: Settings, listeners: list[socket.socket], own_command: Sequence[str], count: int
) -> None:
    """Run `count` servers until SIGTERM or Ctrl+C; raises `Problem` if one can't be started."""
    configure_logging(settings.log)
    provide_descriptors(settings)
    # A name before a line would break JSON.
    width = 0 if settings.log.format is LogFormat.JSON else len(f"server {count}")
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
    server = settings.server
    return Part(
        name=name,
        command=[*own_command, "serve", *(f"--fd={fd}" for fd in fds)],
        environment=environment,
        stop_seconds=server.drain_notice
        + server.drain_seconds
        + max(1, server.shutdown_seconds)
        + MARGIN_SECONDS,
        ready=SERVER_IS_READY,
        fds=fds,
    )


async def _serve(
    settings: Settings, listeners: list[socket.socket], parts: Sequence[Part], console: Console
) -> None:
    started = server_is_ready(url_of(listeners[0]), settings)
    signals = Signals(renews=True)
    async with Group(console, log.warning, signals.kill, at_once=True) as group:
        supervisor = Supervisor(
            [Slot(part, group) for part in parts], on_started=lambda: click.echo(started)
        )
        try:
            await signals.run_until_stopped(supervisor.run(signals.renew))
        finally:
            # A client that connects while the servers stop is refused at once, not left waiting.
            for listener in listeners:
                listener.close()


class Slot:
    """One server process and its successors: restarted after a crash, renewed when asked."""

    def __init__(self, part: Part, group: Group) -> None:
        self.is_ready = asyncio.Event()
        self._part = part
        self._group = group
        self._current: Child | None = None
        self._starting = asyncio.Lock()
        self._failed_starts = 0

    async def run(self) -> None:
        """Start a server, and another after each crash; raises `NotReady` when giving up."""
        clock = asyncio.get_running_loop().time
        crashes = 0
        while True:
            started = clock()
            crash = await self._run_one()
            if crash is not None:
                crashes = crashes + 1 if clock() - started < STEADY_SECONDS else 1
                pause = RESTART_PAUSES[min(crashes, len(RESTART_PAUSES)) - 1]
                log.error("%s; the next one starts in %s s", crash, pause)
                await asyncio.sleep(pause)

    async def renew(self) -> None:
        """Start a successor, then stop the old one; raises `NotReady`, and the old one stays."""
        async with self._starting:
            old = self._current
            await self._start()
        if old is not None:
            await self._group.stop(old)

    async def _run_one(self) -> str | None:
        """Run one server to its end; how it crashed, or None if a successor has replaced it."""
        async with self._starting:
            child = self._current
            if child is None or child.has_ended:
                try:
                    child = await self._start()
                except NotReady as problem:
                    self._failed_starts += 1
                    if self._failed_starts == len(RESTART_PAUSES):
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
    """Runs all slots, and renews them."""

    def __init__(self, slots: Sequence[Slot], *, on_started: Callable[[], None]) -> None:
        self._slots = slots
        self._on_started = on_started

    async def run(self, renew: asyncio.Event) -> None:
        """Run all slots for ever, renewing all whenever `renew` is set; raises `NotReady`."""
        tasks = [asyncio.ensure_future(slot.run()) for slot in self._slots]
        tasks.append(asyncio.ensure_future(self._renew_when_asked(renew)))
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _renew_when_asked(self, renew: asyncio.Event) -> None:
        for slot in self._slots:
            await slot.is_ready.wait()
        self._on_started()
        while True:
            await renew.wait()
            renew.clear()
            await self._renew()

    async def _renew(self) -> None:
        """One after the other, so that the others serve meanwhile."""
        log.info("all servers are being renewed, one after the other")
        try:
            for slot in self._slots:
                await slot.renew()
        except NotReady as problem:
            log.error("%s; the servers that run are kept", problem)
        else:
            log.info("all servers are renewed")
