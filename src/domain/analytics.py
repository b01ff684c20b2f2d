"""Analytics events: a name and any JSON beside it."""

import json
from dataclasses import dataclass, field
from typing import Self, TypeAlias

from domain.audiences import Audience, AudienceKind
from domain.characters import shows_nothing
from domain.errors import EventIsImpossible
from domain.events import AnnouncementMade
from domain.identity import Member

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

EVENT_NAME_LENGTH = 200


@dataclass(frozen=True, slots=True)
class AnalyticsEvent:
    """A name of 1 to 200 characters and JSON data of at most `limit` bytes."""

    name: str
    data: Json = None

    @classmethod
    def parse(cls, name: str, data: Json, *, limit: int) -> Self:
        """Raise `EventIsImpossible` for a bad name, too much data, or NaN and Infinity."""
        if shows_nothing(name):
            raise EventIsImpossible("An event needs a name.")
        if len(name) > EVENT_NAME_LENGTH:
            raise EventIsImpossible(f"An event's name has at most {EVENT_NAME_LENGTH} characters.")
        try:
            text = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
            size = len(text.encode())
        except ValueError:
            raise EventIsImpossible("NaN and Infinity are not JSON.") from None
        if size > limit:
            raise EventIsImpossible(f"An event's data has at most {limit} bytes, this has {size}.")
        return cls(name, data)


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each event was recorded, most frequent first, and how many in all."""

    total: int = 0
    by_name: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EventRecorded:
    """`count` is how often this `name` was recorded so far, if it is counted on its own; `total`
    is all names together."""

    member: Member
    name: str
    data: Json
    count: int | None
    total: int


AnalyticsUpdate: TypeAlias = EventRecorded | AnnouncementMade

ANALYTICS: Audience[AnalyticsUpdate] = Audience(AudienceKind.ANALYTICS)
