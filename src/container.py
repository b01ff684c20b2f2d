"""Who gets what: the only place where a port meets an implementation."""

from collections.abc import Mapping

from dependency_injector import containers, providers

from adapters.authenticator import Authenticator
from adapters.backends.backend import Backend
from adapters.backends.backend_memory import MemoryBackend
from adapters.backends.backend_redis import RedisBackend
from adapters.clock import MessageStamp, RandomIds, SystemClock
from adapters.identity.tokens import Tokens
from adapters.layers.broadcaster import LaneBroadcaster
from adapters.limits.address_limits import AddressLimits
from adapters.limits.caller_limits import CallerLimits
from adapters.limits.limited import Limited
from adapters.sessions.registry import Registry
from adapters.settings import BackendName, Settings
from adapters.visitors import Visitors
from adapters.websocket.analytics import AnalyticsConsumer, AnalyticsFeature
from adapters.websocket.chat import ChatConsumer, ChatFeature, ReliableConsumer, ReliableFeature
from adapters.websocket.hosted import topics_of
from adapters.websocket.jobs import JobsConsumer, JobsFeature
from adapters.websocket.notifications import NotificationsConsumer, NotificationsFeature
from adapters.websocket.rooms import RoomConsumer, RoomFeature
from adapters.websocket.routes import encoder
from adapters.websocket.system import SystemConsumer, SystemFeature
from adapters.websocket.topics import TopicsFeature
from adapters.websocket.topics_consumer import TopicsConsumer
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
from domain.chat import CHAT, RELIABLE

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
            output_limit=job_settings.output_limit,
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
            JobsConsumer: providers.Factory(JobsFeature, service=jobs).provider,
        }
    )
    features.add_kwargs(
        {
            TopicsConsumer: providers.Factory(
                TopicsFeature, topics=providers.Singleton(topics_of, features)
            ).provider
        }
    )
