"""Submitting a job: what is accepted is recorded, queued and watched."""

import asyncio

import pytest

from application.errors import QueueIsFull, TooManySubscriptions, Unavailable
from application.jobs import Submitted
from domain.errors import BrokenRule, TextIsEmpty, TextIsTooLong
from domain.identity import JobId
from domain.jobs import Job, JobEvent, JobKind, JobProgressed, JobQueued, JobStarted, JobSucceeded
from tests.doubles import BEGINNING, RecordingSubscriber
from tests.unit.application.jobs.stage import FIRST, Stage
from tests.unit.application.people import ADA, BOB


async def test_an_accepted_job_is_recorded_queued_and_watched(stage: Stage) -> None:
    submitted = await stage.jobs.submit(ADA, stage.ada, "translate", "hello")

    assert submitted == Submitted(FIRST, again=False)
    assert await stage.records.get(FIRST) == Job.ask(
        FIRST, JobKind.TRANSLATE, "hello", ADA.member, BEGINNING
    )
    assert await stage.queue.take() == FIRST
    assert stage.heard_by(stage.ada) == [JobQueued(FIRST, ADA.member)]


async def test_its_whole_way_is_heard(stage: Stage) -> None:
    await stage.jobs.submit(ADA, stage.ada, "translate", "hello")
    events: list[JobEvent] = [
        JobStarted(FIRST, 1),
        JobProgressed(FIRST, 1, 0.5, "Half"),
        JobSucceeded(FIRST, "hola"),
    ]

    await stage.tell(*events)

    assert stage.heard_by(stage.ada) == [JobQueued(FIRST, ADA.member), *events]


async def test_nobody_else_hears_of_it(stage: Stage) -> None:
    bob = RecordingSubscriber("bob")
    await stage.jobs.submit(BOB, bob, "translate", "hello")
    before = list(bob.frames)

    await stage.jobs.submit(ADA, RecordingSubscriber("ada"), "translate", "hello")

    assert bob.frames == before


async def test_an_unknown_kind_runs_as_default(stage: Stage) -> None:
    await stage.jobs.submit(ADA, stage.ada, "launch rockets", "hello")

    job = await stage.records.get(FIRST)
    assert job is not None
    assert job.kind is JobKind.DEFAULT


async def test_each_job_has_an_id_of_its_own(stage: Stage) -> None:
    first = await stage.jobs.submit(ADA, stage.ada, "translate", "hello")
    second = await stage.jobs.submit(ADA, stage.ada, "translate", "hello")

    assert first != second


async def test_asking_again_under_the_same_key_finds_the_job(stage: Stage) -> None:
    first = await stage.jobs.submit(ADA, stage.ada, "translate", "hello", "k")

    again = await stage.jobs.submit(ADA, stage.ada, "translate", "hello", "k")

    assert not first.again
    assert again == Submitted(first.job_id, again=True)
    assert await stage.queue.depth() == 1
    assert stage.heard_by(stage.ada) == [JobQueued(first.job_id, ADA.member, "k")]


async def test_asking_again_is_no_matter_of_room_in_the_queue(stage: Stage) -> None:
    first = await stage.jobs.submit(ADA, stage.ada, "translate", "hello", "k")
    for number in range(5):
        await stage.queue.put(JobId(f"waiting {number}"))

    assert (
        await stage.jobs.submit(ADA, stage.ada, "translate", "hello", "k")
    ).job_id == first.job_id


async def test_of_many_at_once_with_one_key_one_is_a_new_job(stage: Stage) -> None:
    asked = await asyncio.gather(
        *(stage.jobs.submit(ADA, stage.ada, "translate", "hello", "k") for _ in range(5))
    )

    assert [one.again for one in asked].count(False) == 1
    assert len({one.job_id for one in asked}) == 1
    assert await stage.queue.depth() == 1


async def test_another_text_under_the_same_key_is_another_job(stage: Stage) -> None:
    first = await stage.jobs.submit(ADA, stage.ada, "translate", "hello", "k")

    for kind, text in (("translate", "world"), ("analyze", "hello")):
        other = await stage.jobs.submit(ADA, stage.ada, kind, text, "k")
        assert not other.again
        assert other.job_id != first.job_id


