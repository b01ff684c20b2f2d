"""Who is to hear what happened."""

from dataclasses import dataclass
from enum import StrEnum

from domain.identity import JobId, RoomName


class AudienceKind(StrEnum):
    CHAT = "chat"
    RELIABLE = "reliable"
    NOTIFICATIONS = "notifications"
    ANALYTICS = "analytics"
    ROOM = "room"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class Audience:
    """Everybody who listens to one thing; `key` tells rooms and jobs apart."""

    kind: AudienceKind
    key: str = ""


CHAT = Audience(AudienceKind.CHAT)
RELIABLE = Audience(AudienceKind.RELIABLE)
NOTIFICATIONS = Audience(AudienceKind.NOTIFICATIONS)
ANALYTICS = Audience(AudienceKind.ANALYTICS)


def room(name: RoomName) -> Audience:
    return Audience(AudienceKind.ROOM, name.value)


def job(job_id: JobId) -> Audience:
    return Audience(AudienceKind.JOB, job_id)
