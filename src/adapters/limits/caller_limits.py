"""What one member and one address may have kept or done at a time."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from adapters.addresses import address_key
from adapters.buckets import Buckets, Rate
from adapters.limit_settings import KeptSettings
from adapters.limits.limited import Limited
from adapters.limits.turns import Turns
from application.errors import RateLimited, Scope
from application.job_ports import Share
from application.limits import Limit, Limits, MemberAllowances
from application.ports import Cursor
from domain.identity import Caller

DETAILS: Mapping[Limit, str] = {
    Limit.ROOMS_MADE: "Too many new rooms; rooms that exist are open.",
    Limit.TALLY_NAMES: "Too many events of new names; known names are counted.",
    Limit.JOBS_WAITING: "Too many of your jobs are waiting.",
    Limit.JOB_BYTES: "Your jobs take too much; they are kept for a while after their end.",
    Limit.RECOVERIES: "Too many come back at once.",
}

RECOVERY_SECONDS = 1.0
"""When to try again after waiting for a turn in vain."""


def member_rates(settings: KeptSettings) -> Mapping[Limit, Rate]:
    """What `MemberAllowances` are made with."""
    return {
        Limit.ROOMS_MADE: Rate(settings.member_rooms_per_second, settings.member_room_burst),
        Limit.TALLY_NAMES: Rate(settings.member_names_per_second, settings.member_name_burst),
    }


class CallerLimits(Limits):
    """A member that nothing tells again, such as a visitor without a cookie, is a new one each
    time: only its address counts."""

    def __init__(
        self,
        settings: KeptSettings,
        members: MemberAllowances,
        limited: Limited,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._members = members
        self._limited = limited
        self._clock = clock
        self._addresses = {
            Limit.ROOMS_MADE: Buckets(
                Rate(settings.address_rooms_per_second, settings.address_room_burst)
            ),
            Limit.TALLY_NAMES: Buckets(
                Rate(settings.address_names_per_second, settings.address_name_burst)
            ),
        }
        self._turns: Mapping[Scope, Turns] = {
            "member": Turns(settings.member_recoveries),
            "address": Turns(settings.address_recoveries),
        }

    async def take(self, limit: Limit, caller: Caller) -> None:
        if caller.identity.is_operator:
            return
        if caller.member.recognised and (wait := await self._members.take(limit, caller.member.id)):
            self.refuse(limit, "member", caller, wait)
        wait = self._addresses[limit].take(address_key(caller.address), self._clock())
        if wait:
            self.refuse(limit, "address", caller, wait)

    @contextlib.asynccontextmanager
    async def recovery(self, caller: Caller, since: Cursor | None) -> AsyncIterator[None]:
        if since is None or caller.identity.is_operator:
            yield
            return
        until = asyncio.get_running_loop().time() + self._settings.recovery_wait
        async with contextlib.AsyncExitStack() as held:
            for scope, key in _keys(caller):
                try:
                    await held.enter_async_context(self._turns[scope].turn(key, until))
                except TimeoutError:
                    self.refuse(Limit.RECOVERIES, scope, caller, RECOVERY_SECONDS)
            yield

    def job_shares(self, caller: Caller) -> Sequence[Share]:
        if caller.identity.is_operator:
            return ()
        settings = self._settings
        of: Mapping[Scope, tuple[int, int]] = {
            "member": (settings.member_jobs_waiting, settings.member_job_bytes),
            "address": (settings.address_jobs_waiting, settings.address_job_bytes),
        }
        return [Share(scope, key, *of[scope]) for scope, key in _keys(caller)]

    def refuse(self, limit: Limit, scope: Scope, caller: Caller, retry_after: float) -> None:
        if self._limited.refuses(limit, scope, address_key(caller.address)):
            raise RateLimited(DETAILS[limit], scope, retry_after)


def _keys(caller: Caller) -> list[tuple[Scope, str]]:
    keys: list[tuple[Scope, str]] = [("address", address_key(caller.address))]
    if caller.member.recognised:
        keys.insert(0, ("member", caller.member.id))
    return keys
