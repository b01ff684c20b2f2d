"""What several features tell of, in the past tense. Each feature says which of these, and which of
its own, its audience hears; how they look on a wire is the affair of `adapters/websocket`."""

from dataclasses import dataclass
from typing import TypeAlias

from domain.identity import JobId, Member, MessageText


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
class AnnouncementMade:
    """Said from outside by the service itself, not by a member; `periodic` by the clock."""

    text: MessageText
    periodic: bool = False


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
