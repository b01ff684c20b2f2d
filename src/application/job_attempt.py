"""One attempt at a job, while it runs in this process."""

import asyncio

from application.job_output import JobOutput
from domain.jobs import Job


class Attempt:
    """The job as it was last seen, how it is interrupted, what it has written, how many of its
    inputs it has `heard`, and when its next sign of life is due, by the event loop's clock."""

    def __init__(self, job: Job, output: JobOutput, sign_due: float) -> None:
        self.job = job
        self.output = output
        self.interrupt = asyncio.Event()
        self.sign_due = sign_due
        self.heard = 0

    @property
    def has_input(self) -> bool:
        return self.heard < len(self.job.inputs)

    def take_input(self) -> str | None:
        """The next that it was given, if there is any."""
        if not self.has_input:
            return None
        self.heard += 1
        return self.job.inputs[self.heard - 1]
