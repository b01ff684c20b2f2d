"""What happened, in the past tense. How it looks on a wire is the presenter's affair."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from domain.identity import JobId, Member, MessageText

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"


class NoticeKind(StrEnum):
    USER = "user"
    SYSTEM = "system"
    PERIODIC = "periodic"


@dataclass(frozen=True, slots=True)
class MemberJoined:
    """`members` is how many are there now, where somebody counts them."""

    member: Member
    members: int | None = None


@dataclass(frozen=True, slots=True)
class MemberLeft:
    member: Member
    members: int | None = None


@dataclass(frozen=True, slots=True)
class MessageSaid:
    member: Member
    text: MessageText


@dataclass(frozen=True, slots=True)
class NoticeRaised:
    kind: NoticeKind
    text: MessageText


@dataclass(frozen=True, slots=True)
class AnnouncementMade:
    """Said from outside by the service itself, not by a member."""

    text: MessageText
    periodic: bool = False


@dataclass(frozen=True, slots=True)
class EventRecorded:
    """`count` is how often this `name` was recorded so far, `total` all names together."""

    name: str
    data: Json
    count: int
    total: int


@dataclass(frozen=True, slots=True)
class JobQueued:
    job_id: JobId


@dataclass(frozen=True, slots=True)
class JobStarted:
    """`attempt` counts from 1; more than 1 means that an earlier worker was lost."""

    job_id: JobId
    attempt: int


@dataclass(frozen=True, slots=True)
class JobProgressed:
    """`progress` runs from 0 to 1; `text` is the whole output so far, if there is any."""

    job_id: JobId
    progress: float
    note: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class JobSucceeded:
    job_id: JobId
    result: str


@dataclass(frozen=True, slots=True)
class JobFailed:
    job_id: JobId
    reason: str


@dataclass(frozen=True, slots=True)
class JobCancelled:
    job_id: JobId


JobEnded: TypeAlias = JobSucceeded | JobFailed | JobCancelled
JobEvent: TypeAlias = JobQueued | JobStarted | JobProgressed | JobEnded
Event: TypeAlias = (
    MemberJoined
    | MemberLeft
    | MessageSaid
    | NoticeRaised
    | AnnouncementMade
    | EventRecorded
    | JobEvent
)
