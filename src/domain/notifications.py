"""Notifications: notices raised by members, by the service, or by the clock."""

from typing import TypeAlias

from domain.audiences import Audience, AudienceKind
from domain.events import AnnouncementMade, MemberJoined, MessageSaid

NotificationEvent: TypeAlias = MemberJoined | MessageSaid | AnnouncementMade

NOTIFICATIONS: Audience[NotificationEvent] = Audience(AudienceKind.NOTIFICATIONS)
