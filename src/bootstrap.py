"""Settings → container → application, and the programs that the commands start."""

import contextlib
import socket
import sys
from collections.abc import AsyncIterator
from functools import partial

import click
from fastapi import FastAPI

from adapters.background_task import BackgroundTask
from adapters.cli.commands import create_cli
from adapters.cli.descriptors import provide_descriptors
from adapters.cli.programs import (
    WORKER_IS_READY,
    Programs,
    announce_repeatedly,
    server_is_ready,
)
from adapters.cli.signals import Signals
from adapters.environment import load_settings
from adapters.http.api import api_router
from adapters.http.app import http_app
from adapters.http.health import health_router
from adapters.http.job_routes import job_router
from adapters.http.metrics import metrics_router
from adapters.http.token_routes import token_router
from adapters.layers.channel_layer import registered
from adapters.logging_setup import configure_logging
from adapters.output import protect_output
from adapters.server.serving import DrainingServer, uvicorn_config
from adapters.sessions.disconnects import REVOKED
from adapters.settings import Settings
from adapters.settings_group import PREFIX
from adapters.websocket.routes import durable_paths, websocket_router
from container import BACKENDS, Container
from domain.capabilities import Capabilities
from domain.errors import MintingIsOff


def create_container(settings: Settings | None = None) -> Container:
    """Without settings, from the environment; raises `SettingsAreWrong`."""
    return Container(settings=settings or load_settings())


def create_app(container: Container | None = None) -> FastAPI:
    """The whole service as an ASGI application; raises `SettingsAreWrong`."""
    container = container or create_container()
    registry, backend, tokens = container.registry(), container.backend(), container.tokens()
    backend.revocations.listen(
        lambda _: registry.disconnect_identities(backend.revocations.is_revoked, REVOKED)
    )
    settings, features = container.settings(), container.features()
    patience = settings.redis.patience
    sweep = BackgroundTask("sweep", lambda: registry.sweep(backend.away_for, patience))

    async def check() -> None:
        sweep.check()
        tokens.check()
        await backend.ping()

    authenticator = container.authenticator()
    app = http_app(
        settings.server,
        registry,
        websocket_router(registry, features, authenticator, container.access()),
        api_router(container.announcements(), container.rooms()),
        job_router(container.jobs()),
        token_router(container.authentication(), authenticator),
        health_router(check, lambda: registry.is_draining),
        metrics_router(registry.totals, container.limited()),
        authenticator=authenticator,
        limits=container.address_limits(),
        durable=durable_paths(features, settings.lane_plans()),
        lifespan=partial(_lifespan, container=container, sweep=sweep),
    )
    app.state.container = container
    return app


@contextlib.asynccontextmanager
async def _lifespan(
    _app: FastAPI, container: Container, sweep: BackgroundTask
) -> AsyncIterator[None]:
    backend, tokens = container.backend(), container.tokens()
    sweep.start()
    tokens.start()
    try:
        with registered(backend.lanes):
            async with backend.serving(container.job_runner()):
                if not container.settings().server.visitor_secret:
                    visitors = container.visitors()
                    visitors.secret = await backend.shared_secret(visitors.secret)
                yield
    finally:
        await tokens.stop()
        await sweep.stop()


def serve(settings: Settings, listeners: list[socket.socket], shared: bool) -> None:
    """Serve on `listeners`, perhaps `shared` with other processes, until SIGTERM or Ctrl+C."""
    configure_logging(settings.log)
    if not shared:  # else whoever started this process has done so
        provide_descriptors(settings)
    container = create_container(settings)
    server = DrainingServer(
        uvicorn_config(create_app(container), settings.server, container.address_limits()),
        check=container.backend().check,
        drain=partial(
            container.registry().drain,
            settings.server.drain_seconds,
            notice=settings.server.drain_notice,
        ),
        shares_listeners=shared,
        send_timeout=settings.sessions.send_timeout,
        shutdown_seconds=settings.server.shutdown_seconds,
        started=lambda url: click.echo(server_is_ready(url, settings)),
    )
    server.run(sockets=listeners)


async def run_worker(settings: Settings) -> None:
    """Run jobs until SIGTERM or Ctrl+C, then hand them back."""
    configure_logging(settings.log)
    container = create_container(settings)
    await container.backend().check()
    runner, reaper, stop = container.job_runner(), container.job_reaper(), Signals().stop
    click.echo(WORKER_IS_READY)
    await container.backend().run_worker(runner, reaper, stop)


async def send(settings: Settings, channel: str, text: str, every: float, count: int) -> None:
    """Announce `text` on `channel`, `count` times with `every` seconds in between."""
    container = create_container(settings)
    async with container.backend().sending():
        await container.backend().check()
        await announce_repeatedly(container.announcements(), channel, text, every, count)


def mint(
    settings: Settings,
    subject: str,
    *,
    name: str | None,
    capabilities: Capabilities,
    expires_in: float,
) -> str:
    """A token signed with `AUTH_SECRET`, made without a backend; raises what `Mint` does."""
    minter = create_container(settings).tokens().minter
    if minter is None:
        raise MintingIsOff(f"{PREFIX}AUTH_SECRET is not set: nothing to sign a token with.")
    return minter.mint(subject, name=name, capabilities=capabilities, expires_in=expires_in)


async def check(settings: Settings) -> None:
    """Find out whether the backend has what is needed; raises what `Backend.check` raises."""
    backend = create_container(settings).backend()
    async with backend.sending():
        await backend.check()


def main() -> None:
    """The console script `switchboard`."""
    protect_output()
    # However Python was told to run us, less the arguments that are ours.
    own_command = [sys.executable, *sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv) + 1]]
    programs = Programs(
        serve=serve,
        run_worker=run_worker,
        send=send,
        check=check,
        mint=mint,
        own_command=own_command,
        shared_backends=[name for name, backend in BACKENDS.items() if backend.is_shared],
    )
    create_cli(programs)()


if __name__ == "__main__":
    main()
