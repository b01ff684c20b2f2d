"""Who is to hear what happened."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

E_contra = TypeVar("E_contra", contravariant=True)


class AudienceKind(StrEnum):
    CHAT = "chat"
    RELIABLE = "reliable"
    NOTIFICATIONS = "notifications"
    ANALYTICS = "analytics"
    ROOM = "room"
    JOB = "job"

    @property
    def has_keys(self) -> bool:
        """Whether there are many audiences of this kind, told apart by a key."""
        return self in (AudienceKind.ROOM, AudienceKind.JOB)


@dataclass(frozen=True, slots=True)
class Audience(Generic[E_contra]):
    """Everybody who listens to one thing, and which events they can be told.

    `key` tells rooms and jobs apart. Each feature names its own audience, in its own module.
    """

    kind: AudienceKind
    key: str = ""

    @property
    def channel(self) -> str:
        """Its public name: `chat`, `room:lobby`."""
        return f"{self.kind}:{self.key}" if self.key else self.kind.value
