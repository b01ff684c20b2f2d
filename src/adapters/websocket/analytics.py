"""`/ws/analytics`: events are recorded, and everybody watches the tally grow."""

from chanx.core.decorators import event_handler, ws_handler

from adapters.websocket.connection import Connection
from adapters.websocket.connections import Connections
from adapters.websocket.messages.analytics import (
    Analytics,
    AnalyticsNotification,
    AnalyticsNotificationPayload,
    AnalyticsTally,
    AnalyticsTallyPayload,
    AnalyticsTallyRequest,
)
from adapters.websocket.messages.frames import Accepted, SystemNotify, accepted
from application.analytics import AnalyticsService


class AnalyticsConsumer(Connection):
    """Analytics events, kept for an hour."""

    channel_layer_alias = "analytics"
    groups = ["analytics"]
    emits = [AnalyticsNotification]

    def __init__(self, connections: Connections, analytics: AnalyticsService) -> None:
        super().__init__(connections)
        self._analytics = analytics

    async def opened(self) -> None:
        await self._analytics.join(self, self.cursor)

    async def closed(self) -> None:
        await self._analytics.leave(self)

    @ws_handler
    async def analytics(self, message: Analytics) -> Accepted | None:
        event = message.payload
        cursor = await self._analytics.record(event.event, event.data, message.key)
        return accepted(message.key, cursor)

    @ws_handler
    async def analytics_tally(self, _message: AnalyticsTallyRequest) -> AnalyticsTally:
        counts = await self._analytics.counts()
        payload = AnalyticsTallyPayload(total=counts.total, counts=counts.by_name)
        return AnalyticsTally(payload=payload)

    @event_handler
    async def system_notify(self, event: SystemNotify) -> AnalyticsNotification:
        payload = AnalyticsNotificationPayload(event=event.payload.message)
        return AnalyticsNotification(payload=payload)
