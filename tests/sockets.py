"""Every socket that there is, and what is said and heard on it: derived from the container.

A new feature is under all tests that use this; one that is removed is missed by none.
"""

import json
import re
from typing import Any, NamedTuple, get_args, get_type_hints

from adapters.lane_table import LANE_OF, LANES
from adapters.websocket.consumer import FeatureConsumer
from adapters.websocket.feature import AnnouncedFeature, SocketFeature, ToldFeature
from adapters.websocket.routes import encoder
from container import Container
from domain.analytics import EventRecorded
from domain.audiences import Audience
from domain.events import AnnouncementMade, MemberJoined, MessageSaid
from domain.identity import Member, MemberId, MessageText

ROOM = "lobby"

FEATURES = Container.features()

encode = encoder(FEATURES)


def path_of(route: str) -> str:
    return "/ws" + re.sub(r"\{.*?\}", ROOM, route)


CONSUMERS: dict[str, type[FeatureConsumer]] = {
    path_of(consumer.path): consumer for consumer in FEATURES
}
PATHS = list(CONSUMERS)


def feature_of(path: str) -> type[SocketFeature]:
    return CONSUMERS[path].feature_class


class Text(NamedTuple):
    """A text that clients may send: on which socket, with which action, in which field."""

    path: str
    action: str
    field: str


def _texts(path: str) -> list[Text]:
    texts = []
    for info in CONSUMERS[path]._MESSAGE_HANDLER_INFO_MAP.values():
        message: Any = info["input_type"]
        payload = message.model_fields["payload"].annotation
        for name, field in getattr(payload, "model_fields", {}).items():
            if field.annotation is str and field.is_required():
                texts.append(Text(path, info["message_action"], name))
    return texts


TEXTS = [text for path in PATHS for text in _texts(path)]
"""All of them."""

SAYS: dict[str, Text] = {path: texts[0] for path in PATHS if (texts := _texts(path))}
"""What is said on each socket in the first place, where there is a text."""


def audience_of(path: str) -> Audience[Any] | None:
    """Whom all on a socket are told things as, if that is one audience."""
    feature = feature_of(path)
    if not issubclass(feature, AnnouncedFeature):
        return None
    return Audience(feature.audience_kind, ROOM if feature.audience_kind.has_keys else "")


def channel_of(path: str) -> str:
    audience = audience_of(path)
    assert audience is not None
    return audience.channel


def events_of(feature: type[ToldFeature]) -> set[type]:
    """The union that a feature says it can present."""
    event = get_type_hints(feature.present)["event"]
    return set(get_args(event)) or {event}


def hears(path: str, event_type: type) -> bool:
    feature = feature_of(path)
    return issubclass(feature, ToldFeature) and event_type in events_of(feature)


def announced(path: str, text: str, *, periodic: bool = False) -> dict[str, Any]:
    """The frame by which all hear an announcement, less its cursor."""
    audience = audience_of(path)
    assert audience is not None
    made = AnnouncementMade(MessageText(text), periodic)
    frame: dict[str, Any] = json.loads(encode(audience, made))
    return frame


ANNOUNCED = [path for path in PATHS if audience_of(path) is not None]
"""Sockets that all hear the same on."""

TELLING = [path for path in ANNOUNCED if hears(path, MemberJoined)]
"""Sockets that tell somebody when they are opened."""

TALKING = [path for path in ANNOUNCED if hears(path, MessageSaid) or hears(path, EventRecorded)]
"""Sockets on which all hear what one says."""


def lane_of(path: str) -> str | None:
    feature = feature_of(path)
    return LANE_OF[feature.audience_kind] if issubclass(feature, ToldFeature) else None


DURABLE = [path for path in PATHS if (lane := lane_of(path)) and LANES[lane].is_durable]


def heard_as(path: str, text: str) -> tuple[str, str, str]:
    """By which action, in which field and in which words all hear a text said on a socket."""
    audience = audience_of(path)
    assert audience is not None
    member = Member(MemberId("1"))
    event: Any = EventRecorded(member, text, None, 1, 1)
    if hears(path, MessageSaid):
        event = MessageSaid(member, MessageText(text))
    frame = json.loads(encode(audience, event))
    field = SAYS[path].field
    return frame["action"], field, frame["payload"][field]


def fixed_audiences() -> list[Audience[Any]]:
    """The audiences that need no name to tell them apart."""
    found = [audience_of(path) for path in ANNOUNCED]
    return [audience for audience in found if audience is not None and not audience.key]
