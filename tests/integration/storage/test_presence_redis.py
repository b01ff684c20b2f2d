"""Presence on Redis: the contract, leases, and several processes."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.redis_connection import Client
from adapters.storage import presence_redis
from adapters.storage.presence_redis import RedisPresence
from application.ports import Presence
from domain.identity import ConnectionId, RoomName
from domain.rooms import RoomSize, Roster
from tests.contracts.presence import ATTIC, LOBBY, PresenceContract, enter, member
from tests.integration.client import until
from tests.integration.storage.aging import AgingKeys

pytestmark = pytest.mark.redis

LEASE = 60.0


@pytest.fixture
def presence(redis_client: Client, prefix: str) -> RedisPresence:
    return RedisPresence(redis_client, prefix, lease=LEASE)


@pytest.fixture
def other_process(redis_client: Client, prefix: str) -> Presence:
    return RedisPresence(redis_client, prefix, lease=LEASE)


@pytest.fixture
def clock(redis_client: Client, prefix: str) -> AgingKeys:
    return AgingKeys(redis_client, prefix)


class TestRedisPresence(PresenceContract):
    """The contract, shared by all processes of a service."""


async def test_processes_see_and_count_each_others_members(
    presence: Presence, other_process: Presence
) -> None:
    await enter(presence, LOBBY, "ada")

    assert await enter(other_process, LOBBY, "bob") == [2]
    for each in (presence, other_process):
        roster = await each.roster(LOBBY, 9)
        assert (roster.count, set(roster.members)) == (2, {member("ada"), member("bob")})
        assert await each.rooms(9) == [RoomSize(LOBBY, 2)]
    assert await other_process.leave(LOBBY, ConnectionId("bob")) == 1


async def test_two_services_on_one_redis_do_not_see_each_other(
    redis_client: Client, prefix: str, presence: Presence
) -> None:
    other = RedisPresence(redis_client, f"{prefix}-other", lease=LEASE)
    await enter(presence, LOBBY, "ada")

    assert await enter(other, LOBBY, "bob") == [1]
    assert await other.roster(LOBBY, 9) == Roster(1, (member("bob"),))


async def test_whoever_is_in_a_process_that_died_is_gone_after_the_lease(
    presence: Presence, other_process: Presence, clock: AgingKeys
) -> None:
    await enter(presence, LOBBY, "ada")
    await enter(presence, ATTIC, "ada")
    await clock.advance(LEASE / 2)
    await enter(other_process, LOBBY, "bob")

    await clock.advance(LEASE / 2 + 1)

    assert await other_process.roster(LOBBY, 9) == Roster(1, (member("bob"),))
    assert await other_process.rooms(9) == [RoomSize(LOBBY, 1)]
    assert await enter(other_process, LOBBY, "eve", limit=2) == [2]


async def test_whoever_leaves_while_leases_are_renewed_stays_away(
    redis_client: Client,
    prefix: str,
    other_process: Presence,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(presence_redis, "AT_ONCE", 2)
    presence = RedisPresence(redis_client, prefix, lease=LEASE)
    rooms = [RoomName(f"room {number}") for number in range(3)]
    names = [f"member {number}" for number in range(9)]
    for room in rooms:
        await enter(presence, room, *names, "bob")

    async def leave(room: RoomName, name: str) -> None:
        assert await presence.leave(room, ConnectionId(name)) is not None

    leaving = [leave(room, name) for room in rooms for name in names]
    await asyncio.gather(presence._renew_all(), *leaving)

    for room in rooms:
        assert await other_process.roster(room, 9) == Roster(1, (member("bob"),))


@pytest.fixture
async def brief(redis_client: Client, prefix: str) -> AsyncIterator[RedisPresence]:
    """One whose leases are renewed ten times a second."""
    presence = RedisPresence(redis_client, prefix, lease=0.3)
    presence.start()
    yield presence
    await presence.stop()


async def test_a_living_process_keeps_its_members_in(
    brief: RedisPresence, presence: Presence, clock: AgingKeys
) -> None:
    await enter(brief, LOBBY, "ada", "bob")
    await brief.leave(LOBBY, ConnectionId("bob"))
    await clock.advance(1)
    assert await presence.roster(LOBBY, 9) == Roster(0, ())

    # As after an outage that was longer than the lease, or on a Redis that came back empty.
    async def are_back() -> bool:
        return (await presence.roster(LOBBY, 0)).count == 1

    await until(are_back, "the members are back")

    assert await presence.roster(LOBBY, 9) == Roster(1, (member("ada"),))
    assert await presence.rooms(9) == [RoomSize(LOBBY, 1)]


async def test_a_member_who_left_while_redis_was_away_is_gone_with_the_next_renewal(
    redis_client: Client, presence: RedisPresence, other_process: Presence
) -> None:
    await enter(presence, LOBBY, "ada", "bob")
    keys = presence._keys(LOBBY)
    kept = {key: await redis_client.dump(key) for key in keys}
    await presence.leave(LOBBY, ConnectionId("bob"))
    for key, value in kept.items():
        await redis_client.restore(key, 60_000, value, replace=True)
    assert (await other_process.roster(LOBBY, 9)).count == 2

    await presence._renew_all()

    assert await other_process.roster(LOBBY, 9) == Roster(1, (member("ada"),))


async def test_all_keys_have_an_end(redis_client: Client, prefix: str, presence: Presence) -> None:
    await enter(presence, LOBBY, "ada", "bob")
    await enter(presence, ATTIC, "eve")
    await presence.leave(LOBBY, ConnectionId("bob"))

    keys = [key async for key in redis_client.scan_iter(f"{prefix}:*")]
    assert len(keys) == 5
    for key in keys:
        assert 0 < await redis_client.ttl(key) <= LEASE

    await presence.leave(LOBBY, ConnectionId("ada"))
    await presence.leave(ATTIC, ConnectionId("eve"))
    assert await redis_client.keys(f"{prefix}:*") == [f"{prefix}:presence:rooms".encode()]


async def test_looking_writes_nothing(
    redis_client: Client, prefix: str, presence: Presence
) -> None:
    await enter(presence, LOBBY, "ada")
    before = await redis_client.info("persistence")
    assert (await presence.roster(LOBBY, 9)).count == 1
    assert await presence.rooms(9) == [RoomSize(LOBBY, 1)]
    after = await redis_client.info("persistence")
    assert after["rdb_changes_since_last_save"] == before["rdb_changes_since_last_save"]


async def test_what_stands_in_place_of_a_dead_servers_key_keeps_nobody_out(
    redis_client: Client, presence: RedisPresence
) -> None:
    begin = presence._begin(LOBBY)
    await redis_client.execute_command("SADD", f"{begin}servers", "dead")  # type: ignore[no-untyped-call]
    await redis_client.set(f"{begin}dead", "x")

    assert await enter(presence, LOBBY, "ada") == [1]
    assert await presence.roster(LOBBY, 9) == Roster(1, (member("ada"),))
    assert await presence.rooms(9) == [RoomSize(LOBBY, 1)]
    assert await presence.leave(LOBBY, ConnectionId("ada")) == 0


@pytest.mark.parametrize("foreign", [b"\xff\xfe", b"a word"], ids=["no text", "a word"])
async def test_an_entry_that_is_none_is_passed_over_and_goes_with_the_next_renewal(
    redis_client: Client, prefix: str, presence: RedisPresence, foreign: bytes
) -> None:
    await enter(presence, LOBBY, "ada")
    (key,) = [
        key
        async for key in redis_client.scan_iter(f"{prefix}:presence:{{*")
        if not key.endswith(b":servers")
    ]
    await redis_client.zadd(key, {foreign: 1})

    assert (await presence.roster(LOBBY, 9)).members == (member("ada"),)
    await presence._renew_all()

    assert await presence.roster(LOBBY, 9) == Roster(1, (member("ada"),))
