from typing import Any, Literal

from chanx.messages.base import BaseMessage
from pydantic import BaseModel

from adapters.websocket.messages.frames import DurableMessage, KeyedMessage


class AnalyticsPayload(BaseModel):
    """`data` is any JSON."""

    event: str
    data: Any = None


class Analytics(KeyedMessage):
    """Records an event."""

    action: Literal["analytics"] = "analytics"
    payload: AnalyticsPayload


class AnalyticsNotificationPayload(BaseModel):
    """`event` is for people, `name` for programs; `count` of this name, `total` of all."""

    event: str
    data: Any = None
    name: str | None = None
    count: int | None = None
    total: int | None = None


class AnalyticsNotification(DurableMessage):
    """An event was recorded, or the service announces something."""

    action: Literal["analytics_notification"] = "analytics_notification"
    payload: AnalyticsNotificationPayload


class AnalyticsTallyRequest(BaseMessage):
    """Asks how often each event was recorded."""

    action: Literal["analytics_tally"] = "analytics_tally"
    payload: None = None


class AnalyticsTallyPayload(BaseModel):
    """Most frequent first, the hundred most frequent names at most."""

    total: int
    counts: dict[str, int]


class AnalyticsTally(BaseMessage):
    """Answers `analytics_tally`."""

    action: Literal["analytics_tally"] = "analytics_tally"
    payload: AnalyticsTallyPayload
