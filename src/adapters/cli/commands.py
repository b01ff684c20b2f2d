"""`switchboard …`: the commands, given the programs that they start."""

import asyncio
import os
from collections.abc import Callable
from typing import Any

import click

from adapters.cli.dev import develop, load_dev_settings
from adapters.cli.listening import listening
from adapters.cli.problems import UsageProblem, explained
from adapters.cli.programs import Programs
from adapters.cli.token import token_command
from adapters.cli.workers import serve_with_workers
from adapters.environment import load_settings
from adapters.settings import BackendName, Settings


def create_cli(programs: Programs) -> click.Group:
    @click.group(context_settings={"help_option_names": ["-h", "--help"]})
    @click.version_option(package_name="switchboard")
    def switchboard() -> None:
        """Switchboard: chat, rooms, notifications, analytics and jobs over WebSockets.

        Settings come from the environment or .env; .env.example lists them all.
        """

    @switchboard.command()
    @host_and_port
    @click.option(
        "--backend",
        type=click.Choice([b.value for b in BackendName]),
        help="Where state lives.  [default: BACKEND or memory]",
    )
    @click.option(
        "--workers",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        metavar="N",
        help="Server processes on this port; more than one needs a backend that they share.",
    )
    @click.option("--fd", "fds", type=int, multiple=True, hidden=True)
    @explained
    def serve(workers: int, fds: tuple[int, ...], **options: Any) -> None:
        """Serve the page, the sockets and the API.

        On SIGTERM, Ctrl+C and SIGHUP all clients are told to reconnect before the server stops.
        With --workers, SIGHUP replaces the processes one by one, and one that crashes is replaced.
        """
        settings = load_settings(**_given(options))
        if workers > 1:
            _need_unix("serve --workers")
        if workers > 1 and settings.backend not in programs.shared_backends:
            raise UsageProblem(
                f"--workers {workers} needs --backend {' or '.join(programs.shared_backends)}: "
                f"{settings.backend} keeps everything in one process."
            )
        with listening(settings, fds) as listeners:
            if workers == 1:
                programs.serve(settings, listeners, bool(fds))
            else:
                asyncio.run(programs.check(settings))
                serve_with_workers(settings, listeners, programs.own_command, workers)

    @switchboard.command()
    @host_and_port
    @explained
    def dev(**options: Any) -> None:
        """Run server, worker and Redis together, for development.

        Server and worker are restarted when a source file changes. Redis is the one that
        REDIS_URL names. Without REDIS_URL one is started that ends with this command; it keeps
        its data only if EMBEDDED_REDIS_DIR names a folder.
        """
        _need_unix("dev")
        develop(load_dev_settings(**_given(options)), programs)

    @switchboard.command()
    @explained
    def worker() -> None:
        """Run the jobs that wait on Redis.

        Start as many workers as you like. On SIGTERM and Ctrl+C a worker hands the jobs that it
        runs back to the queue.
        """
        asyncio.run(programs.run_worker(_shared_settings(programs)))

    @switchboard.command()
    @click.argument("channel")
    @click.argument("text")
    @click.option(
        "--every",
        type=click.FloatRange(min=0.01),
        help="Seconds between announcements; needs --count.",
    )
    @click.option(
        "--count", type=click.IntRange(min=1), help="How many announcements.  [default: 1]"
    )
    @explained
    def send(channel: str, text: str, every: float | None, count: int | None) -> None:
        """Announce TEXT to everybody on CHANNEL, over Redis.

        CHANNEL is chat, reliable, notifications, analytics or room:NAME. All are made, also when
        nobody reads what this prints any more, as behind a pipe to head.
        """
        if every is not None and count is None:
            raise UsageProblem("--every needs --count: how many announcements?")
        settings = _shared_settings(programs)
        asyncio.run(programs.send(settings, channel, text, every or 0.0, count or 1))

    switchboard.add_command(token_command(programs))
    return switchboard


def host_and_port(command: Callable[..., None]) -> Callable[..., None]:
    host = click.option("--host", help="Address to listen on.  [default: HOST or 127.0.0.1]")
    port = click.option(
        "--port", type=int, help="Port, 0 for any free one.  [default: PORT or 8080]"
    )
    return host(port(command))


def _need_unix(command: str) -> None:
    if os.name != "posix":
        raise UsageProblem(f"{command} needs Linux or macOS; serve alone works here, too.")


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _shared_settings(programs: Programs) -> Settings:
    """With a backend that other processes share, even where none is chosen."""
    settings = load_settings()
    if settings.backend in programs.shared_backends:
        return settings
    return load_settings(backend=programs.shared_backends[0])
