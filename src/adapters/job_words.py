"""The word of a job's state for clients: over sockets and over HTTP it is the same."""

from typing import Literal, TypeAlias

from domain.jobs import JobState

StateWord: TypeAlias = Literal["queued", "running", "result", "failed", "cancelled"]

WORDS: dict[JobState, StateWord] = {
    JobState.QUEUED: "queued",
    JobState.RUNNING: "running",
    JobState.SUCCEEDED: "result",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "cancelled",
}
