"""The canary for what we use of redis-py's connections that it doesn't document.

If a test fails here after an upgrade, read what the release changed, then `pubsub_redis.py`.
"""

import inspect
from importlib.metadata import version

import pytest
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import Connection

REDIS = f"redis-py {version('redis')}"

METHODS: dict[str, set[str]] = {
    "connect": set(),
    "send_command": {"args", "kwargs"},
    "read_response": {"timeout"},
    "disconnect": {"nowait"},
    "send_packed_command": set(),
    "can_read_destructive": set(),
}
"""What is called of a connection, and the parameters by which."""


@pytest.mark.parametrize(("name", "parameters"), METHODS.items(), ids=METHODS)
def test_a_method_that_we_rely_on_takes_what_we_give_it(name: str, parameters: set[str]) -> None:
    method = getattr(Connection, name, None)
    assert method is not None, f"{REDIS}: Connection.{name} is gone"
    assert inspect.iscoroutinefunction(method), f"{REDIS}: Connection.{name} is no coroutine"
    taken = inspect.signature(method).parameters.keys()
    assert parameters <= taken, f"{REDIS}: Connection.{name} takes {set(taken)}"


async def test_a_pool_asks_each_connection_that_it_gives_out_whether_it_may_be_used() -> None:
    asked = []

    class Asked(Connection):
        async def connect(self) -> None:
            """It needs no server."""

        async def can_read_destructive(self) -> bool:
            asked.append(self)
            return False

    pool = ConnectionPool(connection_class=Asked)
    for times in (1, 2):
        connection = await pool.get_connection()
        assert asked == [connection] * times, f"{REDIS}: a pool asks nothing any more"
        await pool.release(connection)


def test_a_pool_makes_a_connection_that_is_not_one_of_its_own() -> None:
    pool = ConnectionPool()
    connection = pool.make_connection()  # type: ignore[no-untyped-call]
    assert isinstance(connection, Connection), REDIS
    assert connection.is_connected is False, f"{REDIS}: Connection.is_connected is no flag"
    assert pool._available_connections == [], f"{REDIS}: a pool keeps what it makes"
