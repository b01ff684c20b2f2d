"""The services over the memory backend, which can be told to fail."""

from collections.abc import AsyncIterator

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from application import job_runner
from application.job_reaper import JobReaper
from application.job_runner import JobRunner, JobRunnerSettings
from application.jobs import JobService
from domain.job_kinds import StepsOf
from domain.jobs import Job, JobKind, audience
from tests.doubles import (
    FragileBroadcaster,
    FragileJobQueue,
    FragileJobRecords,
    ManualClock,
    NumberedIds,
    RecordingSubscriber,
)
from tests.unit.application.jobs.running import ID, LOSSES, WAITING, Build, half_then_done
from tests.unit.application.people import ADA


@pytest.fixture
def records(clock: ManualClock) -> FragileJobRecords:
    return FragileJobRecords(clock)


@pytest.fixture
def queue() -> FragileJobQueue:
    return FragileJobQueue()


@pytest.fixture
def fragile(broadcaster: LaneBroadcaster) -> FragileBroadcaster:
    return FragileBroadcaster(broadcaster)


@pytest.fixture
def jobs(
    fragile: FragileBroadcaster,
    broadcaster: LaneBroadcaster,
    records: FragileJobRecords,
    queue: FragileJobQueue,
    clock: ManualClock,
) -> JobService:
    return JobService(
        fragile,
        broadcaster,
        records,
        records,
        queue,
        clock,
        NumberedIds(),
        text_limit=10,
        queue_limit=5,
    )


@pytest.fixture
def ada() -> RecordingSubscriber:
    return RecordingSubscriber("ada")


@pytest.fixture
def build(
    fragile: FragileBroadcaster,
    records: FragileJobRecords,
    queue: FragileJobQueue,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> Build:
    monkeypatch.setattr(job_runner, "RETRY_SECONDS", 0)

    def build_one(settings: JobRunnerSettings, what: StepsOf = half_then_done) -> JobRunner:
        return JobRunner(fragile, records, records, queue, clock, what, settings)

    return build_one


@pytest.fixture
def reaper(
    fragile: FragileBroadcaster, records: FragileJobRecords, queue: FragileJobQueue
) -> JobReaper:
    return JobReaper(fragile, records, records, records, queue, waiting=WAITING, losses=LOSSES)


@pytest.fixture
async def watcher(
    broadcaster: LaneBroadcaster, records: FragileJobRecords
) -> AsyncIterator[RecordingSubscriber]:
    """Somebody who watches a job that waits in the records."""
    await records.add(Job.ask(ID, JobKind.DEFAULT, "hello", ADA, 0))
    watcher = RecordingSubscriber("watcher")
    await broadcaster.subscribe(audience(ID), watcher)
    yield watcher
    await broadcaster.drop(watcher)
