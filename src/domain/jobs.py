"""A job: its states, the one table of how they follow one another, and what is told of it."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self, TypeAlias, assert_never

from domain.audiences import Audience, AudienceKind
from domain.errors import (
    JobInputIsFull,
    JobIsNotRunning,
    JobIsNotYours,
    JobIsOver,
    JobIsUnknown,
    TransitionIsImpossible,
)
from domain.events import FencedEvent, GrowingEvent, LastEvent
from domain.identity import Caller, IdempotencyKey, JobId, Member, MemberId


class JobKind(StrEnum):
    TRANSLATE = "translate"
    ANALYZE = "analyze"
    GENERATE = "generate"
    CONVERSE = "converse"
    DEFAULT = "default"

    @classmethod
    def parse(cls, raw: str) -> "JobKind":
        """An unknown kind runs as `DEFAULT`: the protocol asks for it."""
        try:
            return cls(raw)
        except ValueError:
            return cls.DEFAULT


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        return not TRANSITIONS[self]


# RUNNING → QUEUED is a job handed back by a worker that stops or was lost;
# QUEUED → FAILED is a job that could not be started, or lost too many workers.
TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.FAILED, JobState.CANCELLED}),
    JobState.RUNNING: frozenset(
        {JobState.QUEUED, JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}
    ),
    JobState.SUCCEEDED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
}


MOST_INPUTS = 100
"""How much a job is given at most. Its record keeps all of it, and is written anew each time."""

INPUT_BYTES = 64 * 1024
"""How many bytes that may be in all."""


@dataclass(frozen=True, slots=True)
class JobQueued:
    """`key` is what the client asked for it under, as it chose it, if it chose one."""

    job_id: JobId
    member: Member
    key: str | None = None


@dataclass(frozen=True, slots=True)
class JobStarted(FencedEvent):
    """`attempt` counts from 1; more than 1 means that an earlier worker was lost."""

    job_id: JobId
    attempt: int


@dataclass(frozen=True, slots=True)
class JobProgressed(FencedEvent):
    """`progress` runs from 0 to 1; `text` is the whole output so far, if it is short."""

    job_id: JobId
    attempt: int
    progress: float
    note: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class JobOutputGrew(GrowingEvent):
    job_id: JobId
    attempt: int
    at: int
    append: str


@dataclass(frozen=True, slots=True)
class JobOutputShown:
    """All output so far, for one who came later, or lost some. `attempt` is the newest: whatever
    an earlier one appends is in it already."""

    job_id: JobId
    attempt: int
    text: str


@dataclass(frozen=True, slots=True)
class JobSucceeded(LastEvent):
    job_id: JobId
    result: str


@dataclass(frozen=True, slots=True)
class JobFailed(LastEvent):
    job_id: JobId
    reason: str


@dataclass(frozen=True, slots=True)
class JobCancelled(LastEvent):
    job_id: JobId


JobEnded: TypeAlias = JobSucceeded | JobFailed | JobCancelled
JobEvent: TypeAlias = (
    JobQueued | JobStarted | JobProgressed | JobOutputGrew | JobOutputShown | JobEnded
)


def audience(job_id: JobId) -> Audience[JobEvent]:
    return Audience(AudienceKind.JOB, job_id)


ANY_JOB: Audience[JobEvent] = Audience(AudienceKind.JOB, "*")
"""Stands for one that doesn't exist yet."""


