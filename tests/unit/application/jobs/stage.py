"""The services of jobs over the memory backend, which can be told to fail."""

from collections.abc import Sequence
from typing import Any

from adapters.layers.broadcaster import LaneBroadcaster
from adapters.layers.lane_memory import MemoryLane
from application.job_reaper import JobReaper
from application.job_runner import JobRunner, JobRunnerSettings
from application.jobs import JobService
from domain.identity import Caller, JobId
from domain.job_kinds import StepsOf
from domain.jobs import Job, JobEnded, JobEvent, JobOutputGrew, JobStarted, audience
from tests.doubles import (
    EventBook,
    FragileBroadcaster,
    FragileJobQueue,
    FragileJobRecords,
    ManualClock,
    NumberedIds,
    RecordingSubscriber,
)
from tests.unit.application.jobs.running import ID, LOSSES, WAITING, half_then_done
from tests.unit.application.people import ACCESS, ADA, limits

FIRST = JobId("job-1")
"""The first that is asked for."""

JOBS = "jobs"
"""Their lane."""


class Stage:
    """Those who ask for jobs, those who run them, and what both stand on."""

    def __init__(
        self,
        clock: ManualClock,
        lanes: dict[str, MemoryLane],
        broadcaster: LaneBroadcaster,
        book: EventBook,
    ) -> None:
        self.clock = clock
        self.lanes = lanes
        self.broadcaster = broadcaster
        self.book = book
        self.fragile = FragileBroadcaster(broadcaster)
        self.records = FragileJobRecords(clock)
        self.queue = FragileJobQueue()
        self.jobs = JobService(
            self.fragile,
            broadcaster,
            broadcaster,
            self.records,
            self.records,
            self.queue,
            clock,
            NumberedIds(),
            ACCESS,
            limits(),
            text_limit=10,
            queue_limit=5,
            watch_limit=4,
            list_limit=50,
        )
        self.reaper = JobReaper(
            self.fragile,
            self.records,
            self.records,
            self.records,
            self.queue,
            clock,
            waiting=WAITING,
            losses=LOSSES,
        )
        self.ada = RecordingSubscriber("ada")

    def runner(self, settings: JobRunnerSettings, what: StepsOf = half_then_done) -> JobRunner:
        return JobRunner(
            self.fragile,
            self.broadcaster,
            self.records,
            self.records,
            self.queue,
            self.clock,
            what,
            settings,
        )

    async def submit(self, caller: Caller = ADA, name: str = "somebody") -> JobId:
        """Have a job asked for over a connection that then goes away."""
        subscriber = RecordingSubscriber(name)
        submitted = await self.jobs.submit(caller, subscriber, "translate", "hello")
        await self.jobs.leave(subscriber)
        return submitted.job_id

    async def tell(self, *events: JobEvent) -> None:
        for event in events:
            await self.broadcaster.publish(audience(event.job_id), event)

    async def grow(self, *parts: str) -> None:
        """The first attempt at the first job writes these parts."""
        for part in parts:
            at = len(await self.broadcaster.text(audience(FIRST)))
            assert await self.broadcaster.grow(audience(FIRST), JobOutputGrew(FIRST, 1, at, part))

    async def run_to_its_end(self, ending: JobEnded) -> None:
        """What a worker does."""
        claimed = await self.records.claim(ending.job_id, 60)
        assert claimed is not None
        await self.tell(JobStarted(ending.job_id, claimed.attempt))
        assert await self.records.end(ending.job_id, claimed.attempt, ending)
        await self.tell(ending)

    async def recorded(self) -> Job:
        job = await self.records.get(ID)
        assert job is not None
        return job

    def heard_by(self, subscriber: RecordingSubscriber) -> Sequence[Any]:
        return self.book.heard_by(subscriber)

    def attached(self, subscriber: RecordingSubscriber) -> int:
        """To how many jobs it listens."""
        return self.lanes[JOBS].attached(subscriber)
