"""Settings → container → application: the only place where a port meets an implementation."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator
from functools import partial
from importlib.metadata import version

import click
from dependency_injector import containers, providers
from fast_channels.layers import register_channel_layer, unregister_channel_layer
from fastapi import FastAPI

from adapters.backends import MemoryBackend, RedisBackend
from adapters.cli.commands import Programs, create_cli
from adapters.clock import RandomIds, SystemClock
from adapters.http.api import api_router
from adapters.http.failures import add_failure_handlers
from adapters.http.gate import Gate
from adapters.http.headers import SecurityHeaders
from adapters.http.health import health_router
from adapters.http.metrics import metrics_router
from adapters.http.pages import add_pages
from adapters.layers.broadcaster import LaneBroadcaster
from adapters.layers.channel_layer import LaneChannelLayer
from adapters.layers.lanes import RIDES_ON
from adapters.logging_setup import configure_logging
from adapters.server.serving import DrainingServer, ServerSettings, uvicorn_config
from adapters.sessions.registry import Registry, SessionSettings
from adapters.settings import LogFormat, Settings, load_settings
from adapters.websocket.analytics import AnalyticsFeature
from adapters.websocket.chat import ChatFeature, ReliableFeature
from adapters.websocket.jobs import JobsFeature
from adapters.websocket.notifications import NotificationsFeature
from adapters.websocket.rooms import RoomFeature
from adapters.websocket.routes import encode, websocket_router
from adapters.websocket.system import SystemFeature
from application.analytics import AnalyticsService
from application.announcements import AnnouncementService
from application.chat import ChatService
from application.echo import EchoService
from application.job_runner import JobRunner, JobRunnerSettings
from application.jobs import JobService
from application.notifications import NotificationService
from application.rooms import RoomService
from domain import job_kinds
from domain.audiences import AudienceKind
from domain.chat import CHAT, RELIABLE


class Container(containers.DeclarativeContainer):
    """Who gets what. One selector on the backend picks all backend together."""

    settings = providers.Dependency(instance_of=Settings)
    limit = settings.provided

    clock = providers.Singleton(SystemClock)
    ids = providers.Singleton(RandomIds)
    backend = providers.Selector(
        limit.backend.value,
        memory=providers.Singleton(MemoryBackend, settings, clock),
        redis=providers.Singleton(RedisBackend, settings, clock),
    )
    broadcaster = providers.Singleton(
        LaneBroadcaster, backend.provided.lanes, encode, subscription_limit=limit.subscriptions
    )

    echo = providers.Singleton(EchoService, text_limit=limit.text_limit)
    chat = providers.Singleton(
        ChatService, broadcaster, broadcaster, CHAT, text_limit=limit.text_limit
    )
    reliable = providers.Singleton(
        ChatService, broadcaster, broadcaster, RELIABLE, text_limit=limit.text_limit
    )
    notifications = providers.Singleton(
        NotificationService, broadcaster, broadcaster, text_limit=limit.text_limit
    )
    analytics = providers.Singleton(
        AnalyticsService,
        broadcaster,
        broadcaster,
        backend.provided.tally,
        data_limit=limit.event_data_bytes,
    )
    rooms = providers.Singleton(
        RoomService,
        broadcaster,
        broadcaster,
        broadcaster,
        backend.provided.presence,
        text_limit=limit.text_limit,
        member_limit=limit.room_members,
    )
    announcements = providers.Singleton(
        AnnouncementService, broadcaster, text_limit=limit.text_limit
    )
    jobs = providers.Singleton(
        JobService,
        broadcaster,
        broadcaster,
        backend.provided.job_records,
        backend.provided.job_queue,
        clock,
        ids,
        text_limit=limit.text_limit,
        queue_limit=limit.job_queue_limit,
    )
    work = providers.Singleton(
        JobRunner,
        broadcaster,
        backend.provided.job_records,
        backend.provided.job_queue,
        clock,
        providers.Object(job_kinds.work),
        providers.Factory(
            JobRunnerSettings,
            pace=limit.job_pace,
            timeout=limit.job_timeout,
            lease=limit.job_lease,
            waiting=limit.job_waiting,
            losses=limit.job_losses,
        ),
    )

    registry = providers.Singleton(
        Registry,
        providers.Factory(
            SessionSettings,
            max_connections=limit.max_connections,
            mailbox_frames=limit.mailbox_frames,
            mailbox_bytes=limit.mailbox_bytes,
            frames_per_second=limit.frames_per_second,
            frame_burst=limit.frame_burst,
            flood_seconds=limit.flood_seconds,
            send_timeout=limit.send_timeout,
            backend_patience=limit.redis_patience,
            send_completion=limit.send_completion,
            log_websocket=limit.log_websocket,
            log_ignored_actions=limit.log_ignored_actions,
        ),
    )
    features = providers.Dict(
        {
            SystemFeature: providers.Factory(SystemFeature, echo=echo).provider,
            ChatFeature: providers.Factory(ChatFeature, chat=chat).provider,
            ReliableFeature: providers.Factory(ReliableFeature, chat=reliable).provider,
            NotificationsFeature: providers.Factory(
                NotificationsFeature, notifications=notifications
            ).provider,
            AnalyticsFeature: providers.Factory(AnalyticsFeature, analytics=analytics).provider,
            RoomFeature: providers.Factory(RoomFeature, service=rooms).provider,
            JobsFeature: providers.Factory(JobsFeature, jobs=jobs).provider,
        }
    )


def create_container(settings: Settings) -> Container:
    return Container(settings=settings)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The whole service as an ASGI application; without settings, from the environment.

    Raises `SettingsAreWrong`.
    """
    settings = settings or load_settings()
    container = create_container(settings)
    registry = container.registry()
    app = FastAPI(
        title="Switchboard",
        version=version("switchboard"),
        description="Chat, rooms, notifications, analytics and background jobs.",
        docs_url=None,
        redoc_url=None,
        max_body_size=settings.max_frame_bytes,
        lifespan=partial(_lifespan, container=container),
    )
    app.state.container = container
    app.mount("/ws", websocket_router(registry, container.features()))
    app.include_router(api_router(container.announcements(), container.jobs(), container.rooms()))
    app.include_router(health_router(container.backend().ping, lambda: registry.is_draining))
    app.include_router(metrics_router(registry.totals))
    add_pages(app)
    add_failure_handlers(app)
    gate = Gate(
        app.build_middleware_stack(),
        allowed_origins=settings.allowed_origins,
        max_body=settings.max_frame_bytes,
        is_full=lambda: registry.is_full,
        is_draining=lambda: registry.is_draining,
    )
    # Outside of everything, so that answers to errors carry the headers, too.
    app.middleware_stack = SecurityHeaders(gate)
    return app


