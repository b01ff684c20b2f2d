"""Settings → container → application: the only place where a port meets an implementation."""

import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from functools import partial

import click
from dependency_injector import containers, providers
from fastapi import FastAPI

from adapters.authenticator import Authenticator
from adapters.backends.backend import Backend
from adapters.backends.backend_memory import MemoryBackend
from adapters.backends.backend_redis import RedisBackend
from adapters.background_task import BackgroundTask
from adapters.cli.commands import create_cli
from adapters.cli.programs import (
    WORKER_IS_READY,
    Programs,
    announce_repeatedly,
    server_is_ready,
)
from adapters.cli.signals import Signals
from adapters.clock import MessageStamp, RandomIds, SystemClock
from adapters.environment import load_settings
from adapters.http.api import api_router
from adapters.http.app import http_app
from adapters.http.health import health_router
from adapters.http.job_routes import job_router
from adapters.http.metrics import metrics_router
from adapters.http.token_routes import token_router
from adapters.identity.tokens import Tokens
from adapters.layers.broadcaster import LaneBroadcaster
from adapters.layers.channel_layer import registered
from adapters.limits.address_limits import AddressLimits
from adapters.limits.caller_limits import CallerLimits
from adapters.limits.limited import Limited
from adapters.logging_setup import configure_logging
from adapters.output import protect_output
from adapters.server.serving import DrainingServer, uvicorn_config
from adapters.sessions.disconnects import REVOKED
from adapters.sessions.registry import Registry
from adapters.settings import BackendName, Settings
from adapters.settings_group import PREFIX
from adapters.visitors import Visitors
from adapters.websocket.analytics import AnalyticsConsumer, AnalyticsFeature
from adapters.websocket.chat import ChatConsumer, ChatFeature, ReliableConsumer, ReliableFeature
from adapters.websocket.jobs import JobsConsumer, JobsFeature
from adapters.websocket.notifications import NotificationsConsumer, NotificationsFeature
from adapters.websocket.rooms import RoomConsumer, RoomFeature
from adapters.websocket.routes import durable_paths, encoder, websocket_router
from adapters.websocket.system import SystemConsumer, SystemFeature
from application.access import Access, CapabilityAuthorizer
from application.analytics import AnalyticsService
from application.announcements import AnnouncementService
from application.authentication import AuthenticationService
from application.chat import ChatService
from application.echo import EchoService
from application.job_reaper import JobReaper
from application.job_runner import JobRunner, JobRunnerSettings
from application.jobs import JobService
from application.limits import RoomsMade
from application.notifications import NotificationService
from application.ports import Clock
from application.rooms import RoomService
from domain import job_kinds
from domain.capabilities import Capabilities
from domain.chat import CHAT, RELIABLE
from domain.errors import MintingIsOff

BACKENDS: Mapping[BackendName, type[Backend]] = {
    BackendName.MEMORY: MemoryBackend,
    BackendName.REDIS: RedisBackend,
}


def create_backend(settings: Settings, clock: Clock) -> Backend:
    return BACKENDS[settings.backend](settings, clock)


