from collections.abc import AsyncIterator

import pytest

from adapters.layers.broadcaster import LaneBroadcaster
from adapters.layers.lane_memory import MemoryLane
from application import job_runner
from domain.jobs import Job, JobKind, audience
from tests.doubles import EventBook, ManualClock, RecordingSubscriber
from tests.unit.application.jobs.running import ID
from tests.unit.application.jobs.stage import Stage
from tests.unit.application.people import ADA


@pytest.fixture
def stage(
    clock: ManualClock,
    lanes: dict[str, MemoryLane],
    broadcaster: LaneBroadcaster,
    book: EventBook,
    monkeypatch: pytest.MonkeyPatch,
) -> Stage:
    monkeypatch.setattr(job_runner, "RETRY_SECONDS", 0)
    return Stage(clock, lanes, broadcaster, book)


@pytest.fixture
async def watcher(stage: Stage) -> AsyncIterator[RecordingSubscriber]:
    """Somebody who watches a job that waits in the records."""
    await stage.records.add(Job.ask(ID, JobKind.DEFAULT, "hello", ADA.member, 0))
    watcher = RecordingSubscriber("watcher")
    await stage.broadcaster.subscribe(audience(ID), watcher)
    yield watcher
    await stage.broadcaster.drop(watcher)
