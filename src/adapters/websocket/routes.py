"""Path → consumer, in one table."""

from collections.abc import Mapping, Sequence

from starlette.routing import BaseRoute, Router, WebSocketRoute
from starlette.types import Receive, Scope, Send

from adapters.sessions.disconnects import PathIsUnknown
from adapters.sessions.registry import Registry
from adapters.sessions.session import Session
from adapters.websocket.analytics import AnalyticsConsumer
from adapters.websocket.chat import ChatConsumer, ReliableConsumer
from adapters.websocket.consumer import FeatureConsumer, MakeFeature
from adapters.websocket.feature import SocketFeature, encoder
from adapters.websocket.jobs import JobsConsumer
from adapters.websocket.notifications import NotificationsConsumer
from adapters.websocket.rooms import RoomConsumer
from adapters.websocket.system import SystemConsumer

ROUTES: Mapping[str, type[FeatureConsumer]] = {
    "/system": SystemConsumer,
    "/chat": ChatConsumer,
    "/reliable": ReliableConsumer,
    "/notifications": NotificationsConsumer,
    "/analytics": AnalyticsConsumer,
    # A path, so that a name with a slash in it is told what is wrong with it.
    "/room/{room_name:path}": RoomConsumer,
    "/background_jobs": JobsConsumer,
}


FEATURES: Sequence[type[SocketFeature]] = [each.feature_class for each in ROUTES.values()]

encode = encoder(FEATURES)
"""The frame by which an audience hears of an event."""


class Endpoint:
    """Makes one consumer per connection. chanx's discovery looks for `consumer_class`."""

    def __init__(
        self, consumer_class: type[FeatureConsumer], registry: Registry, make: MakeFeature
    ) -> None:
        self.consumer_class = consumer_class
        self._registry = registry
        self._make = make

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.consumer_class(self._registry, self._make)(scope, receive, send)


class UnknownPathConsumer(FeatureConsumer):
    """Any other path: told so, then closed."""


def _no_feature(session: Session, path: Mapping[str, str]) -> SocketFeature:
    raise PathIsUnknown("There is no such socket.")


class Sockets(Router):
    """Starlette answers a socket's unknown path with 403; ours is told 4400, as in a room."""

    def __init__(self, routes: list[BaseRoute], unknown_path: Endpoint) -> None:
        super().__init__(routes)
        self._unknown_path = unknown_path

    async def not_found(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._unknown_path(scope, receive, send)
        else:
            await super().not_found(scope, receive, send)


def websocket_router(registry: Registry, make: Mapping[type[SocketFeature], MakeFeature]) -> Router:
    """All sockets, relative to where they are mounted; `make` builds each feature."""
    routes: list[BaseRoute] = [
        WebSocketRoute(path, Endpoint(consumer, registry, make[consumer.feature_class]))
        for path, consumer in ROUTES.items()
    ]
    return Sockets(routes, Endpoint(UnknownPathConsumer, registry, _no_feature))
