"""Asking for jobs, and what a worker tells of them."""

from adapters.layers.broadcaster import LaneBroadcaster
from application.jobs import JobService
from domain.identity import JobId, Member
from domain.jobs import JobEnded, JobEvent, JobStarted, audience
from tests.doubles import FragileJobRecords, RecordingSubscriber
from tests.unit.application.people import ADA

FIRST = JobId("job-1")
JOBS = "jobs"


async def submit(jobs: JobService, member: Member = ADA, name: str = "somebody") -> JobId:
    """Have a job asked for over a connection that then goes away."""
    subscriber = RecordingSubscriber(name)
    submitted = await jobs.submit(member, subscriber, "translate", "hello")
    await jobs.leave(subscriber)
    return submitted.job_id


async def tell(broadcaster: LaneBroadcaster, *events: JobEvent) -> None:
    for event in events:
        await broadcaster.publish(audience(event.job_id), event)


async def run_to_its_end(
    broadcaster: LaneBroadcaster, records: FragileJobRecords, ending: JobEnded
) -> None:
    """What a worker does."""
    claimed = await records.claim(ending.job_id, 60)
    assert claimed is not None
    await tell(broadcaster, JobStarted(ending.job_id, claimed.attempt))
    assert await records.end(ending.job_id, claimed.attempt, ending)
    await tell(broadcaster, ending)
