"""A Redis that holds what is no revocation of ours."""

import math

import pytest

from adapters.identity import revocations_redis
from adapters.identity.revocations_redis import LATE, RedisRevocations
from adapters.redis_connection import Client
from application.errors import Unavailable
from tests.contracts.revocations import LIFE, LIMIT, revoked, somebody
from tests.doubles import BEGINNING, ManualClock
from tests.integration.identity.revoking import members, revocations_of

pytestmark = pytest.mark.redis


async def test_a_place_of_the_future_holds_up_nothing(
    redis_client: Client, prefix: str, one: RedisRevocations, two: RedisRevocations
) -> None:
    """As the clock of Redis set back leaves it, or a stranger."""
    key = f"{prefix}:revocations"
    await one.revoke([revoked("sub:ada")])
    await one.read()
    await two.read()
    (mine,) = await members(redis_client, prefix)
    await redis_client.zincrby(key, 3600 * 1_000_000, mine)
    await redis_client.zadd(key, {"stranger": 2.0**53 - 1, "other": math.inf})
    await one.read()
    await two.read()

    await one.revoke([revoked("sub:bob")])
    await two.read()
    await two.revoke([revoked("sub:eve")])
    await one.read()

    for process in (one, two):
        assert all(process.is_revoked(somebody(name)) for name in ("ada", "bob", "eve"))
    assert len(await members(redis_client, prefix)) == 3


GARBAGE = [
    b"",
    b"\xff\x00",
    b"{}",
    b"[]",
    b'["sub:ada", 1]',
    b'["sub:ada", "1", 2]',
    b'["sub:ada", 1, NaN]',
    b'["sub:ada", 1, 1e999]',
    b'["sub:ada", true, 2]',
    b'["nobody", 1, 2]',
    b'["sub:\\ud800", 1, 2]',
    b'["sub:", 1, 2]',
    b'["sub:' + b"x" * 300 + b'", 1, 2]',
    b"[" * 10_000,
]


async def test_what_is_no_revocation_is_passed_over_and_logged_each_once(
    redis_client: Client,
    prefix: str,
    one: RedisRevocations,
    two: RedisRevocations,
    caplog: pytest.LogCaptureFixture,
) -> None:
    key = f"{prefix}:revocations"
    await two.read()
    for number, raw in enumerate(GARBAGE):
        await redis_client.zadd(key, {raw: 1_000_000 + number})
    await two.read()
    assert len(caplog.records) == len(GARBAGE)
    assert all(record.exc_info is None for record in caplog.records)
    for _ in range(3):
        await two.read()
    assert len(caplog.records) == len(GARBAGE)

    await one.revoke([revoked("sub:ada")])
    await two.read()

    assert two.is_revoked(somebody())


async def test_one_without_an_end_has_one(
    redis_client: Client, prefix: str, clock: ManualClock, one: RedisRevocations
) -> None:
    raw = b'["sub:ada", %.1f, 1e300]' % BEGINNING
    await redis_client.zadd(f"{prefix}:revocations", {raw: 1_000_000})
    await one.read()
    assert one.is_revoked(somebody())

    clock.shift(LIFE + revocations_redis.LONGEST)

    assert not one.is_revoked(somebody())


async def test_more_than_is_kept_does_not_fill_a_process(
    redis_client: Client, prefix: str, one: RedisRevocations, caplog: pytest.LogCaptureFixture
) -> None:
    await revocations_of(redis_client, prefix, ManualClock(), limit=99).revoke(
        [revoked(f"sub:{number}") for number in range(20)]
    )

    await one.read()

    assert len(one._table.known()) == LIMIT
    assert len(caplog.records) == 1


async def test_a_key_of_another_type_is_refused_and_nothing_known_is_lost(
    redis_client: Client,
    prefix: str,
    clock: ManualClock,
    one: RedisRevocations,
    newcomer: RedisRevocations,
) -> None:
    key = f"{prefix}:revocations"
    await one.revoke([revoked("sub:ada")])
    await one.read()
    await redis_client.set(key, "x")

    with pytest.raises(Unavailable):
        await one.read()
    with pytest.raises(Unavailable):
        await one.revoke([revoked("sub:bob")])
    clock.shift(LATE + 1)
    with pytest.raises(Unavailable):
        one.check()
    with pytest.raises(Unavailable):
        await newcomer.start()
    assert one.is_revoked(somebody("ada"))

    await redis_client.delete(key)
    await one.read()
    one.check()
    await newcomer.read()
    assert newcomer.is_revoked(somebody("ada"))
