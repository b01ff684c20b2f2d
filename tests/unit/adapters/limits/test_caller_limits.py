"""Limits of callers: who is counted, for what, and what is told of it."""

import asyncio
from dataclasses import replace

import pytest

from adapters.limit_settings import KeptSettings
from adapters.limits.caller_limits import CallerLimits, member_rates
from adapters.limits.limited import Limited
from adapters.storage.member_allowances_memory import MemoryMemberAllowances
from application.errors import RateLimited
from application.limits import Limit
from application.ports import Cursor
from domain.identity import OPERATOR, Caller
from tests.doubles import ManualClock, caller_limits
from tests.unit.application.people import ADA, BOB, STRANGER

HERE, NEARBY, THERE = "2001:db8::1", "2001:db8::2", "192.0.2.1"
SINCE = Cursor("somewhere")


def at(caller: Caller, address: str) -> Caller:
    return replace(caller, address=address)


async def refused(limits: CallerLimits, caller: Caller) -> RateLimited:
    with pytest.raises(RateLimited) as told:
        await limits.take(Limit.ROOMS_MADE, caller)
    return told.value


async def test_a_member_has_its_limit_at_all_addresses() -> None:
    limits = caller_limits(member_room_burst=2)
    await limits.take(Limit.ROOMS_MADE, at(ADA, HERE))
    await limits.take(Limit.ROOMS_MADE, at(ADA, THERE))
    told = await refused(limits, at(ADA, "192.0.2.9"))
    assert told.scope == "member"
    assert told.retry_after == pytest.approx(0.2)
    await limits.take(Limit.ROOMS_MADE, at(BOB, HERE))
    await limits.take(Limit.TALLY_NAMES, at(ADA, HERE))


async def test_an_address_has_its_limit_for_all_members_and_its_whole_network() -> None:
    limits = caller_limits(address_room_burst=2)
    await limits.take(Limit.ROOMS_MADE, at(ADA, HERE))
    await limits.take(Limit.ROOMS_MADE, at(STRANGER, NEARBY))
    assert (await refused(limits, at(BOB, HERE))).scope == "address"
    await limits.take(Limit.ROOMS_MADE, at(BOB, THERE))


async def test_what_was_refused_is_fine_after_the_wait() -> None:
    clock = ManualClock()
    limits = caller_limits(clock, address_room_burst=1, address_rooms_per_second=2)
    await limits.take(Limit.ROOMS_MADE, at(STRANGER, HERE))
    told = await refused(limits, at(STRANGER, HERE))
    clock.shift(told.retry_after)
    await limits.take(Limit.ROOMS_MADE, at(STRANGER, HERE))


async def test_a_member_that_nothing_tells_again_counts_by_its_address_alone() -> None:
    limits = caller_limits(member_room_burst=1)
    for _ in range(9):
        await limits.take(Limit.ROOMS_MADE, STRANGER)
    assert [share.scope for share in limits.job_shares(STRANGER)] == ["address"]
    assert [share.scope for share in limits.job_shares(ADA)] == ["member", "address"]


async def test_the_operator_has_no_limits() -> None:
    limits = caller_limits(address_room_burst=1, member_room_burst=1, member_recoveries=1)
    operator = Caller(OPERATOR, HERE)
    for _ in range(9):
        await limits.take(Limit.ROOMS_MADE, operator)
    assert limits.job_shares(operator) == ()
    async with limits.recovery(operator, SINCE), limits.recovery(operator, SINCE):
        pass


@pytest.mark.parametrize(
    ("limits", "scope"),
    [
        (caller_limits(recovery_wait=0.01, member_recoveries=1), "member"),
        (caller_limits(recovery_wait=0.01, address_recoveries=1), "address"),
    ],
    ids=["member", "address"],
)
async def test_whoever_comes_back_waits_for_a_turn_and_in_vain_is_told(
    limits: CallerLimits, scope: str
) -> None:
    async with limits.recovery(ADA, SINCE):
        async with limits.recovery(ADA, None):
            pass
        with pytest.raises(RateLimited) as told:
            async with limits.recovery(ADA, SINCE):
                pass
    assert told.value.scope == scope
    async with limits.recovery(ADA, SINCE):
        pass


async def test_a_turn_that_is_free_in_time_is_had() -> None:
    limits = caller_limits(member_recoveries=1, recovery_wait=30)

    async def come_back() -> str:
        async with limits.recovery(ADA, SINCE):
            return "back"

    async with limits.recovery(ADA, SINCE):
        waiting = asyncio.create_task(come_back())
        await asyncio.sleep(0)
        assert not waiting.done()
    assert await waiting == "back"


async def test_a_dry_run_counts_and_refuses_nothing() -> None:
    settings = KeptSettings(
        _env_file=None, member_room_burst=1, address_recoveries=1, recovery_wait=0.01
    )
    limited = Limited(dry_run=True)
    members = MemoryMemberAllowances(member_rates(settings))
    limits = CallerLimits(settings, members, limited)
    for _ in range(3):
        await limits.take(Limit.ROOMS_MADE, ADA)
    async with limits.recovery(ADA, SINCE), limits.recovery(BOB, SINCE):
        pass
    assert limited.counts == {("rooms_made", "member"): 2, ("recoveries", "address"): 1}
