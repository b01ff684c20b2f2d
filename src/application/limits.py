"""What one caller may have kept or done at a time, so that the others have their share."""

from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Any, Protocol

from application.errors import Scope
from application.job_ports import Share
from application.ports import Cursor, History
from domain.audiences import Audience
from domain.identity import Caller, MemberId


class Limit(StrEnum):
    ROOMS_MADE = "rooms_made"
    TALLY_NAMES = "tally_names"
    JOBS_WAITING = "jobs_waiting"
    JOB_BYTES = "job_bytes"
    RECOVERIES = "recoveries"


class MemberAllowances(Protocol):
    """How much members may make in a time, on all server processes together: a rate and a burst for
    each limit, which the implementation is made with."""

    @abstractmethod
    async def take(self, limit: Limit, member: MemberId) -> float:
        """Count one and return 0; or, if that is too much, count nothing, and return in how many
        seconds it may be tried again. Raises `Unavailable`."""


class Limits(Protocol):
    """By member and by network address. A member's limits hold over all server processes, an
    address' in this one; recoveries are counted in this one for both. The operator has none."""

    @abstractmethod
    async def take(self, limit: Limit, caller: Caller) -> None:
        """Count one more of `ROOMS_MADE` or `TALLY_NAMES`. Raises `RateLimited`: then there were
        too many too fast; and `Unavailable`. What is refused counts for nothing, but for a member
        whose address is over its limit."""

    @abstractmethod
    def recovery(self, caller: Caller, since: Cursor | None) -> AbstractAsyncContextManager[object]:
        """A turn to come back with a cursor, for as long as it is entered. Waits until one is
        free, and raises `RateLimited` if that takes too long. Without a cursor it is nothing."""

    @abstractmethod
    def job_shares(self, caller: Caller) -> Sequence[Share]:
        """How many jobs the caller may have; see `AskedJobs.add`."""

    @abstractmethod
    def refuse(self, limit: Limit, scope: Scope, caller: Caller, retry_after: float) -> None:
        """Raise `RateLimited` for what is over `limit`, unless limits are only tried out."""


class RoomsMade:
    """A room is made when somebody enters it, or something is said there, and nothing of it is
    kept. What was made once costs nothing more, and a room with listeners here asks nobody."""

    def __init__(self, history: History, limits: Limits) -> None:
        self._history = history
        self._limits = limits

    async def demand(self, caller: Caller, audience: Audience[Any]) -> None:
        """Raise `RateLimited` if the room isn't there, and `caller` made too many."""
        if not await self._history.is_known(audience):
            await self._limits.take(Limit.ROOMS_MADE, caller)
