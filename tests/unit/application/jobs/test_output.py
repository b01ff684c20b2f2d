"""Output that grows: gathered, told in order, and in the end the same for whoever watches."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.layers.broadcaster import LaneBroadcaster
from adapters.layers.lane_memory import MemoryLane
from application import job_output
from application.errors import Unavailable
from application.job_output import JobOutput, OutputIsTooLong
from application.ports import Event
from domain.audiences import Audience
from domain.job_kinds import Outcome, Part, Step, StepsOf, Work
from domain.jobs import (
    Job,
    JobCancelled,
    JobFailed,
    JobKind,
    JobOutputGrew,
    JobProgressed,
    JobStarted,
    JobState,
    JobSucceeded,
    audience,
)
from tests.contracts.broadcasting import PLANS
from tests.doubles import EventBook, ManualClock, RecordingSubscriber
from tests.outputs import OutputView
from tests.unit.application.jobs.running import AT_ONCE, ID, SLOW, STARTED, begun, cancelled
from tests.unit.application.jobs.stage import Stage
from tests.unit.application.people import ADA


def writing(*steps: Part | Step | float, result: str = "done") -> StepsOf:
    """Work of these steps, where a number is a wait for so long."""

    def work(_kind: JobKind, _content: str) -> Work:
        for step in steps:
            yield Part("", step) if isinstance(step, float) else step
        yield Outcome(result)

    return work


def parts(*texts: str) -> list[Part]:
    return [Part(text, 0) for text in texts]


def grew(at: int, append: str, attempt: int = 1) -> JobOutputGrew:
    return JobOutputGrew(ID, attempt, at, append)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes is gathered until something else is to be told."""
    monkeypatch.setattr(job_output, "GATHER_SECONDS", 3600)


