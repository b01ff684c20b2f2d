"""What one attempt at a job has of its output, and how much of that its audience was told."""

from application.ports import GrowingTexts
from domain import jobs
from domain.jobs import Job, JobOutputGrew

GATHER_SECONDS = 0.04
"""What comes within it is told at once: 25 frames a second are as good to the eye as a hundred, and
each of them costs every watcher."""


SHORT = 256
"""Output of no more characters is repeated with each step, for clients that know no other way to
see it grow."""


class OutputIsTooLong(Exception):
    """The work has written more than may be kept of it."""


class JobOutput:
    """Told as it grows: an attempt that writes what an earlier one has written already goes on
    where that ended, and one that writes something else begins anew. `limit` is in characters.

    Asynchronous methods raise `Unavailable`, and can be called again then.
    """

    def __init__(self, texts: GrowingTexts, job: Job, limit: int) -> None:
        self._texts = texts
        self._job = job
        self._limit = limit
        self._audience = jobs.audience(job.id)
        self._text = ""
        self._told = ""
        self._since: float | None = None

    async def begin(self) -> None:
        """Learn what earlier attempts have told; this one must have told that it has begun."""
        self._told = await self._texts.text(self._audience)

    def add(self, part: str, now: float) -> None:
        """Raises `OutputIsTooLong`, and adds nothing then."""
        if len(self._text) + len(part) > self._limit:
            raise OutputIsTooLong
        self._text += part
        if self._since is None:
            self._since = now

    @property
    def short(self) -> str | None:
        """All of it so far, as long as that is short."""
        return self._text if 0 < len(self._text) <= SHORT else None

    def left(self, now: float) -> float | None:
        """For how many seconds more it may gather; None while there is nothing to tell."""
        return None if self._since is None else self._since + GATHER_SECONDS - now

    async def tell(self, *, is_all: bool = False) -> bool:
        """Tell what has gathered, and, where that `is_all`, that there is no more.

        False if another attempt has begun, or the audience has heard how the job ended.
        """
        at = self._end_of_told(is_all=is_all)
        if at is not None:
            # What is kept may end elsewhere: it was lost, or has grown by a call that failed.
            if not await self._grow(at) and not (at and await self._grow(0)):
                return False
            self._told = self._text
        self._since = None
        return True

    async def _grow(self, at: int) -> bool:
        grew = JobOutputGrew(self._job.id, self._job.attempt, at, self._text[at:])
        return await self._texts.grow(self._audience, grew)

    def _end_of_told(self, *, is_all: bool) -> int | None:
        """From where on to tell; None if nothing is to be told."""
        if self._told.startswith(self._text):
            return 0 if is_all and self._told != self._text else None
        return len(self._told) if self._text.startswith(self._told) else 0
