"""Announcements: the service speaks, asked from outside by a command or over HTTP."""

from collections.abc import Mapping
from typing import TypeAlias

from application.access import Access
from application.limits import RoomsMade
from application.ports import Broadcaster
from domain import rooms
from domain.analytics import ANALYTICS
from domain.audiences import Audience, AudienceKind
from domain.capabilities import Right
from domain.chat import CHAT, RELIABLE
from domain.errors import ChannelIsUnknown
from domain.events import AnnouncementMade
from domain.identity import Caller, MessageText, RoomName
from domain.notifications import NOTIFICATIONS

Announced: TypeAlias = Audience[AnnouncementMade]

AUDIENCES: Mapping[str, Announced] = {
    audience.channel: audience for audience in (CHAT, RELIABLE, NOTIFICATIONS, ANALYTICS)
}
ROOM_PREFIX = f"{AudienceKind.ROOM}:"


class AnnouncementService:
    def __init__(
        self, broadcaster: Broadcaster, access: Access, made: RoomsMade, *, text_limit: int
    ) -> None:
        self._broadcaster = broadcaster
        self._access = access
        self._made = made
        self._text_limit = text_limit

    async def announce(
        self, caller: Caller, channel: str, text: str, *, periodic: bool = False
    ) -> None:
        """Tell everybody on `channel`: one of `AUDIENCES`, or room:NAME.

        Raises `NotAllowed`, `ChannelIsUnknown`, `RoomNameIsImpossible`, `TextIsEmpty`,
        `TextIsTooLong`, `RateLimited`.
        """
        audience = _audience(channel)
        await self._access.demand(caller, audience, Right.PUBLISH)
        made = AnnouncementMade(MessageText.parse(text, limit=self._text_limit), periodic)
        if audience.kind is AudienceKind.ROOM:
            await self._made.demand(caller, audience)
        await self._broadcaster.publish(audience, made)


def _audience(channel: str) -> Announced:
    if channel.startswith(ROOM_PREFIX):
        return rooms.audience(RoomName.parse(channel.removeprefix(ROOM_PREFIX)))
    if channel in AUDIENCES:
        return AUDIENCES[channel]
    known = ", ".join(AUDIENCES)
    raise ChannelIsUnknown(f"There is no such channel; use {known} or room:NAME.")