@pytest.mark.usefixtures("patient")
async def test_output_is_gathered_and_told_before_whatever_is_told_next(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    work = writing(*parts("a", "b"), Step(0.5, "Half", 0), *parts("☕", "d"), result="ab☕d")
    await stage.runner(AT_ONCE, work).run(ID)

    assert stage.heard_by(watcher) == [
        STARTED,
        grew(0, "ab"),
        JobProgressed(ID, 1, 0.5, "Half", "ab"),
        grew(2, "☕d"),
        JobSucceeded(ID, "ab☕d"),
    ]


@pytest.mark.usefixtures("patient")
async def test_a_long_output_is_not_repeated_with_each_step(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    long = "x" * (job_output.SHORT + 1)
    await stage.runner(AT_ONCE, writing(*parts(long), Step(0.5, "Half", 0))).run(ID)

    assert JobProgressed(ID, 1, 0.5, "Half") in stage.heard_by(watcher)


async def test_what_has_gathered_is_told_while_the_work_goes_on(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    running = await begun(stage.runner(SLOW, writing(*parts("a", "b"), 1000.0)), watcher)

    await watcher.wait_for(2)

    assert stage.heard_by(watcher) == [STARTED, grew(0, "ab")]
    assert not running.done()
    await cancelled(running)


@pytest.mark.usefixtures("patient")
async def test_a_job_that_fails_or_is_stopped_has_told_what_it_wrote(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    def failing(_kind: JobKind, _content: str) -> Work:
        yield Part("so far", 0)
        raise RuntimeError

    await stage.runner(AT_ONCE, failing).run(ID)

    assert stage.heard_by(watcher)[:2] == [STARTED, grew(0, "so far")]
    assert (await stage.recorded()).state is JobState.FAILED


@pytest.mark.usefixtures("patient")
async def test_a_job_that_is_cancelled_has_told_what_it_wrote(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    runner = stage.runner(SLOW, writing(*parts("so far"), 1000.0))
    running = await begun(runner, watcher)
    await stage.records.cancel(ID)
    runner.interrupt(ID)
    await running

    assert stage.heard_by(watcher) == [STARTED, grew(0, "so far"), JobCancelled(ID)]


async def test_a_job_that_writes_too_much_fails(stage: Stage, watcher: RecordingSubscriber) -> None:
    work = writing(*parts("1234", "567"))
    await stage.runner(replace(AT_ONCE, output_limit=6), work).run(ID)

    assert stage.heard_by(watcher)[-2:] == [
        grew(0, "1234"),
        JobFailed(ID, "The job wrote more than 6 characters."),
    ]


async def run_twice(stage: Stage, first: Iterable[str], second: Iterable[str]) -> None:
    """An attempt that is handed back after its last part, and one that comes to its end."""
    watcher = RecordingSubscriber("first")
    await stage.broadcaster.subscribe(audience(ID), watcher)
    running = await begun(stage.runner(SLOW, writing(*parts(*first), 1000.0)), watcher)
    await watcher.wait_for(2)
    await cancelled(running)
    await stage.runner(AT_ONCE, writing(*parts(*second))).run(ID)


async def test_after_a_takeover_the_same_text_goes_on_where_it_ended(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    await run_twice(stage, ["one ", "two "], ["one two th", "ree"])

    assert stage.heard_by(watcher) == [
        STARTED,
        grew(0, "one two "),
        JobStarted(ID, 2),
        grew(8, "three", 2),
        JobSucceeded(ID, "done"),
    ]


@pytest.mark.parametrize("text", ["one too", "one", "", "another one altogether"])
async def test_after_a_takeover_another_text_begins_anew(
    stage: Stage, watcher: RecordingSubscriber, text: str
) -> None:
    await run_twice(stage, ["one two"], [text])

    assert stage.heard_by(watcher)[2:] == [
        JobStarted(ID, 2),
        grew(0, text, 2),
        JobSucceeded(ID, "done"),
    ]
    assert await stage.broadcaster.text(audience(ID)) == text


async def test_an_attempt_that_lost_its_job_writes_nothing_more(
    stage: Stage, watcher: RecordingSubscriber
) -> None:
    runner = stage.runner(SLOW, writing(*parts("one "), 10.0, *parts("lost"), 1000.0))
    running = await begun(runner, watcher)
    await watcher.wait_for(2)
    await stage.records.hand_back(ID, 1, lost=True)
    await stage.records.claim(ID, 60)
    await stage.tell(JobStarted(ID, 2))

    stage.clock.shift(10)
    await running

    assert stage.heard_by(watcher) == [STARTED, grew(0, "one "), JobStarted(ID, 2)]
    assert await stage.broadcaster.text(audience(ID)) == "one "


class Losing(LaneBroadcaster):
    """Grows the text, but doesn't answer while it is broken."""

    broken = False

    async def grow(self, audience: Audience[Event], event: Event) -> bool:
        grown = await super().grow(audience, event)
        if self.broken:
            raise Unavailable
        return grown


async def test_a_text_that_grew_though_nobody_answered_is_told_right(
    clock: ManualClock, lanes: dict[str, MemoryLane], book: EventBook
) -> None:
    texts = Losing(lanes, book, subscription_limit=4)
    watcher = RecordingSubscriber()
    await texts.subscribe(audience(ID), watcher)
    output = JobOutput(texts, Job.ask(ID, JobKind.DEFAULT, "", ADA.member, 0).start(), 100)
    view = OutputView()

    for part in ("one ", "two ", "three"):
        output.add(part, 0)
        texts.broken = True
        with pytest.raises(Unavailable):
            await output.tell()
        texts.broken = False
        assert await output.tell()

    assert await texts.text(audience(ID)) == "one two three"
    for event in book.heard_by(watcher):
        assert view.take({"attempt": 1, "at": event.at, "append": event.append})
    assert view.text == "one two three"


def test_what_is_too_much_is_not_added() -> None:
    lanes = {name: MemoryLane(plan, ManualClock()) for name, plan in PLANS.items()}
    texts = LaneBroadcaster(lanes, EventBook(), subscription_limit=4)
    output = JobOutput(texts, Job.ask(ID, JobKind.DEFAULT, "", ADA.member, 0), 3)
    output.add("123", 0)
    with pytest.raises(OutputIsTooLong):
        output.add("4", 0)


# Whoever comes and goes, from however many attempts.


attempts = st.lists(
    st.lists(st.text("ab☕\U0001f600", max_size=3), max_size=5), min_size=1, max_size=4
)


@given(attempts, st.data())
def test_every_view_ends_with_the_same_text_whatever_was_cut(
    written: list[list[str]], data: st.DataObject
) -> None:
    asyncio.run(watched(written, data))


async def watched(written: list[list[str]], data: st.DataObject) -> None:
    book = EventBook()
    lanes = {name: MemoryLane(plan, ManualClock()) for name, plan in PLANS.items()}
    texts = LaneBroadcaster(lanes, book, subscription_limit=4)
    job = Job.ask(ID, JobKind.DEFAULT, "", ADA.member, 0)
    everything, late = RecordingSubscriber("everything"), RecordingSubscriber("late")
    await texts.subscribe(audience(ID), everything)
    view = OutputView()
    snapshot = ""
    for number, attempt in enumerate(written, 1):
        job = replace(job, state=JobState.RUNNING, attempt=number)
        await texts.publish(audience(ID), JobStarted(ID, number))
        output = JobOutput(texts, job, 1000)
        await output.begin()
        for part in attempt:
            output.add(part, 0)
            if data.draw(st.booleans()):
                await output.tell()
            if not texts._lanes["jobs"].attached(late) and data.draw(st.booleans()):
                # It gets the text a little later than it began to listen, as over a network.
                await texts.subscribe(audience(ID), late)
                await output.tell()
                snapshot = await texts.text(audience(ID))
                view.take({"attempt": number, "at": 0, "text": snapshot})
        if number == len(written):
            await output.tell(is_all=True)
    whole = "".join(written[-1])
    live = OutputView()
    for event in book.heard_by(everything):
        if isinstance(event, JobOutputGrew):
            assert live.take({"attempt": event.attempt, "at": event.at, "append": event.append})
    for event in book.heard_by(late):
        if isinstance(event, JobOutputGrew):
            view.take({"attempt": event.attempt, "at": event.at, "append": event.append})
    assert live.text == whole == await texts.text(audience(ID))
    if late.frames or snapshot:
        assert view.text == whole
