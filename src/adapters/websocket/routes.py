"""Path → consumer, in one table."""

from collections.abc import Callable, Mapping

from starlette.routing import BaseRoute, Router, WebSocketRoute
from starlette.types import Receive, Scope, Send

from adapters.websocket.analytics import AnalyticsConsumer
from adapters.websocket.chat import ChatConsumer, ReliableConsumer
from adapters.websocket.connection import Connection
from adapters.websocket.jobs import JobsConsumer
from adapters.websocket.notifications import NotificationsConsumer
from adapters.websocket.rooms import RoomConsumer
from adapters.websocket.system import SystemConsumer

ROUTES: Mapping[str, type[Connection]] = {
    "/system": SystemConsumer,
    "/chat": ChatConsumer,
    "/reliable": ReliableConsumer,
    "/notifications": NotificationsConsumer,
    "/analytics": AnalyticsConsumer,
    # A path, so that a name with a slash in it is told what is wrong with it.
    "/room/{room_name:path}": RoomConsumer,
    "/background_jobs": JobsConsumer,
}


class Endpoint:
    """Makes one consumer per connection. chanx's discovery looks for `consumer_class`."""

    def __init__(self, consumer_class: type[Connection], make: Callable[[], Connection]) -> None:
        self.consumer_class = consumer_class
        self._make = make

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._make()(scope, receive, send)


def websocket_router(make: Mapping[type[Connection], Callable[[], Connection]]) -> Router:
    """All sockets, relative to where they are mounted; `make` builds each consumer."""
    routes: list[BaseRoute] = [
        WebSocketRoute(path, Endpoint(consumer, make[consumer])) for path, consumer in ROUTES.items()
    ]
    return Router(routes)
