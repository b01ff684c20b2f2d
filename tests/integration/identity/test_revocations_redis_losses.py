"""A Redis that forgot revocations, or was away."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from adapters.environment import load_settings
from adapters.identity import revocations_redis
from adapters.identity.revocations_redis import RedisRevocations
from adapters.redis_connection import Client, connect
from application.errors import Unavailable
from application.identity_ports import Revocations
from tests.contracts.revocations import LIMIT, Ears, revoked, somebody
from tests.doubles import BEGINNING
from tests.integration.identity.revoking import forget, members, revocations_of, running
from tests.integration.processes import Redis
from tests.waiting import eventually

pytestmark = pytest.mark.redis


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
