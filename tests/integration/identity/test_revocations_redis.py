"""Revocations on Redis: the contract, and several processes."""

import asyncio
import json
from collections.abc import Sequence
from functools import partial

import pytest

from adapters.identity import revocations_redis
from adapters.identity.revocation_table import Kept
from adapters.identity.revocations_redis import LATE, RedisRevocations
from adapters.redis_connection import Client
from application.errors import TooManyRevocations, Unavailable
from application.identity_ports import Revocations
from domain.identity import Identity
from tests.contracts.revocation_times import RevocationTimesContract
from tests.contracts.revocations import (
    LIFE,
    LIMIT,
    LONG_OVER,
    Ears,
    RevocationsContract,
    revoked,
    somebody,
)
from tests.doubles import BEGINNING, ManualClock
from tests.integration.footprint import calls
from tests.integration.identity.revoking import (
    AgingRevocations,
    members,
    revocations_of,
    running,
)
from tests.waiting import eventually

pytestmark = pytest.mark.redis


def all_revoked(process: Revocations, identities: Sequence[Identity]) -> bool:
    return all(map(process.is_revoked, identities))


@pytest.fixture
def clock(redis_client: Client, prefix: str) -> AgingRevocations:
    return AgingRevocations(redis_client, prefix)


@pytest.fixture
def revocations(redis_client: Client, prefix: str, clock: ManualClock) -> RedisRevocations:
    return revocations_of(redis_client, prefix, clock)


@pytest.fixture
def other_process(redis_client: Client, prefix: str, clock: ManualClock) -> RedisRevocations:
    return revocations_of(redis_client, prefix, clock)


class TestRedisRevocations(RevocationsContract, RevocationTimesContract):
    """The contract, as one process sees it that nobody tells anything."""


