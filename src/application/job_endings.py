"""How a job ended is recorded first and told then, by whoever recorded it or by a later round."""

from application.ports import Broadcaster, EndedJobs
from domain import audiences
from domain.events import JobEnded


async def tell_ending(broadcaster: Broadcaster, jobs: EndedJobs, ending: JobEnded) -> None:
    """Tell a recorded ending to the job's audience. Told twice, it is heard once.

    Raises `Unavailable`; a later round of `JobReaper` tells it then.
    """
    await broadcaster.publish(audiences.job(ending.job_id), ending)
    await jobs.told(ending.job_id)
