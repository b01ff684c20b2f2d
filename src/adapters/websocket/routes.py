"""All sockets: each at the path of its consumer, each audience with the words of its feature."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Router, WebSocketRoute
from starlette.types import Receive, Scope, Send

from adapters.authenticator import Authenticator
from adapters.lane_table import LANE_OF, LanePlan
from adapters.sessions.disconnects import PathIsUnknown
from adapters.sessions.host import Host
from adapters.sessions.registry import Registry
from adapters.websocket.consumer import FeatureConsumer, MakeFeature
from adapters.websocket.feature import SocketFeature, ToldFeature
from adapters.websocket.topics_consumer import TopicsConsumer
from application.access import Access
from domain.audiences import Audience

Features: TypeAlias = Mapping[type[FeatureConsumer], MakeFeature]
"""The one list of sockets: the consumer of each, and what makes its features."""


def encoder(features: Features) -> Callable[[Audience[Any], Any], str]:
    """What turns an event into the frame that its audience hears; called once per event."""
    hosted = [consumer.feature_class for consumer in features]
    told = [feature for feature in hosted if issubclass(feature, ToldFeature)]
    presenters = {feature.audience_kind: feature.present for feature in told}
    if len(presenters) < len(told):
        raise TypeError("two features present the events of one audience")

    def encode(audience: Audience[Any], event: Any) -> str:
        return presenters[audience.kind](audience, event).model_dump_json()

    return encode


def durable_paths(features: Features, plans: Mapping[str, LanePlan]) -> set[str]:
    """The sockets whose audience has a history to come back to, as the settings have it."""
    return {
        consumer.path
        for consumer in features
        if issubclass(consumer.feature_class, ToldFeature)
        and plans[LANE_OF[consumer.feature_class.audience_kind]].is_durable
    }


class Endpoint:
    """Makes one consumer per connection. chanx's discovery looks for `consumer_class`."""

    def __init__(
        self,
        consumer_class: type[FeatureConsumer],
        registry: Registry,
        make: MakeFeature,
        authenticator: Authenticator,
        access: Access,
    ) -> None:
        self.consumer_class = consumer_class
        self._registry = registry
        self._make = make
        self._authenticator = authenticator
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        consumer = self.consumer_class(
            self._registry, self._make, self._authenticator, self._access
        )
        await consumer(scope, receive, send)


class UnknownPathConsumer(FeatureConsumer):
    """Any other path: told so, then closed."""


def _no_feature(session: Host, path: Mapping[str, str]) -> SocketFeature:
    raise PathIsUnknown("There is no such socket.")


class Sockets(Router):
    """Starlette answers a socket's unknown path with 403; ours is told 4400, as in a room.
    A socket's path that is asked for over plain HTTP is answered 426."""

    def __init__(self, routes: list[BaseRoute], unknown_path: Endpoint) -> None:
        super().__init__(routes)
        self._unknown_path = unknown_path

    async def not_found(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._unknown_path(scope, receive, send)
            return
        as_socket = {**scope, "type": "websocket"}
        if any(route.matches(as_socket)[0] is not Match.NONE for route in self.routes):
            # RFC 9110, 15.5.22: what to upgrade to has to be said.
            upgrade = {"upgrade": "websocket", "connection": "upgrade"}
            raise HTTPException(426, "This is a WebSocket's address.", upgrade)
        await super().not_found(scope, receive, send)


def websocket_router(
    registry: Registry, features: Features, authenticator: Authenticator, access: Access
) -> Router:
    """All sockets, relative to where they are mounted."""
    routes: list[BaseRoute] = []
    for consumer, make in features.items():
        if issubclass(consumer, TopicsConsumer):
            consumer = consumer.documented(features)  # noqa: PLW2901 - the same, as documented
        endpoint = Endpoint(consumer, registry, make, authenticator, access)
        routes.append(WebSocketRoute(consumer.path, endpoint))
    return Sockets(
        routes, Endpoint(UnknownPathConsumer, registry, _no_feature, authenticator, access)
    )
