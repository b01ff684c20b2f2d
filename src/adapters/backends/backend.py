"""What every backend gives the container, and what it can do."""

import asyncio
import contextlib
from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Protocol

from adapters.layers.lanes import Lane
from adapters.settings import Settings
from application.identity_ports import Revocations, Tickets
from application.job_ports import JobQueue, JobRecords
from application.job_reaper import JobReaper
from application.job_runner import JobRunner
from application.limits import MemberAllowances
from application.member_rates import MemberRates
from application.ports import Clock, Presence, Tally


class Backend(Protocol):
    """Built without opening anything; raises `SettingsAreWrong` for what it can't be built from."""

    is_shared: ClassVar[bool]
    """Whether several processes on it are one service: servers, workers, commands."""

    lanes: Mapping[str, Lane]
    presence: Presence
    tally: Tally
    job_records: JobRecords
    job_queue: JobQueue
    member_allowances: MemberAllowances
    revocations: Revocations
    tickets: Tickets
    member_rates: MemberRates

    @abstractmethod
    def __init__(self, settings: Settings, clock: Clock) -> None: ...

    @abstractmethod
    async def check(self) -> None:
        """Before the start: return if the backend answers and has all that is needed.

        Raises `Unavailable`, or `SettingsAreWrong` with what is missing.
        """

    @abstractmethod
    async def ping(self) -> None:
        """Return if this process can serve with it now.

        Raises `Unavailable`; its detail is the reason, without addresses and names.
        """

    @abstractmethod
    def away_for(self) -> float:
        """For how many seconds this process has not heard from its backend."""

    @abstractmethod
    async def shared_secret(self, drawn: str) -> str:
        """What all servers of the service sign with: `drawn`, unless one was here before. Raises
        `Unavailable`."""

    @abstractmethod
    def serving(self, runner: JobRunner) -> contextlib.AbstractAsyncContextManager[None]:
        """Open and close, in order and in reverse, what a server process needs."""

    @abstractmethod
    def sending(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Open and close what publishing alone needs."""

    @abstractmethod
    async def run_worker(self, runner: JobRunner, reaper: JobReaper, stop: asyncio.Event) -> None:
        """Be a worker process until `stop` is set. Only a shared backend has such."""
