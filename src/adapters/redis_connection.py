"""The connection to Redis: from an address to a client, and from its errors to ours.

Addresses: `redis://`, `rediss://`, `unix://`, and `redis+sentinel://host:port,host:port/name/db`
(`rediss+sentinel://` for TLS to the servers behind it). User, password and redis-py's TLS
options go into the address, as redis-py documents for `from_url`.
"""

import asyncio
import contextlib
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.sentinel import Sentinel
from redis.exceptions import NoScriptError, RedisError

from adapters.settings import RedisSettings
from application.errors import Unavailable

Client: TypeAlias = Redis

DISCONNECTED = (RedisError, OSError, TimeoutError, RuntimeError)
"""All that redis-py raises when Redis is away, frozen, loading or failing over. `RuntimeError` is
what uvloop (0.23) raises where redis-py (5.3) writes to a transport that is closed already."""

CANCELLED_AGAIN = 0.1
"""Seconds after which a task that still runs is cancelled once more; ending takes less."""

SCHEMES = ("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel")

_OPTIONS = re.compile(r"db|(sentinel_)?(username|password)|client_name|ssl_\w+")
"""Of redis-py's options, those that change neither what it returns (as `decode_responses` does) nor
what has a setting of its own."""

_DATABASE = re.compile(r"/?|/\d{1,9}")


class AddressIsWrong(ValueError):
    """The Redis address can't be understood; the text says what is wrong with it."""


def connect(settings: RedisSettings) -> Client:
    """A client over one bounded pool. Opens nothing yet; raises `AddressIsWrong`."""
    options: dict[str, Any] = {
        "socket_timeout": settings.timeout,
        "socket_connect_timeout": settings.timeout,
        "max_connections": settings.pool,
    }
    scheme = settings.url.partition("://")[0]
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        raise AddressIsWrong(f"it must begin with one of {known}")
    try:
        _check(settings.url)
        if scheme.endswith("+sentinel"):
            client = _sentinel(settings.url, tls=scheme.startswith("rediss"), options=options)
        else:
            pool: ConnectionPool = BlockingConnectionPool.from_url(
                settings.url, timeout=settings.timeout, **options
            )
            client = Redis(connection_pool=pool)
        # redis-py (5.3) reads most options only here. This does not connect.
        client.connection_pool.make_connection()  # type: ignore[no-untyped-call]
    except AddressIsWrong:
        raise
    except (ValueError, TypeError, RedisError):
        # Without their words: where a password holds a "/", they quote it as the port.
        raise AddressIsWrong(
            "its host, port, database or options can't be read; the database is a number, options "
            "are db, username, password, client_name and ssl_…, and in a password "
            'characters like "/", "#", "?" and "@" are written %2F, %23, %3F and %40'
        ) from None
    return client


def _check(url: str) -> None:
    """Raise `ValueError` for what redis-py (5.3) passes over, or lets break our own reading."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    database = options.get("db", "0")
    if parts.fragment or not all(map(_OPTIONS.fullmatch, options)) or not database.isdigit():
        raise ValueError
    if parts.scheme in ("redis", "rediss") and (
        parts.port == 0 or not _DATABASE.fullmatch(parts.path)
    ):
        raise ValueError


def _sentinel(url: str, *, tls: bool, options: dict[str, Any]) -> Client:
    parts = urlsplit(url)
    service, _, db = parts.path.strip("/").partition("/")
    if not service:
        raise AddressIsWrong("a Sentinel address ends in /NAME, the name of the service")
    if db and not db.isdigit():
        raise ValueError
    hosts = parts.netloc.rpartition("@")[2].split(",")
    sentinels = [_host_and_port(host) for host in hosts]
    login: dict[str, Any] = {
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
    }
    extra: dict[str, Any] = dict(parse_qsl(parts.query))
    sentinel_options = {
        key: value for key, value in options.items() if key != "max_connections"
    } | {
        name.removeprefix("sentinel_"): extra.pop(name)
        for name in ("sentinel_username", "sentinel_password")
        if name in extra
    }
    sentinel = Sentinel(sentinels, sentinel_kwargs=sentinel_options)  # type: ignore[no-untyped-call]
    client: Client = sentinel.master_for(
        service, db=int(db or 0), ssl=tls, **login, **extra, **options
    )
    return client


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise AddressIsWrong("a Sentinel is named HOST:PORT")
    return host.strip("[]"), int(port)


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """Turn whatever redis-py raises inside into `Unavailable`: the one place for it."""
    try:
        yield
    except DISCONNECTED as error:
        raise Unavailable from error


class Script:
    """A Lua file, sent by its digest; the text follows when Redis doesn't know it (any more)."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text()
        self.digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    async def __call__(self, client: Client, keys: list[str], args: list[Any]) -> Any:
        """Run it; raises what redis-py raises."""
        execute: Any = client.execute_command
        try:
            return await execute("EVALSHA", self.digest, len(keys), *keys, *args)
        except NoScriptError:
            return await execute("EVAL", self.text, len(keys), *keys, *args)


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks that speak to Redis until they have ended.

    Once is not enough: redis-py (5.3) sends within `asyncio.wait_for`, and that swallows a
    cancellation which comes at the same moment as the answer (until Python 3.12).
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCELLED_AGAIN)
    await asyncio.gather(*tasks, return_exceptions=True)


async def wait_until(client: Client, seconds: float) -> None:
    """Return once Redis answers; raises `Unavailable` if it doesn't within `seconds`."""
    with answering():
        async with asyncio.timeout(seconds):
            await client.ping()
