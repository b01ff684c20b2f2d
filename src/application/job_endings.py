"""How a job ended is recorded first and told then, by whoever recorded it or by a later round."""

from application.job_ports import EndedJobs
from application.ports import Broadcaster
from domain import jobs
from domain.jobs import JobEnded


async def tell_ending(broadcaster: Broadcaster, ended: EndedJobs, ending: JobEnded) -> None:
    """Tell a recorded ending to the job's audience. Told twice, it is heard once.

    Raises `Unavailable`; a later round of `JobReaper` tells it then.
    """
    await broadcaster.publish(jobs.audience(ending.job_id), ending)
    await ended.told(ending.job_id)