@contextlib.asynccontextmanager
async def _lifespan(_app: FastAPI, container: Container) -> AsyncIterator[None]:
    backend = container.backend()
    layers = {name.value: LaneChannelLayer(lane) for name, lane in backend.lanes.items()}
    # Consumers name the layer of their audience, whichever lane carries that.
    layers |= {kind.value: layers[RIDES_ON[kind].value] for kind in AudienceKind}
    for alias, layer in layers.items():
        register_channel_layer(alias, layer)
    sweeping = asyncio.create_task(container.registry().sweep(backend.away_for), name="sweep")
    try:
        async with backend.serving(container.work()):
            yield
    finally:
        sweeping.cancel()
        for alias in layers:
            unregister_channel_layer(alias)


def serve(settings: Settings, listeners: list[socket.socket], shared: bool) -> None:
    """Serve on `listeners`, perhaps `shared` with other processes, until SIGTERM or Ctrl+C."""
    configure_logging(settings.log_level, as_json=settings.log_format is LogFormat.JSON)
    app = create_app(settings)
    container: Container = app.state.container
    asyncio.run(_ping(settings))
    config = uvicorn_config(
        app,
        ServerSettings(
            max_frame_bytes=settings.max_frame_bytes,
            fast_frames=settings.fast_frames,
            per_message_deflate=settings.per_message_deflate,
            handshake_timeout=settings.handshake_timeout,
            keepalive_seconds=settings.keepalive_seconds,
            shutdown_seconds=settings.shutdown_seconds,
        ),
    )
    server = DrainingServer(
        config,
        drain=partial(
            container.registry().drain, settings.drain_seconds, notice=settings.drain_notice
        ),
        shares_listeners=shared,
        send_timeout=settings.send_timeout,
        started=lambda url: click.echo(f"Switchboard is on {url} ({settings.backend} backend)"),
    )
    server.run(sockets=listeners)


def work(settings: Settings) -> None:
    """Work on jobs until SIGTERM or Ctrl+C, then hand them back."""
    configure_logging(settings.log_level, as_json=settings.log_format is LogFormat.JSON)
    container = create_container(settings)
    asyncio.run(_ping(settings))
    asyncio.run(_work_until_stopped(container))


async def _work_until_stopped(container: Container) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    click.echo("Switchboard's worker is ready")
    await container.backend().work(container.work(), stop)


def send(settings: Settings, channel: str, text: str, every: float, count: int) -> None:
    """Announce `text` on `channel`, `count` times with `every` seconds in between."""
    asyncio.run(_ping(settings))
    asyncio.run(_send(create_container(settings), channel, text, every, count))


async def _send(container: Container, channel: str, text: str, every: float, count: int) -> None:
    announcements: AnnouncementService = container.announcements()
    async with container.backend().sending():
        for number in range(count):
            if number:
                await asyncio.sleep(every)
            await announcements.announce(channel, text, periodic=every > 0)
            click.echo(f"sent {number + 1} of {count} to {channel}")


async def _ping(settings: Settings) -> None:
    """Find out early and once whether the backend can be reached; raises `Unavailable`."""
    backend = create_container(settings).backend()
    async with backend.sending():
        await backend.ping()


def main() -> None:
    """The console script `switchboard`."""
    # However Python was told to run us, less the arguments that are ours.
    ourselves = [sys.executable, *sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv) + 1]]
    create_cli(Programs(serve=serve, work=work, send=send, ping=_ping, ourselves=ourselves))()


if __name__ == "__main__":
    main()
