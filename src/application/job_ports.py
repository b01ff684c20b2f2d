"""What jobs need from the outside: records that hold the truth, and a queue that starts them.

The records are one thing, `JobRecords`, of which each user takes its part: whoever asks for jobs,
runs them, or reaps them. Every method raises `Unavailable` when its backend can't answer in time.
"""

import json
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from application.errors import Scope
from domain.identity import IdempotencyKey, JobId, MemberId
from domain.job_kinds import takes_input
from domain.jobs import INPUT_BYTES, Job, JobEnded

LISTED_BACK = 200
"""At least so many of a member's newest jobs can be listed."""


RECORD_BYTES = 8_192
"""What a job takes beside its content: the rest of its record, its places in sets, and of its
stream, for which Redis sets 4 KiB aside, everything else."""

COPIES = 8
"""How often its content is kept at most, once it is over: in the record, in the outcome, in its
output, and in the frames of its stream, which repeat what is short."""


@dataclass(frozen=True, slots=True)
class Share:
    """What jobs one member, or one address, may have: at most `waiting` that wait, and `kept` bytes
    (see `bytes_of`) of those that were added within the retention. `key` is who it is."""

    scope: Scope
    key: str
    waiting: int
    kept: int


class ShareIsUsedUp(Exception):
    """Of this scope too many jobs wait; or, with `is_bytes`, too many bytes are kept.
    `retry_after` is in seconds."""

    def __init__(self, scope: Scope, retry_after: float, *, is_bytes: bool) -> None:
        super().__init__(scope)
        self.scope = scope
        self.retry_after = retry_after
        self.is_bytes = is_bytes


WAITING_SECONDS = 5.0
"""When to try again while too many jobs wait: nobody knows when one of them is begun."""


def bytes_of(job: Job) -> int:
    """What keeping a job takes at most on Redis, record and stream, if it is begun once. Its
    content is measured as it is written there: a control character takes six bytes. What it may be
    given counts in full, since it is given later."""
    content = len(json.dumps(job.content, ensure_ascii=False).encode())
    given = INPUT_BYTES if takes_input(job.kind) else 0
    return RECORD_BYTES + COPIES * (content + given)


class KnownJobs(Protocol):
    """The records of jobs, for those who know an id."""

    @abstractmethod
    async def get(self, job_id: JobId) -> Job | None:
        """The job as it is now; None for an unknown id."""

    @abstractmethod
    async def is_gone(self, job_id: JobId) -> bool:
        """Whether there is no record, not even one that this release can't read."""


class AskedJobs(KnownJobs, Protocol):
    """The records of jobs, for those who ask for them."""

    @abstractmethod
    async def add(self, job: Job, shares: Sequence[Share] = ()) -> bool:
        """Keep a new job; False, and no change, if its id or its `key` is known already.

        A key is known for as long as the record of its job is kept. Raises `ShareIsUsedUp`, and
        changes nothing, if it doesn't fit into one of the `shares`, also when many add at once. A
        job that was handed back may no longer count as waiting there. Of bytes, half of what is
        kept may come at once and the other half over the retention; one job fits where nothing is.
        """

    @abstractmethod
    async def keyed(self, key: IdempotencyKey) -> Job | None:
        """The job that was added with this key; None for an unknown key."""

    @abstractmethod
    async def of_owner(self, owner: MemberId, limit: int) -> list[Job]:
        """The newest `limit` jobs of one member, the one that was added last first.

        A backend may leave out jobs that were added more than a day ago, or before the
        newest `LISTED_BACK`, expired ones included. `get` still finds them.
        """

    @abstractmethod
    async def cancel(self, job_id: JobId, at: float | None = None) -> Job | None:
        """Cancel a queued job, which has ended `at` then, or request it of a running one.

        Returns the job as it is afterwards; None, and no change, if it is over or unknown.
        """

    @abstractmethod
    async def give(self, job_id: JobId, data: str) -> Job | None:
        """Give a running job input, which whoever runs it is told with its next `report`.

        Returns the job as it is afterwards; None for an unknown id. Raises what `Job.give` does.
        """


class RunningJobs(KnownJobs, Protocol):
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

        None, and no change, if this attempt does not hold the job (any more). A lease that is
        over can still be renewed, as long as nobody took the job.
        """

    @abstractmethod
    async def end(self, job_id: JobId, attempt: int, ending: JobEnded) -> bool:
        """End a running job; False, and no change, if this attempt does not hold it."""

    @abstractmethod
    async def hand_back(self, job_id: JobId, attempt: int, *, lost: bool = False) -> bool:
        """Queue a running job again; False, and no change, if this attempt does not hold it.

        `lost` says that its worker vanished, which the job remembers.
        """


class StalledJobs(Protocol):
    """The records of jobs that nobody carries on.

    There may be more than the methods return, even below `limit`: then the next call returns them.
    """

    @abstractmethod
    async def lapsed(self, limit: int) -> list[Job]:
        """Running jobs whose lease is over, longest over first."""

    @abstractmethod
    async def unclaimed(self, waited: float, limit: int) -> list[Job]:
        """Queued jobs that nobody claimed for `waited` seconds, longest waiting first.

        The wait of a job that is returned begins anew.
        """


class EndedJobs(Protocol):
    """The records of endings, each until its audience was told of it."""

    @abstractmethod
    async def untold(self, settled: float, limit: int) -> list[Job]:
        """Jobs that ended at least `settled` seconds ago and of which nobody said `told`,
        in the order of their end."""

    @abstractmethod
    async def told(self, job_id: JobId) -> None:
        """The job's audience knows how it ended. Of jobs that are not over this means nothing."""


class JobRecords(AskedJobs, RunningJobs, StalledJobs, EndedJobs, Protocol):
    """The truth about jobs, which each service sees only its part of.

    Each method is atomic. All moments and their order are those of the backend's one clock, to
    the millisecond. A record expires when its job has been over for the retention that the
    implementation is made with; where memory is bounded, the first to end may expire earlier.
    A job that is not over stays. An expired id is unknown, and may become a new job.
    """


class JobQueue(Protocol):
    """Starts jobs somewhere, roughly in the order in which they were put.

    A job put twice counts, and is started, once or twice: the records fence it. An interrupt may
    be lost.
    """

    @abstractmethod
    async def put(self, job_id: JobId) -> None:
        """Have some worker run this job soon."""

    @abstractmethod
    async def depth(self) -> int:
        """How many jobs wait for a worker."""

    @abstractmethod
    async def interrupt(self, job_id: JobId) -> None:
        """Tell whichever worker runs this job to look at its record; unknown ids are ignored."""
