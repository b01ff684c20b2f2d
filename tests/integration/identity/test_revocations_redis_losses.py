"""A Redis that forgot revocations, was away, or holds what is none of ours."""

import math
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from adapters.environment import load_settings
from adapters.identity import revocations_redis
from adapters.identity.revocations_redis import LATE, RedisRevocations
from adapters.redis_connection import Client, connect
from application.errors import Unavailable
from application.identity_ports import Revocations
from tests.contracts.revocations import LIFE, LIMIT, Ears, revoked, somebody
from tests.doubles import BEGINNING, ManualClock
from tests.integration.identity.revoking import members, revocations_of, running
from tests.integration.processes import Redis
from tests.waiting import eventually

pytestmark = pytest.mark.redis


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def one(redis_client: Client, prefix: str, clock: ManualClock) -> RedisRevocations:
    return revocations_of(redis_client, prefix, clock)


@pytest.fixture
def two(redis_client: Client, prefix: str, clock: ManualClock) -> RedisRevocations:
    return revocations_of(redis_client, prefix, clock)


@pytest.fixture
def newcomer(redis_client: Client, prefix: str, clock: ManualClock) -> RedisRevocations:
    return revocations_of(redis_client, prefix, clock)


async def forget(client: Client, prefix: str) -> None:
    await client.delete(f"{prefix}:revocations")


async def test_what_redis_forgot_is_put_back_once_by_all_who_know_it(
    redis_client: Client,
    prefix: str,
    one: RedisRevocations,
    two: RedisRevocations,
    newcomer: RedisRevocations,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(revocations_redis, "AT_ONCE", 2)
    names = ["ada", "bob", "eve"]
    for name in names:
        await one.revoke([revoked(f"sub:{name}")])
    await two.read()
    await one.read()
    ears = [Ears(one), Ears(two)]

    await forget(redis_client, prefix)
    await one.read()
    await two.read()
    await newcomer.read()

    assert len(await members(redis_client, prefix)) == 3
    for process in (one, two, newcomer):
        assert all(process.is_revoked(somebody(name)) for name in names)
    assert [told.heard for told in ears] == [[], []]


async def test_what_redis_forgot_before_it_was_read_is_put_back(
    redis_client: Client, prefix: str, one: RedisRevocations, newcomer: RedisRevocations
) -> None:
    await one.revoke([revoked("sub:ada")])

    await forget(redis_client, prefix)
    await one.read()
    await newcomer.read()

    assert newcomer.is_revoked(somebody())


@pytest.mark.parametrize("is_read", [True, False], ids=["read", "unread"])
@pytest.mark.parametrize("has_newer", [True, False], ids=["newer", "nothing newer"])
async def test_what_an_older_replica_lacks_is_put_back(
    redis_client: Client,
    prefix: str,
    one: RedisRevocations,
    two: RedisRevocations,
    newcomer: RedisRevocations,
    is_read: bool,
    has_newer: bool,
) -> None:
    key = f"{prefix}:revocations"
    await one.revoke([revoked("sub:ada")])
    await one.read()
    old = await redis_client.dump(key)
    await one.revoke([revoked("sub:bob")])
    if is_read:
        await one.read()

    await redis_client.restore(key, 60_000, old, replace=True)
    if has_newer:
        await two.revoke([revoked("sub:eve")])
    await one.read()
    await newcomer.read()

    for process in (one, newcomer):
        assert process.is_revoked(somebody("ada"))
        assert process.is_revoked(somebody("bob"))
        assert process.is_revoked(somebody("eve")) == has_newer


async def test_what_redis_has_less_of_than_we_know_is_put_back(
    redis_client: Client, prefix: str, one: RedisRevocations, newcomer: RedisRevocations
) -> None:
    key = f"{prefix}:revocations"
    await one.revoke([revoked("sub:ada", BEGINNING - 9)])
    old = await redis_client.dump(key)
    await one.revoke([revoked("sub:ada")])

    await redis_client.restore(key, 60_000, old, replace=True)
    await one.read()
    await newcomer.read()

    assert newcomer.is_revoked(somebody(issued_at=BEGINNING - 1))


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


async def test_a_redis_with_no_room_to_put_something_back_is_logged_and_asked_no_more(
    redis_client: Client,
    prefix: str,
    one: RedisRevocations,
    two: RedisRevocations,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await one.revoke([revoked("sub:ada")])
    await one.read()
    await forget(redis_client, prefix)
    await two.revoke([revoked(f"sub:{number}") for number in range(LIMIT)])

    for _ in range(3):
        await one.read()

    assert one.is_revoked(somebody("ada"))
    assert [record.getMessage() for record in caplog.records if "put back" in record.message]
    assert caplog.text.count("put back") == 1


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


@pytest.fixture(params=["with its data", "without its data"])
def mortal(request: pytest.FixtureRequest, redis_binary: Path, tmp_path: Path) -> Iterator[Redis]:
    keeps = request.param == "with its data"
    options = {"appendonly": "yes", "appendfsync": "always"} if keeps else {}
    with Redis(redis_binary, tmp_path, **options) as server:
        yield server


@pytest.fixture
async def mortal_client(mortal: Redis) -> AsyncIterator[Client]:
    client = connect(load_settings(redis_url=mortal.url, redis_timeout=5, redis_pool=8).redis)
    yield client
    await client.aclose(close_connection_pool=True)


async def test_redis_killed_and_back(
    mortal: Redis, mortal_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    one, two, newcomer = (revocations_of(mortal_client, "house") for _ in range(3))
    now = one._clock.now()
    ada, bob = somebody("ada", now - 1), somebody("bob", now - 1)

    def knows(process: Revocations) -> bool:
        return process.is_revoked(ada) and process.is_revoked(bob)

    async with running(one, two):
        await one.revoke([revoked("sub:ada", now)])
        await eventually(lambda: two.is_revoked(ada))
        told = Ears(two)

        mortal.kill()
        with pytest.raises(Unavailable):
            await one.revoke([revoked("sub:bob", now)])
        await eventually(lambda: "revocations can't be exchanged" in caplog.text)
        assert one.is_revoked(ada)
        assert two.is_revoked(ada)
        assert not one.is_revoked(bob)

        mortal.start()
        await one.revoke([revoked("sub:bob", now)])
        await eventually(lambda: knows(two))
        # Each puts back what it knew, whoever of them sees first that it is missing.
        await one.read()
        await newcomer.start()
        assert knows(newcomer)
        await newcomer.stop()
    assert told.heard == [revoked("sub:bob", now)]
    assert "failed" not in caplog.text
