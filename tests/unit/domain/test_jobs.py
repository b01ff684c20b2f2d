"""A job's states: one table, and no way round it."""

from dataclasses import replace

import pytest

from domain.errors import JobIsNotYours, JobIsOver, JobIsUnknown, TransitionIsImpossible
from domain.identity import OPERATOR, Caller, Identity, Member
from domain.jobs import TRANSITIONS, Job, JobEnded, JobKind, JobState
from tests.unit.domain.example_jobs import (
    ADA,
    BOB,
    ENDINGS,
    FAILED,
    ID,
    STRANGER,
    SUCCEEDED,
    ended,
    queued,
)


def caller(member: Member) -> Caller:
    return Caller(Identity(member))


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
    assert [str(kind) for kind in JobKind] == [
        "translate",
        "analyze",
        "generate",
        "converse",
        "default",
    ]


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
    queued(ADA).check_watcher(caller(ADA))

    for check in (queued(ADA).check_watcher, queued(ADA).check_owner):
        with pytest.raises(JobIsUnknown):
            check(caller(BOB))


def test_a_job_of_somebody_unrecognised_can_be_watched_by_all_but_cancelled_by_none() -> None:
    job = queued(STRANGER)
    job.check_watcher(caller(BOB))
    job.check_owner(caller(STRANGER))

    with pytest.raises(JobIsNotYours):
        job.check_owner(caller(BOB))


def test_the_operator_may_watch_and_cancel_any_job() -> None:
    operator = Caller(OPERATOR)

    for job in (queued(ADA), queued(STRANGER)):
        job.check_watcher(operator)
        job.check_owner(operator)


def test_a_job_never_changes_it_is_followed_by_another() -> None:
    job = queued()
    before = replace(job)

    job.start().advance(0.5).hand_back().cancel()

    assert job == before
