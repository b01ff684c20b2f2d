"""Path → consumer, in one table."""

from collections.abc import Callable, Mapping

from starlette.routing import BaseRoute, Router, WebSocketRoute
from starlette.types import Receive, Scope, Send

from adapters.websocket.analytics import AnalyticsConsumer
from adapters.websocket.chat import ChatConsumer, ReliableConsumer
from adapters.websocket.closing import bad_path
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


class NowhereConsumer(Connection):
    """Any other path: told so, then closed."""

    async def opened(self) -> None:
        self.say_farewell(bad_path("There is no such socket."))


class Sockets(Router):
    """Starlette answers a socket's unknown path with 403; ours is told 4400, as in a room."""

    def __init__(self, routes: list[BaseRoute], nowhere: Endpoint) -> None:
        super().__init__(routes)
        self._nowhere = nowhere

    async def not_found(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._nowhere(scope, receive, send)
        else:
            await super().not_found(scope, receive, send)


def websocket_router(make: Mapping[type[Connection], Callable[[], Connection]]) -> Router:
    """All sockets, relative to where they are mounted; `make` builds each consumer."""
    routes: list[BaseRoute] = [
        WebSocketRoute(path, Endpoint(consumer, make[consumer]))
        for path, consumer in ROUTES.items()
    ]
    return Sockets(routes, Endpoint(NowhereConsumer, make[NowhereConsumer]))
