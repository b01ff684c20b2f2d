"""How the words of a feature are checked: each event that its audience can be told, as a frame."""

import json
from collections.abc import Iterable
from typing import Any

from adapters.websocket.feature import ToldFeature
from domain.audiences import Audience
from tests.sockets import FEATURES, encode, events_of

Told = tuple[Any, dict[str, Any]]
"""An event, and the payload by which an audience hears of it."""


def assert_told(
    audience: Audience[Any], action: str, told: Iterable[Told], apart: Iterable[type] = ()
) -> None:
    """Every event of `told` looks so, and none that `audience` can be told is left out, but those
    `apart`, which look otherwise."""
    presented = set()
    for event, payload in told:
        frame = encode(audience, event)
        assert json.loads(frame) == {"action": action, "payload": payload}
        # What is logged of a frame is read from its beginning.
        assert frame.startswith(f'{{"action":"{action}",')
        presented.add(type(event))
    (feature,) = (
        feature
        for feature in (consumer.feature_class for consumer in FEATURES)
        if issubclass(feature, ToldFeature) and feature.audience_kind is audience.kind
    )
    assert presented == events_of(feature) - {*apart}