async def test_the_same_key_and_text_of_another_member_are_another_job(stage: Stage) -> None:
    bobs = await stage.jobs.submit(BOB, RecordingSubscriber("bob"), "translate", "hello", "k")
    adas = await stage.jobs.submit(ADA, stage.ada, "translate", "hello", "k")

    assert (bobs.again, adas.again) == (False, False)
    assert adas.job_id != bobs.job_id
    assert stage.heard_by(stage.ada) == [JobQueued(adas.job_id, ADA.member, "k")]


async def test_the_id_of_a_job_asked_for_under_a_key_is_drawn_like_any_other(
    stage: Stage,
) -> None:
    asked = await stage.jobs.submit(ADA, stage.ada, "translate", "hello", "k")

    assert asked.job_id == FIRST


async def test_a_job_whose_key_another_connection_lost_again_is_unavailable(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def taken(_job: Job, _shares: object) -> bool:
        return False

    monkeypatch.setattr(stage.records, "add", taken)

    with pytest.raises(Unavailable):
        await stage.jobs.submit(ADA, stage.ada, "translate", "hello", "k")
    assert stage.attached(stage.ada) == 0


@pytest.mark.parametrize(("text", "broken"), [("", TextIsEmpty), ("x" * 11, TextIsTooLong)])
async def test_an_impossible_text_leaves_nothing_behind(
    stage: Stage, text: str, broken: type[BrokenRule]
) -> None:
    with pytest.raises(broken):
        await stage.jobs.submit(ADA, stage.ada, "translate", text)

    assert await stage.jobs.list(ADA) == []
    assert await stage.queue.depth() == 0
    assert stage.attached(stage.ada) == 0
    assert stage.ada.frames == []


async def test_a_full_queue_takes_no_more(stage: Stage) -> None:
    for number in range(5):
        await stage.queue.put(JobId(f"waiting {number}"))

    with pytest.raises(QueueIsFull, match="5 jobs are waiting"):
        await stage.jobs.submit(ADA, stage.ada, "translate", "hello")

    assert await stage.jobs.list(ADA) == []
    assert await stage.queue.depth() == 5
    assert stage.attached(stage.ada) == 0


async def test_a_place_in_the_queue_that_is_free_again_is_taken(stage: Stage) -> None:
    for number in range(5):
        await stage.queue.put(JobId(f"waiting {number}"))
    await stage.queue.take()

    assert (await stage.jobs.submit(ADA, stage.ada, "translate", "hello")).job_id == FIRST


async def test_whoever_follows_too_many_jobs_can_not_ask_for_another(stage: Stage) -> None:
    for _ in range(4):
        await stage.jobs.submit(ADA, stage.ada, "translate", "hello")

    with pytest.raises(TooManySubscriptions):
        await stage.jobs.submit(ADA, stage.ada, "translate", "hello")

    assert len(await stage.jobs.list(ADA)) == 4
    assert await stage.queue.depth() == 4


async def test_records_that_do_not_answer_refuse_the_job(stage: Stage) -> None:
    stage.records.broken.add("add")

    with pytest.raises(Unavailable):
        await stage.jobs.submit(ADA, stage.ada, "translate", "hello")

    assert stage.ada.frames == []
    assert await stage.queue.depth() == 0


async def test_a_refused_job_is_not_followed_for_ever(stage: Stage) -> None:
    stage.records.broken.add("add")

    with pytest.raises(Unavailable):
        await stage.jobs.submit(ADA, stage.ada, "translate", "hello")

    assert stage.attached(stage.ada) == 0


async def test_a_job_in_the_records_is_accepted_even_if_the_queue_does_not_answer(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.queue.broken = OSError("it refuses")

    job_id = (await stage.jobs.submit(ADA, stage.ada, "translate", "hello")).job_id

    assert stage.heard_by(stage.ada) == [JobQueued(job_id, ADA.member)]
    await stage.clock.advance(5)
    assert [job.id for job in await stage.records.unclaimed(5, 9)] == [job_id]
    assert "put on the queue later: OSError('it refuses')" in caplog.text
