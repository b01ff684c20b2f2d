"""The features that a topic may be of: what each takes, under which channel."""

import inspect
from collections.abc import Callable, Mapping
from functools import reduce
from operator import or_
from typing import Annotated, Any, NamedTuple, get_type_hints

from chanx.messages.base import BaseMessage
from pydantic import Field, TypeAdapter

from adapters.sessions.host import Host
from adapters.websocket.consumer import FeatureConsumer, MakeFeature
from adapters.websocket.feature import SocketFeature, ToldFeature
from adapters.websocket.topic_frames import Subscribe, Unsubscribe
from domain.audiences import AudienceKind


class Topic(NamedTuple):
    """All topics of one kind: the feature of each, and the frames that it takes."""

    feature: type[ToldFeature]
    make: MakeFeature
    methods: Mapping[type[BaseMessage], Callable[..., Any]]
    adapter: TypeAdapter[BaseMessage]

    def hosted_by(self, host: Host, key: str) -> SocketFeature:
        """Raises what the feature raises for a name that names nothing."""
        return self.make(host, {self.feature.key_name: key} if key else {})


def topics_of(
    features: Mapping[type[FeatureConsumer], MakeFeature],
) -> Mapping[AudienceKind, Topic]:
    """Every feature that tells an audience something."""
    topics = {}
    for consumer, make in features.items():
        feature = consumer.feature_class
        if issubclass(feature, ToldFeature):
            methods = {_taken_by(method): method for method in feature.handlers().values()}
            taken: Any = reduce(or_, [Subscribe, Unsubscribe, *methods])
            adapter = TypeAdapter(Annotated[taken, Field(discriminator="action")])
            topics[feature.audience_kind] = Topic(feature, make, methods, adapter)
    return topics


def _taken_by(method: Callable[..., Any]) -> type[BaseMessage]:
    """The message that a handler answers: its one argument beside itself."""
    _, name = inspect.signature(method).parameters
    message: type[BaseMessage] = get_type_hints(method)[name]
    return message
