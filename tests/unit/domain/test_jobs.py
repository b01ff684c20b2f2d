"""A job's states: one table, and no way round it."""

from dataclasses import replace
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.errors import JobIsNotYours, JobIsOver, JobIsUnknown, TransitionIsImpossible
from domain.identity import JobId, Member, MemberId
from domain.jobs import (
    TRANSITIONS,
    Job,
    JobCancelled,
    JobEnded,
    JobFailed,
    JobKind,
    JobState,
    JobSucceeded,
)

ID = JobId("7")
ADA = Member(MemberId("ada"), "Ada", recognised=True)
BOB = Member(MemberId("bob"), "Bob", recognised=True)
STRANGER = Member(MemberId("stranger"))

SUCCEEDED, FAILED, CANCELLED = JobSucceeded(ID, "done"), JobFailed(ID, "no"), JobCancelled(ID)
ENDINGS: list[JobEnded] = [SUCCEEDED, FAILED, CANCELLED]


def queued(owner: Member = ADA) -> Job:
    return Job.ask(ID, JobKind.TRANSLATE, "hello", owner, now=12.5)


def ended(ending: JobEnded) -> Job:
    return queued().start().end(ending)


def test_a_job_asked_for_waits_in_the_queue() -> None:
    job = queued()

    assert job == Job(ID, JobKind.TRANSLATE, "hello", ADA.id, True, 12.5)
    assert job.state is JobState.QUEUED
    assert (job.attempt, job.progress, job.cancel_requested, job.outcome) == (0, 0.0, False, None)
    assert job.ending() is None


def test_a_job_is_private_if_its_owner_can_be_recognised_again() -> None:
    assert queued(ADA).private
    assert not queued(STRANGER).private


@pytest.mark.parametrize("kind", JobKind)
def test_a_known_kind_is_taken_by_its_name(kind: JobKind) -> None:
    assert JobKind.parse(kind.value) is kind


@pytest.mark.parametrize("raw", ["", "Translate", "launch rockets"])
def test_an_unknown_kind_runs_as_default(raw: str) -> None:
    assert JobKind.parse(raw) is JobKind.DEFAULT


def test_the_kinds_are_the_words_of_the_protocol() -> None:
    assert [str(kind) for kind in JobKind] == ["translate", "analyze", "generate", "default"]


def test_each_start_is_another_attempt() -> None:
    first = queued().start()
    second = first.hand_back().start()

    assert (first.state, first.attempt) == (JobState.RUNNING, 1)
    assert (second.state, second.attempt) == (JobState.RUNNING, 2)


def test_a_job_handed_back_waits_again_from_the_beginning() -> None:
    job = queued().start().advance(0.75).hand_back()

    assert job.state is JobState.QUEUED
    assert job.progress == 0.0
    assert job.attempt == 1


def test_a_job_remembers_only_the_workers_that_vanished() -> None:
    stopped = queued().start().hand_back()
    vanished = stopped.start().hand_back(lost=True).start().hand_back(lost=True)

    assert (stopped.attempt, stopped.lost) == (1, 0)
    assert (vanished.attempt, vanished.lost) == (3, 2)


def test_a_job_that_succeeded_is_complete_and_holds_its_result() -> None:
    job = queued().start().advance(0.5).end(SUCCEEDED)

    assert (job.state, job.progress, job.outcome) == (JobState.SUCCEEDED, 1.0, "done")


def test_a_job_that_failed_keeps_its_reason_and_how_far_it_came() -> None:
    job = queued().start().advance(0.5).end(FAILED)

    assert (job.state, job.progress, job.outcome) == (JobState.FAILED, 0.5, "no")


def test_a_queued_job_can_fail_without_having_run() -> None:
    assert queued().end(FAILED).state is JobState.FAILED


def test_a_queued_job_can_not_succeed_without_having_run() -> None:
    with pytest.raises(TransitionIsImpossible, match="A queued job can't become succeeded"):
        queued().end(SUCCEEDED)


def test_cancelling_a_queued_job_ends_it_at_once() -> None:
    assert queued().cancel().state is JobState.CANCELLED


def test_cancelling_a_running_job_only_asks_for_it() -> None:
    job = queued().start().cancel()

    assert job.state is JobState.RUNNING
    assert job.cancel_requested


def test_a_request_to_cancel_outlives_a_worker() -> None:
    assert queued().start().cancel().hand_back().start().cancel_requested


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: type(ending).__name__)
def test_nothing_moves_a_job_that_is_over(ending: JobEnded) -> None:
    job = ended(ending)

    with pytest.raises(JobIsOver, match=job.state):
        job.cancel()
    for move in (job.start, job.hand_back, *(lambda e=e: job.end(e) for e in ENDINGS)):
        with pytest.raises(TransitionIsImpossible):
            move()


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: type(ending).__name__)
def test_a_job_that_is_over_tells_how_it_ended(ending: JobEnded) -> None:
    assert ended(ending).ending() == ending


def test_a_running_job_has_not_ended() -> None:
    assert queued().start().ending() is None


@pytest.mark.parametrize("state", JobState)
def test_a_state_is_over_when_nothing_follows_it(state: JobState) -> None:
    assert state.is_over == (state in {"succeeded", "failed", "cancelled"})


def test_the_table_knows_every_state_and_leads_only_to_known_ones() -> None:
    assert set(TRANSITIONS) == set(JobState)
    assert frozenset[JobState]().union(*TRANSITIONS.values()) == set(JobState)


def test_a_private_job_is_hidden_from_strangers_as_if_it_did_not_exist() -> None:
    queued(ADA).check_watcher(ADA)

    for check in (queued(ADA).check_watcher, queued(ADA).check_owner):
        with pytest.raises(JobIsUnknown):
            check(BOB)


def test_a_job_of_somebody_unrecognised_can_be_watched_by_all_but_cancelled_by_none() -> None:
    job = queued(STRANGER)
    job.check_watcher(BOB)
    job.check_owner(STRANGER)

    with pytest.raises(JobIsNotYours):
        job.check_owner(BOB)


def test_a_job_never_changes_it_is_followed_by_another() -> None:
    job = queued()
    before = replace(job)

    job.start().advance(0.5).hand_back().cancel()

    assert job == before


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