class TestRedisRevocationsThatAreRead(RevocationsContract, RevocationTimesContract):
    """The same while it reads what it wrote, over and over."""

    @pytest.fixture
    async def revocations(
        self,
        redis_client: Client,
        prefix: str,
        clock: ManualClock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> RedisRevocations:
        revocations = revocations_of(redis_client, prefix, clock)
        add = revocations._add

        async def add_and_read(several: Sequence[Kept]) -> None:
            await revocations.read()
            await add(several)
            await revocations.read()

        monkeypatch.setattr(revocations, "_add", add_and_read)
        return revocations


async def test_each_process_learns_what_another_revoked_and_is_told_once(
    redis_client: Client, prefix: str
) -> None:
    one, two = (revocations_of(redis_client, prefix) for _ in range(2))
    now = one._clock.now()
    heard = [Ears(one), Ears(two)]

    async with running(one, two):
        await one.revoke([revoked("sub:ada", now)])
        await two.revoke([revoked("sub:bob", now)])
        for process in (one, two):
            everybody = [somebody("ada", now - 1), somebody("bob", now - 1)]
            await eventually(partial(all_revoked, process, everybody))
        for each in (one, two):
            await each.read()

    for ears in heard:
        assert sorted(ears.heard, key=lambda told: told.target) == [
            revoked("sub:ada", now),
            revoked("sub:bob", now),
        ]


async def test_a_process_that_is_started_later_knows_before_it_serves(
    revocations: Revocations, other_process: RedisRevocations
) -> None:
    await revocations.revoke([revoked("sub:ada")])

    async with running(other_process):
        assert other_process.is_revoked(somebody())


async def test_two_services_on_one_redis_do_not_revoke_for_each_other(
    redis_client: Client, prefix: str, clock: ManualClock, revocations: Revocations
) -> None:
    other = revocations_of(redis_client, f"{prefix}-other", clock)
    await revocations.revoke([revoked("sub:ada")])

    await other.read()

    assert not other.is_revoked(somebody())


async def test_all_processes_together_have_one_bound(
    revocations: Revocations, other_process: Revocations
) -> None:
    await revocations.revoke([revoked(f"sub:{number}") for number in range(LIMIT)])

    with pytest.raises(TooManyRevocations):
        await other_process.revoke([revoked("sub:ada")])

    assert not other_process.is_revoked(somebody())


@pytest.mark.parametrize("number", [2, 3, 4, 6, 7])
async def test_what_takes_several_pages_is_read_whole(
    redis_client: Client,
    prefix: str,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
) -> None:
    monkeypatch.setattr(revocations_redis, "PAGE", 3)
    one, two, three = (revocations_of(redis_client, prefix, clock, limit=99) for _ in range(3))
    await one.revoke([revoked("sub:first")])
    await two.read()

    for each in range(number):
        await one.revoke([revoked(f"sub:{each}")])
    await two.read()
    await three.read()

    for process in (two, three):
        assert all(process.is_revoked(somebody(f"{each}")) for each in range(number))


async def test_a_hundred_thousand_are_known_at_the_start(
    redis_client: Client, prefix: str, clock: ManualClock
) -> None:
    number = 100_000
    process = revocations_of(redis_client, prefix, clock, limit=number)
    place = clock.now() * 1_000_000
    for begin in range(0, number, 10_000):
        some = {
            json.dumps([f"sub:{each}", BEGINNING, BEGINNING + LIFE]): place + each
            for each in range(begin, begin + 10_000)
        }
        await redis_client.zadd(f"{prefix}:revocations", some)

    async with running(process):
        for each in (0, 1, 999, 1_000, 50_000, number - 1):
            assert process.is_revoked(somebody(f"{each}"))
        assert len(process._table.known()) == number


async def test_reading_is_one_command_that_writes_nothing(
    redis_client: Client, revocations: RedisRevocations, other_process: RedisRevocations
) -> None:
    await revocations.revoke([revoked("sub:ada")])
    for process in (revocations, other_process):
        await process.read()
    before = await calls(redis_client)

    await revocations.read()
    await other_process.read()

    counted = await calls(redis_client) - before
    del counted["info"]
    assert counted == {"zrangebyscore": 2}


async def test_what_is_revoked_over_and_over_takes_little_room_and_nothing_is_read_anew(
    redis_client: Client,
    prefix: str,
    clock: ManualClock,
    revocations: RedisRevocations,
    other_process: RedisRevocations,
) -> None:
    both = (revocations, other_process)
    for process in both:
        await process.revoke([revoked("sub:bob")])
        await process.read()

    for number in range(20):
        clock.shift(1)
        await both[number % 2].revoke([revoked("sub:ada", BEGINNING + number)])
        for process in both:
            newest = process._newest
            assert newest is not None
            assert await process._read_on(newest)

    assert len(await members(redis_client, prefix)) <= 5
    for process in both:
        assert process.is_revoked(somebody(issued_at=BEGINNING + 18.5))


async def test_what_nobody_needs_any_more_is_not_kept(
    redis_client: Client, prefix: str, clock: AgingRevocations, revocations: RedisRevocations
) -> None:
    await revocations.revoke([revoked("sub:ada")])
    key = f"{prefix}:revocations"
    assert LIFE < await redis_client.ttl(key) <= LIFE + LONG_OVER
    await clock.advance(LIFE + LONG_OVER)

    await revocations.revoke([revoked("sub:bob", clock.now())])
    await revocations.read()

    (member,) = await members(redis_client, prefix)
    assert b"bob" in member
    assert LIFE < await redis_client.ttl(key) <= LIFE + LONG_OVER


async def test_what_ends_is_not_put_back(
    redis_client: Client, prefix: str, clock: AgingRevocations, revocations: RedisRevocations
) -> None:
    await revocations.revoke([revoked("sub:ada", BEGINNING + 59)])
    await revocations.read()
    await clock.advance(LIFE + LONG_OVER)
    await redis_client.delete(f"{prefix}:revocations")  # as it would have ended by itself

    await revocations.read()

    assert await members(redis_client, prefix) == []


def test_a_process_that_has_read_nothing_is_not_ready(revocations: RedisRevocations) -> None:
    with pytest.raises(Unavailable):
        revocations.check()


async def test_a_process_that_reads_nothing_for_long_is_not_ready(
    clock: ManualClock, revocations: RedisRevocations
) -> None:
    await revocations.read()
    revocations.check()

    clock.set(3600)
    revocations.check()
    clock.shift(LATE + 1)
    with pytest.raises(Unavailable):
        revocations.check()
    await revocations.read()
    revocations.check()


async def test_many_processes_that_revoke_at_once_all_know_all(
    redis_client: Client, prefix: str, clock: ManualClock
) -> None:
    processes = [revocations_of(redis_client, prefix, clock, limit=1_000) for _ in range(5)]

    async def revoke_and_read(index: int) -> None:
        for number in range(20):
            await processes[index].revoke([revoked(f"sub:{index}-{number}")])
            await processes[index].read()

    await asyncio.gather(*map(revoke_and_read, range(5)))
    for process in processes:
        await process.read()

    for process in processes:
        assert len(process._table.known()) == 100
    assert len(await members(redis_client, prefix)) == 100
