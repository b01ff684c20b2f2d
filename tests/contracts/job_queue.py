"""What a job queue promises: see `application.job_ports.JobQueue`."""

from application.job_ports import JobQueue
from domain.identity import JobId


class JobQueueContract:
    """Takes the fixture `job_queue` (`JobQueue`): empty, and no worker takes from it."""

    async def test_an_empty_queue_has_no_depth(self, job_queue: JobQueue) -> None:
        assert await job_queue.depth() == 0

    async def test_each_job_put_makes_it_deeper(self, job_queue: JobQueue) -> None:
        for number in range(1, 4):
            await job_queue.put(JobId(f"job {number}"))
            assert await job_queue.depth() == number

    async def test_interrupting_a_job_that_nobody_runs_changes_nothing(
        self, job_queue: JobQueue
    ) -> None:
        await job_queue.put(JobId("waiting"))

        await job_queue.interrupt(JobId("unknown"))
        await job_queue.interrupt(JobId("waiting"))

        assert await job_queue.depth() == 1
