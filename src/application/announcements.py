"""Announcements: the service speaks, asked from outside by a command or over HTTP."""

from application.analytics import AnalyticsService
from application.chat import ChatService
from application.notifications import NotificationService
from application.rooms import RoomService
from domain.errors import ChannelIsUnknown
from domain.events import AnnouncementMade
from domain.identity import MessageText, RoomName

ROOM_PREFIX = "room:"


class AnnouncementService:
    def __init__(
        self,
        chat: ChatService,
        reliable: ChatService,
        notifications: NotificationService,
        analytics: AnalyticsService,
        rooms: RoomService,
        *,
        text_limit: int,
    ) -> None:
        self._announcers = {
            "chat": chat.announce,
            "reliable": reliable.announce,
            "notifications": notifications.announce,
            "analytics": analytics.announce,
        }
        self._rooms = rooms
        self._text_limit = text_limit

    async def announce(self, channel: str, text: str, *, periodic: bool = False) -> None:
        """Tell everybody on `channel`: chat, reliable, notifications, analytics or room:NAME.

        Raises `ChannelIsUnknown`, `RoomNameIsImpossible`, `TextIsEmpty`, `TextIsTooLong`.
        """
        made = AnnouncementMade(MessageText.parse(text, limit=self._text_limit), periodic)
        if channel.startswith(ROOM_PREFIX):
            await self._rooms.announce(RoomName.parse(channel.removeprefix(ROOM_PREFIX)), made)
            return
        announce = self._announcers.get(channel)
        if announce is None:
            known = ", ".join(self._announcers)
            raise ChannelIsUnknown(f"There is no such channel; use {known} or room:NAME.")
        await announce(made)