class Container(containers.DeclarativeContainer):
    """Who gets what. The backend brings all that differs between the backends."""

    settings = providers.Dependency(instance_of=Settings)
    limits = settings.provided.limits
    job_settings = settings.provided.jobs

    clock = providers.Singleton(SystemClock)
    ids = providers.Singleton(RandomIds)
    backend = providers.Singleton(create_backend, settings, clock)
    # One for each socket; filled in below, where the services are that they need.
    features = providers.Dict()
    broadcaster = providers.Singleton(
        LaneBroadcaster,
        backend.provided.lanes,
        providers.Singleton(encoder, features),
        providers.Singleton(MessageStamp, clock),
        subscription_limit=limits.subscriptions,
    )
    job_records = backend.provided.job_records
    access = providers.Singleton(Access, providers.Singleton(CapabilityAuthorizer))
    tokens = providers.Singleton(Tokens, settings.provided.auth, clock)
    authentication = providers.Singleton(
        AuthenticationService,
        tokens.provided.verifier,
        tokens.provided.minter,
        backend.provided.tickets,
        backend.provided.revocations,
        clock,
    )
    limited = providers.Singleton(Limited, dry_run=settings.provided.traffic.limits_dry_run)
    address_limits = providers.Singleton(AddressLimits, settings.provided.traffic, limited)
    caller_limits = providers.Singleton(
        CallerLimits, settings.provided.kept, backend.provided.member_allowances, limited
    )
    visitors = providers.Singleton(Visitors, settings.provided.server.visitor_secret)
    authenticator = providers.Singleton(
        Authenticator,
        authentication,
        visitors,
        settings.provided.auth,
        clock,
        address_limits,
    )
    registry = providers.Singleton(
        Registry, settings.provided.sessions, backend.provided.member_rates, limited
    )

    echo = providers.Singleton(EchoService, text_limit=limits.text_limit)
    chat = providers.Singleton(
        ChatService,
        broadcaster,
        broadcaster,
        access,
        caller_limits,
        CHAT,
        text_limit=limits.text_limit,
    )
    reliable = providers.Singleton(
        ChatService,
        broadcaster,
        broadcaster,
        access,
        caller_limits,
        RELIABLE,
        text_limit=limits.text_limit,
    )
    notifications = providers.Singleton(
        NotificationService, broadcaster, broadcaster, access, text_limit=limits.text_limit
    )
    analytics = providers.Singleton(
        AnalyticsService,
        broadcaster,
        broadcaster,
        backend.provided.tally,
        access,
        caller_limits,
        data_limit=limits.event_data_bytes,
    )
    rooms = providers.Singleton(
        RoomService,
        broadcaster,
        broadcaster,
        broadcaster,
        backend.provided.presence,
        access,
        caller_limits,
        text_limit=limits.text_limit,
        member_limit=limits.room_members,
    )
    announcements = providers.Singleton(
        AnnouncementService,
        broadcaster,
        access,
        providers.Singleton(RoomsMade, broadcaster, caller_limits),
        text_limit=limits.text_limit,
    )
    jobs = providers.Singleton(
        JobService,
        broadcaster,
        broadcaster,
        job_records,
        job_records,
        backend.provided.job_queue,
        clock,
        ids,
        access,
        caller_limits,
        text_limit=limits.text_limit,
        queue_limit=job_settings.queue_limit,
        watch_limit=limits.subscriptions,
        list_limit=job_settings.listed,
    )
    job_runner = providers.Singleton(
        JobRunner,
        broadcaster,
        job_records,
        job_records,
        backend.provided.job_queue,
        clock,
        providers.Object(job_kinds.steps_of),
        providers.Factory(
            JobRunnerSettings,
            pace=job_settings.pace,
            timeout=job_settings.timeout,
            lease=job_settings.lease,
        ),
    )
    job_reaper = providers.Singleton(
        JobReaper,
        broadcaster,
        job_records,
        job_records,
        job_records,
        backend.provided.job_queue,
        clock,
        waiting=job_settings.waiting,
        losses=job_settings.losses,
    )
    features.add_kwargs(
        {
            SystemConsumer: providers.Factory(SystemFeature, echo=echo).provider,
            ChatConsumer: providers.Factory(ChatFeature, chat=chat).provider,
            ReliableConsumer: providers.Factory(ReliableFeature, chat=reliable).provider,
            NotificationsConsumer: providers.Factory(
                NotificationsFeature, notifications=notifications
            ).provider,
            AnalyticsConsumer: providers.Factory(AnalyticsFeature, analytics=analytics).provider,
            RoomConsumer: providers.Factory(RoomFeature, service=rooms).provider,
            JobsConsumer: providers.Factory(JobsFeature, jobs=jobs).provider,
        }
    )


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
