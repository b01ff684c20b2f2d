"""Input: it reaches the running work, in its order, and is refused where nobody takes it."""

import asyncio

import pytest

from domain.errors import (
    BrokenRule,
    JobIsNotRunning,
    JobIsNotYours,
    JobIsOver,
    JobIsUnknown,
    JobTakesNoInput,
    TextIsEmpty,
    TextIsTooLong,
)
from domain.identity import JobId
from domain.job_kinds import Asking, Outcome, Part, Work, steps_of
from domain.jobs import Job, JobKind, JobOutputGrew, JobStarted, JobSucceeded, audience
from tests.doubles import RecordingSubscriber
from tests.unit.application.jobs.running import AT_ONCE, ID, SLOW, STARTED, WATCHFUL, begun
from tests.unit.application.jobs.stage import FIRST, Stage
from tests.unit.application.people import ADA, STRANGER


def repeating(_kind: JobKind, _content: str) -> Work:
    """Asks twice, and comes to what it heard."""
    first = yield Asking(1000)
    yield Part(f"{first}, ", 0)
    second = yield Asking(1000)
    yield Outcome(f"{first}, {second}")


async def test_input_that_comes_wakes_the_work_that_asks_for_it(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    runner = stage.runner(SLOW, repeating)
    running = await begun(runner, watcher)

    for data in ("one", "two"):
        await stage.records.give(ID, data)
        runner.interrupt(ID)
    await running

    assert stage.heard_by(watcher)[-1] == JobSucceeded(ID, "one, two")


async def test_input_of_which_no_word_came_is_seen_at_the_next_sign_of_life(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    running = await begun(stage.runner(WATCHFUL, repeating), watcher)

    await stage.records.give(ID, "one")
    await stage.records.give(ID, "two")
    await running

    assert stage.heard_by(watcher)[-1] == JobSucceeded(ID, "one, two")


async def test_where_none_comes_in_time_the_work_goes_on_without(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    await stage.runner(AT_ONCE, repeating).run(ID)

    assert stage.heard_by(watcher)[-1] == JobSucceeded(ID, "None, None")


async def test_what_was_given_is_given_to_the_next_attempt_again(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    runner = stage.runner(SLOW, repeating)
    running = await begun(runner, watcher)
    await stage.records.give(ID, "one")
    runner.interrupt(ID)
    await watcher.wait_for(2)
    await stage.records.hand_back(ID, 1, lost=True)
    runner.interrupt(ID)
    await running

    again = asyncio.create_task(runner.run(ID))
    await watcher.wait_for(3)
    await stage.records.give(ID, "two")
    runner.interrupt(ID)
    await again

    # The output of the first attempt is not told again.
    assert stage.heard_by(watcher)[1:] == [
        JobOutputGrew(ID, 1, 0, "one, "),
        JobStarted(ID, 2),
        JobSucceeded(ID, "one, two"),
    ]


# Who may give it, and when.


async def conversation(stage: Stage) -> JobId:
    submitted = await stage.jobs.submit(ADA, None, "converse", "tea")
    return submitted.job_id


async def test_what_its_owner_gives_reaches_a_running_job(stage: Stage) -> None:
    job_id = await conversation(stage)
    watcher = RecordingSubscriber("watcher")
    await stage.broadcaster.subscribe(audience(job_id), watcher)
    runner = stage.runner(SLOW, repeating)
    stage.queue.on_interrupt = runner.interrupt
    running = asyncio.create_task(runner.run(job_id))
    await watcher.wait_for(1)

    await stage.jobs.give(ADA, job_id, "one")
    await stage.jobs.give(ADA, job_id, "two")
    await running

    assert stage.heard_by(watcher)[-1] == JobSucceeded(job_id, "one, two")
    with pytest.raises(JobIsOver):
        await stage.jobs.give(ADA, job_id, "three")


async def test_a_job_that_does_not_run_is_given_nothing(stage: Stage) -> None:
    job_id = await conversation(stage)
    with pytest.raises(JobIsNotRunning):
        await stage.jobs.give(ADA, job_id, "one")


async def test_a_job_of_a_kind_that_takes_none_is_given_nothing(stage: Stage) -> None:
    await stage.submit()
    assert await stage.records.claim(FIRST, 60) is not None
    with pytest.raises(JobTakesNoInput):
        await stage.jobs.give(ADA, FIRST, "one")


@pytest.mark.parametrize(
    ("data", "refused"), [(" ", TextIsEmpty), ("x" * 11, TextIsTooLong)], ids=["blank", "long"]
)
async def test_what_is_blank_or_too_long_is_refused(
    stage: Stage, data: str, refused: type[BrokenRule]
) -> None:
    job_id = await conversation(stage)
    with pytest.raises(refused):
        await stage.jobs.give(ADA, job_id, data)


async def test_only_its_owner_gives_a_job_anything(stage: Stage) -> None:
    private = await conversation(stage)
    submitted = await stage.jobs.submit(STRANGER, None, "converse", "tea")
    with pytest.raises(JobIsUnknown):
        await stage.jobs.give(STRANGER, private, "one")
    with pytest.raises(JobIsNotYours):
        await stage.jobs.give(ADA, submitted.job_id, "one")
    with pytest.raises(JobIsUnknown):
        await stage.jobs.give(ADA, JobId("unknown"), "one")


async def test_a_conversation_is_told_as_it_goes(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    await stage.records.add(Job.ask(JobId("c"), JobKind.CONVERSE, "tea", ADA.member, 0))
    await stage.broadcaster.subscribe(audience(JobId("c")), watcher)
    await stage.runner(AT_ONCE, steps_of).run(JobId("c"))

    heard = stage.heard_by(watcher)
    grown = [event.append for event in heard if isinstance(event, JobOutputGrew)]
    assert heard[0] == JobStarted(JobId("c"), STARTED.attempt)
    assert heard[-1] == JobSucceeded(JobId("c"), "".join(grown))
