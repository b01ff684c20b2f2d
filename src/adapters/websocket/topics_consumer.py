"""The socket of all topics, as chanx has and documents it."""

from collections.abc import Mapping
from typing import Any, Self, cast

from chanx.core.decorators import ws_handler
from chanx.core.topic import Topic as ChanxTopic
from chanx.messages.outgoing import ErrorMessage
from pydantic import ValidationError

from adapters.websocket.consumer import FeatureConsumer, MakeFeature, delegated
from adapters.websocket.feature import ToldFeature
from adapters.websocket.frames import Gap, Recovered
from adapters.websocket.hosted import topics_of
from adapters.websocket.topic_frames import (
    CaughtUp,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
)
from adapters.websocket.topics import TopicsFeature, refusal_of


class TopicsConsumer(FeatureConsumer, feature=TopicsFeature, path="/topics"):
    """Everything on one socket: each frame names its topic."""

    feature: TopicsFeature

    @classmethod
    def documented(cls, features: Mapping[type[FeatureConsumer], MakeFeature]) -> type[Self]:
        """The same, with its topics where chanx looks for them to document them."""
        topics = [_documented(topic.feature) for topic in topics_of(features).values()]
        return cast(type[Self], type(cls.__name__, (cls,), {"topics": topics}))

    async def _handle_topic(self, topic: str, ref: str | None, text: str) -> None:
        if self._admission.is_awaited:
            self._refuse_stranger()
            return
        try:
            await self.feature.handle(topic, ref, text, self._admission.renew)
        except ValidationError as error:
            await self.handle_validation_error(error)
        except Exception as error:  # noqa: BLE001 - it is mapped, or logged and said so
            self._refuse(ErrorMessage(payload=refusal_of(error).model_dump()))


async def _subscribe(_topic: Any, _message: Subscribe) -> Subscribed:
    """Begins to hear the topic, from now on or from a cursor on."""
    raise NotImplementedError  # documented here, and done by the feature


async def _unsubscribe(_topic: Any, _message: Unsubscribe) -> Unsubscribed:
    """Hears nothing more of the topic."""
    raise NotImplementedError


def _documented(feature: type[ToldFeature]) -> type[ChanxTopic[Any]]:
    """A feature's topics, as one of chanx's classes: nothing is served by it."""
    kind = feature.audience_kind
    words = {
        "pattern": f"{kind}:{{{feature.key_name}}}" if kind.has_keys else kind.value,
        "emits": [*feature.emits, CaughtUp, Recovered, Gap, ErrorMessage],
        "subscribe": ws_handler(_subscribe),
        "unsubscribe": ws_handler(_unsubscribe),
        "__doc__": feature.__doc__,
        **{name: ws_handler(delegated(method)) for name, method in feature.handlers().items()},
    }
    name = feature.__name__.removesuffix("Feature")
    return cast(type[ChanxTopic[Any]], type(f"{name}Topic", (ChanxTopic,), words))