@dataclass(frozen=True, slots=True)
class Job:
    """What somebody asked to have done.

    `submitted_at` is in seconds since 1970. `attempt` is how often a worker took it up, and
    `lost` how many of those workers vanished.
    `private` jobs can be watched by their owner only; the others, asked for by somebody
    who could not be recognised again, by whoever knows their id. `outcome` is the result
    or the reason, once the job is over, and `ended_at` when that was. `key` is what its owner
    asked for it under, if it was. `inputs` is what the running job was given, in its order: kept,
    so that an attempt after a lost one is given the same.
    """

    id: JobId
    kind: JobKind
    content: str
    owner: MemberId
    private: bool
    submitted_at: float
    state: JobState = JobState.QUEUED
    attempt: int = 0
    progress: float = 0.0
    cancel_requested: bool = False
    lost: int = 0
    outcome: str | None = None
    key: IdempotencyKey | None = None
    ended_at: float | None = None
    inputs: tuple[str, ...] = ()

    @classmethod
    def ask(
        cls,
        job_id: JobId,
        kind: JobKind,
        content: str,
        owner: Member,
        now: float,
        key: IdempotencyKey | None = None,
    ) -> Self:
        return cls(job_id, kind, content, owner.id, owner.recognised, now, key=key)

    def start(self) -> Self:
        return replace(self._go(JobState.RUNNING), attempt=self.attempt + 1)

    def is_held_by(self, attempt: int) -> bool:
        """Whether this attempt runs the job: an older one has lost it to another."""
        return self.state is JobState.RUNNING and self.attempt == attempt

    def advance(self, progress: float) -> Self:
        return replace(self, progress=progress)

    def give(self, data: str) -> Self:
        """Raises `JobIsOver`, `JobIsNotRunning`, `JobInputIsFull`."""
        if self.state.is_over:
            raise JobIsOver(f"This job is over already: {self.state}.")
        if self.state is not JobState.RUNNING:
            raise JobIsNotRunning("This job doesn't run yet.")
        inputs = (*self.inputs, data)
        if len(inputs) > MOST_INPUTS or sum(len(each.encode()) for each in inputs) > INPUT_BYTES:
            raise JobInputIsFull("This job was given as much as it takes.")
        return replace(self, inputs=inputs)

    def hand_back(self, *, lost: bool = False) -> Self:
        """Queue it again; a worker that stops in good order costs the job nothing."""
        queued = replace(self._go(JobState.QUEUED), progress=0.0)
        return replace(queued, lost=self.lost + 1) if lost else queued

    def end(self, event: JobEnded) -> Self:
        match event:
            case JobSucceeded():
                ended = replace(self._go(JobState.SUCCEEDED), progress=1.0, outcome=event.result)
            case JobFailed():
                ended = replace(self._go(JobState.FAILED), outcome=event.reason)
            case JobCancelled():
                ended = self._go(JobState.CANCELLED)
            case _:
                assert_never(event)
        return replace(ended, ended_at=event.at)

    def cancel(self, at: float | None = None) -> Self:
        """Cancel a queued job at once; ask it of a running one. Raises `JobIsOver`."""
        if self.state.is_over:
            raise JobIsOver(f"This job is over already: {self.state}.")
        if self.state is JobState.QUEUED:
            return self.end(JobCancelled(self.id, at=at))
        return replace(self, cancel_requested=True)

    def check_watcher(self, caller: Caller) -> None:
        """Raise `JobIsUnknown` (not more than a stranger may learn) unless `caller` may watch."""
        if self.private and not self._is_of(caller):
            raise JobIsUnknown("There is no job with this id.")

    def check_owner(self, caller: Caller) -> None:
        """Raise `JobIsNotYours` unless `caller` asked for this job, or is the operator."""
        self.check_watcher(caller)
        if not self._is_of(caller):
            raise JobIsNotYours("Only whoever asked for a job can cancel it, or give it anything.")

    def _is_of(self, caller: Caller) -> bool:
        return caller.identity.is_operator or caller.member.id == self.owner

    def ending(self) -> JobEnded | None:
        """The event that ended this job, or None while it is not over."""
        match self.state:
            case JobState.SUCCEEDED:
                return JobSucceeded(self.id, self.outcome or "", at=self.ended_at)
            case JobState.FAILED:
                return JobFailed(self.id, self.outcome or "", at=self.ended_at)
            case JobState.CANCELLED:
                return JobCancelled(self.id, at=self.ended_at)
            case _:
                return None

    def _go(self, state: JobState) -> Self:
        if state not in TRANSITIONS[self.state]:
            raise TransitionIsImpossible(f"A {self.state} job can't become {state}.")
        return replace(self, state=state)
