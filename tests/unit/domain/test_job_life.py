"""A job's life: every move at every time."""

from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.errors import JobIsOver, TransitionIsImpossible
from domain.jobs import Job, JobEnded, JobState
from tests.unit.domain.example_jobs import CANCELLED, FAILED, SUCCEEDED, queued


class JobLife(RuleBasedStateMachine):
    """Every move at every time: the table alone decides, and ended means ended."""

    ALLOWED: ClassVar[dict[str, set[str]]] = {
        "queued": {"running", "failed", "cancelled"},
        "running": {"queued", "succeeded", "failed", "cancelled"},
        "succeeded": set(),
        "failed": set(),
        "cancelled": set(),
    }

    def __init__(self) -> None:
        super().__init__()
        self.job = queued()
        self.starts = 0
        self.over: Job | None = None
        self.asked_to_cancel = False

    def go(self, state: str, move: str, *arguments: JobEnded) -> None:
        if state in self.ALLOWED[self.job.state]:
            self.job = getattr(self.job, move)(*arguments)
            assert self.job.state == state
            self.starts += state == "running"
        else:
            with pytest.raises(TransitionIsImpossible):
                getattr(self.job, move)(*arguments)

    @rule()
    def start(self) -> None:
        self.go("running", "start")

    @rule()
    def hand_back(self) -> None:
        self.go("queued", "hand_back")

    @rule()
    def succeed(self) -> None:
        self.go("succeeded", "end", SUCCEEDED)

    @rule()
    def fail(self) -> None:
        self.go("failed", "end", FAILED)

    @rule()
    def end_cancelled(self) -> None:
        self.go("cancelled", "end", CANCELLED)

    @rule(progress=st.floats(0, 1))
    @precondition(lambda self: not self.job.state.is_over)
    def advance(self, progress: float) -> None:
        self.job = self.job.advance(progress)

    @rule()
    def cancel(self) -> None:
        if self.job.state.is_over:
            with pytest.raises(JobIsOver):
                self.job.cancel()
            return
        was_queued = self.job.state is JobState.QUEUED
        self.job = self.job.cancel()
        assert self.job.state is (JobState.CANCELLED if was_queued else JobState.RUNNING)
        self.asked_to_cancel = self.asked_to_cancel or not was_queued

    @invariant()
    def an_ended_job_stays_as_it_ended(self) -> None:
        if self.over is not None:
            assert self.job == self.over
        elif self.job.state.is_over:
            self.over = self.job

    @invariant()
    def attempts_count_the_starts(self) -> None:
        assert self.job.attempt == self.starts

    @invariant()
    def a_request_to_cancel_is_never_forgotten(self) -> None:
        assert self.job.cancel_requested == self.asked_to_cancel

    @invariant()
    def an_event_tells_the_end_exactly_when_there_is_one(self) -> None:
        assert (self.job.ending() is None) == (not self.job.state.is_over)

    @invariant()
    def who_asked_for_what_stays_the_same(self) -> None:
        asked, job = queued(), self.job
        assert (job.id, job.kind, job.content, job.owner, job.private, job.submitted_at) == (
            (asked.id, asked.kind, asked.content, asked.owner, asked.private, asked.submitted_at)
        )


TestJobLife = JobLife.TestCase
TestJobLife.settings = settings(max_examples=50, stateful_step_count=15)
