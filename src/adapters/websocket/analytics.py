"""`/ws/analytics`: events are recorded, and everybody watches the tally grow."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, assert_never

from chanx.messages.base import BaseMessage
from pydantic import BaseModel

from adapters.sessions.host import Host
from adapters.websocket.consumer import FeatureConsumer
from adapters.websocket.feature import AnnouncedFeature, handler
from adapters.websocket.frames import (
    Accepted,
    CausedPayload,
    DurableMessage,
    KeyedMessage,
    MemberPayload,
    accepted,
)
from application.analytics import AnalyticsService
from application.ports import Cursor
from domain.analytics import ANALYTICS, AnalyticsUpdate, EventRecorded
from domain.audiences import Audience, AudienceKind
from domain.events import AnnouncementMade


class AnalyticsPayload(BaseModel):
    """`data` is any JSON."""

    event: str
    data: Any = None


class Analytics(KeyedMessage):
    """Records an event."""

    action: Literal["analytics"] = "analytics"
    payload: AnalyticsPayload


class AnalyticsNotificationPayload(CausedPayload):
    """`event` is for people, `name` for programs; `count` of this name, if it has one."""

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


class AnalyticsFeature(AnnouncedFeature):
    audience_kind = AudienceKind.ANALYTICS
    place = ANALYTICS
    emits = [AnalyticsNotification]

    def __init__(
        self, session: Host, _path: Mapping[str, str], analytics: AnalyticsService
    ) -> None:
        super().__init__(session)
        self._analytics = analytics

    async def open(self, since: Sequence[Cursor]) -> None:
        await self._analytics.join(self.session.caller, self.session, next(iter(since), None))

    async def close(self) -> None:
        await self._analytics.leave(self.session)

    @handler
    async def analytics(self, message: Analytics) -> Accepted | None:
        event = message.payload
        caller = self.session.caller
        cursor = await self._analytics.record(caller, event.event, event.data, message.key)
        return accepted(message.key, cursor)

    @handler
    async def analytics_tally(self, _message: AnalyticsTallyRequest) -> AnalyticsTally:
        counts = await self._analytics.counts(self.session.caller)
        payload = AnalyticsTallyPayload(total=counts.total, counts=counts.by_name)
        return AnalyticsTally(payload=payload)

    @staticmethod
    def present(
        _audience: Audience[AnalyticsUpdate], event: AnalyticsUpdate
    ) -> AnalyticsNotification:
        match event:
            case EventRecorded():
                payload = AnalyticsNotificationPayload(
                    event=f"📊 Analytics: {event.name}",
                    data=event.data,
                    name=event.name,
                    count=event.count,
                    total=event.total,
                    member=MemberPayload.of(event.member),
                )
            case AnnouncementMade():
                payload = AnalyticsNotificationPayload(event=event.text.value)
            case _:
                assert_never(event)
        return AnalyticsNotification(payload=payload)


class AnalyticsConsumer(FeatureConsumer, feature=AnalyticsFeature, path="/analytics"):
    """Analytics events, kept for an hour."""
