"""What jobs need from the outside: records that hold the truth, and a queue that starts them.

The records are one thing, `JobRecords`, of which each user takes its part: whoever asks for jobs,
runs them, or reaps them. Every method raises `Unavailable` when its backend can't answer in time.
"""

from abc import abstractmethod
from typing import Protocol

from domain.identity import JobId, MemberId
from domain.jobs import Job, JobEnded


class AskedJobs(Protocol):
    """The records of jobs, for those who ask for them."""

    @abstractmethod
    async def add(self, job: Job) -> bool:
        """Keep a new job; False, and no change, if its id is known already."""

    @abstractmethod
    async def get(self, job_id: JobId) -> Job | None: ...

    @abstractmethod
    async def of_owner(self, owner: MemberId, limit: int) -> list[Job]:
        """The newest `limit` jobs of one member, newest first."""

    @abstractmethod
    async def cancel(self, job_id: JobId) -> Job | None:
        """Cancel a queued job, or request it of a running one.

        Returns the job as it is afterwards; None, and no change, if it is over or unknown.
        """


class RunningJobs(Protocol):
    """The records of jobs, for those who run them.

    `attempt` fences: a worker that lost its job to another holds an old attempt, and nothing
    it does changes the record.
    """

    @abstractmethod
    async def claim(self, job_id: JobId, lease: float) -> Job | None:
        """Start a queued job for `lease` seconds; None unless it is there and queued."""

    @abstractmethod
    async def report(
        self, job_id: JobId, attempt: int, lease: float, progress: float | None = None
    ) -> Job | None:
        """Keep a running job for `lease` more seconds, and note its progress.

        None if this attempt does not hold the job (any more).
        """

    @abstractmethod
    async def end(self, job_id: JobId, attempt: int, ending: JobEnded) -> bool:
        """End a running job; False, and no change, if this attempt does not hold it."""

    @abstractmethod
    async def hand_back(self, job_id: JobId, attempt: int, *, lost: bool = False) -> bool:
        """Queue a running job again; False if this attempt does not hold it.

        `lost` says that its worker vanished, which the job remembers.
        """


class StalledJobs(Protocol):
    """The records of jobs that nobody carries on."""

    @abstractmethod
    async def lapsed(self, limit: int) -> list[Job]:
        """Running jobs whose lease is over, longest over first."""

    @abstractmethod
    async def unclaimed(self, waited: float, limit: int) -> list[Job]:
        """Queued jobs that nobody claimed for `waited` seconds, longest waiting first.

        Giving one out counts as a new beginning of its wait.
        """


class EndedJobs(Protocol):
    """The records of endings, each until its audience was told of it."""

    @abstractmethod
    async def untold(self, settled: float, limit: int) -> list[Job]:
        """Jobs that ended at least `settled` seconds ago and of which nobody said `told`,
        in the order of their end."""

    @abstractmethod
    async def told(self, job_id: JobId) -> None:
        """The job's audience knows how it ended; unknown ids are ignored."""


class JobRecords(AskedJobs, RunningJobs, StalledJobs, EndedJobs, Protocol):
    """The truth about jobs, which each service sees only its part of.

    Each method is atomic. A record expires a while after its job's end.
    """


class JobQueue(Protocol):
    """Starts work somewhere. A job put twice may be started twice: the records fence it."""

    @abstractmethod
    async def put(self, job_id: JobId) -> None:
        """Have some worker run this job soon."""

    @abstractmethod
    async def depth(self) -> int:
        """How many jobs wait for a worker."""

    @abstractmethod
    async def interrupt(self, job_id: JobId) -> None:
        """Tell whichever worker runs this job to look at its record; unknown ids are ignored."""
