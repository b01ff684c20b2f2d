"""A Redis that lacks something: nothing starts, and one line says what is missing."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.environment import load_settings
from adapters.jobs.requirements_arq import trial
from adapters.layers.requirements_redis import RedisIsUnfit, check_requirements
from adapters.redis_connection import connect
from tests.integration.client import Client
from tests.integration.crowd import HEARS, MARK
from tests.integration.processes import Command, Redis, Server, check_one_line

pytestmark = pytest.mark.redis

ALL = ("+@all", "~*", "&*")
ARQ = ("~arq:job:*", "~arq:in-progress:*")


@pytest.fixture(scope="module")
def redis(redis_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with Redis(redis_binary, tmp_path_factory.mktemp("strict")) as redis:
        yield redis


def address(redis: Redis, *rules: str) -> str:
    """Leads to it as a user who is held to these rules."""
    redis.ask("ACL", "SETUSER", "ali", "reset", "on", ">sesame", *rules)
    return redis.url.replace("redis://", "redis://ali:sesame@")


async def check(url: str) -> None:
    client = connect(load_settings(redis_url=url, redis_timeout=5, redis_pool=4).redis)
    try:
        await check_requirements(client, "house", 5, trial("house"))
    finally:
        await client.aclose(close_connection_pool=True)


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        (("+@all", "~*", "resetchannels"), "channel"),
        (("+@all", "~*", "resetchannels", "&other:*"), "channel"),
        ((*ALL, "-subscribe"), "'subscribe'"),
        ((*ALL, "-publish"), "'publish'"),
        ((*ALL, "-@scripting"), "'evalsha'"),
        ((*ALL, "-@write"), "'set'"),
        ((*ALL, "-xtrim"), "'xtrim'"),
        ((*ALL, "-zadd", "-hset"), "its user may not use HSET, ZADD in scripts"),
        (("+@all", "~other:*", "&*"), "key"),
        ((*ALL, "-mget"), "'mget'"),
        # Without these jobs would be accepted and never run.
        (("+@all", "~house:*", "&*"), "at WATCH arq:job:house:probe-"),
        (("+@all", "~house:*", "~arq:job:*", "&*"), "at WATCH arq:in-progress:house:probe-"),
        (("+@all", "~house:*", *ARQ, "~arq:result:*", "&*"), "at INCRBY arq:retry:house:probe-"),
        (("+@all", "~house:*", *ARQ, "~arq:retry:*", "&*"), "at EXISTS arq:job:house:probe-"),
        ((*ALL, "-watch"), "'watch'"),
        ((*ALL, "-multi"), "'multi'"),
        ((*ALL, "-exec"), "'exec'"),
        ((*ALL, "-brpop"), "'brpop'"),
    ],
)
async def test_a_user_who_may_not_do_what_is_needed_is_refused(
    redis: Redis, rules: tuple[str, ...], says: str
) -> None:
    with pytest.raises(RedisIsUnfit) as unfit:
        await check(address(redis, *rules))
    assert says in str(unfit.value)
    assert "\n" not in str(unfit.value)


async def test_a_user_of_the_services_keys_and_channels_is_enough_and_nothing_is_left(
    redis: Redis,
) -> None:
    redis.flush()
    await check(address(redis, "+@all", "-@dangerous", "~house:*", "~arq:*", "&house:*"))
    assert redis.ask("DBSIZE") == 0


async def test_a_replica_and_a_full_redis_are_refused(redis: Redis) -> None:
    redis.ask("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(RedisIsUnfit, match="out of memory"):
        await check(redis.url)
    redis.ask("CONFIG", "SET", "maxmemory", "0")
    redis.ask("REPLICAOF", "127.0.0.1", "1")
    with pytest.raises(RedisIsUnfit, match="read-only replica"):
        await check(redis.url)
    redis.ask("REPLICAOF", "NO", "ONE")
    await check(redis.url)


async def answer_like_redis_5(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """It has streams, and knows no MINID."""
    while line := await reader.readline():
        words = []
        for _ in range(int(line[1:])):
            length = int((await reader.readline())[1:])
            words.append((await reader.readexactly(length + 2))[:-2])
        is_too_new = words[0] == b"XTRIM"
        writer.write(b"-ERR syntax error\r\n" if is_too_new else b"+PONG\r\n")
    writer.close()


async def test_a_redis_that_is_too_old_is_refused() -> None:
    server = await asyncio.start_server(answer_like_redis_5, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(RedisIsUnfit, match=r"must be Redis 6\.2 or newer"):
            await check(f"redis://127.0.0.1:{port}/0")


async def test_no_program_starts_and_the_line_gives_no_password_away(
    redis: Redis, tmp_path: Path
) -> None:
    url = address(redis, *ALL, "-subscribe")
    settings = {"SWITCHBOARD_BACKEND": "redis", "REDIS_URL": url, "PORT": "0"}
    commands = [
        Command(tmp_path, *words, **settings)
        for words in (["serve"], ["serve", "--workers", "2"], ["worker"], ["send", "chat", "tea"])
    ]
    codes = await asyncio.gather(*(asyncio.to_thread(command.run) for command in commands))
    assert codes == [2, 2, 2, 2]
    for command in commands:
        check_one_line(command, "SWITCHBOARD_REDIS_URL can't be used: Redis does not permit")


async def test_a_server_serves_with_no_more_rights_than_that(redis: Redis, tmp_path: Path) -> None:
    url = address(redis, "+@all", "-@dangerous", "~house:*", "~arq:*", "&house:*")
    settings = {
        "SWITCHBOARD_BACKEND": "redis",
        "SWITCHBOARD_REDIS_PREFIX": "house",
        "REDIS_URL": url,
        "SWITCHBOARD_DRAIN_NOTICE": "0",
    }
    with Server(tmp_path, **settings) as server:
        async with Client(server.url, "/ws/reliable") as client:
            await client.send("reliable_chat", {"message": "hello"})
            await client.receive(HEARS, message=f"{MARK}hello")
    server.check_log()
