"""The connection to Redis: from an address to a client, and from its errors to ours.

Addresses: `redis://`, `rediss://`, `unix://`, and `redis+sentinel://host:port,host:port/name/db`
(`rediss+sentinel://` for TLS to the servers behind it). User, password and redis-py's TLS
options go into the address, as redis-py documents for `from_url`.
"""

import asyncio
import contextlib
import re
from collections.abc import Iterator
from typing import Any, ClassVar, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.sentinel import Sentinel
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError

from adapters.settings import RedisSettings
from application.errors import Unavailable

Client: TypeAlias = Redis

DISCONNECTED = (RedisError, OSError, TimeoutError)
"""All that redis-py raises when Redis is away, frozen, loading, failing over, or refuses."""

SCHEMES = ("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel")

OPTIONS = ("client_name", "db", "password", "username", "sentinel_username", "sentinel_password")
"""What an address may say after its "?", beside TLS options. Others would have redis-py decode
answers, speak another protocol, or wait in ways that this service is not made for."""

RENEWED_AGAIN = 1.0
"""Seconds before connections are made anew once more: an address may lead to a replica for long."""

REASONS: tuple[tuple[type[RedisError], str], ...] = (
    (ReadOnlyError, "Redis is a read-only replica"),
    (OutOfMemoryError, "Redis is out of memory"),
    (NoPermissionError, "Redis does not permit a command that is needed"),
    (BusyLoadingError, "Redis is loading its data"),
    (AuthenticationError, "Redis refuses the login"),
)
CODES = {
    "MISCONF": "Redis can't write to its disk",
    "BUSY": "Redis is busy with a script",
    "NOREPLICAS": "Redis has too few replicas",
    "MASTERDOWN": "Redis is a replica without a primary",
}


def reason(error: BaseException | None) -> str:
    """What is wrong with Redis, in words that name no address and no user."""
    for kind, words in REASONS:
        if isinstance(error, kind):
            return words
    if isinstance(error, ResponseError):
        code = str(error).partition(" ")[0]
        return CODES.get(code, "Redis refuses a command")
    return "Redis can't be reached"


_DATABASE = re.compile(r"/?|/\d{1,9}/?")


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
        _check(settings.url)
        _watch(client.connection_pool)
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
    """Refuse what redis-py (5.3) passes over, or breaks our reading; raises `ValueError`, too."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if any(name not in OPTIONS and not name.startswith("ssl_") for name in options):
        known = ", ".join(OPTIONS[:4])
        raise AddressIsWrong(f'after its "?" only {known} and ssl_… may stand')
    if parts.fragment or not options.get("db", "0").isdecimal():
        raise ValueError
    if parts.scheme in ("redis", "rediss"):
        if parts.port == 0:
            raise ValueError
        if not _DATABASE.fullmatch(parts.path):
            raise AddressIsWrong("after its host stands /NUMBER, the number of a database")


def database(client: Client) -> int:
    """The number of the database that a client uses. Channels are not kept apart by databases, so
    their names have to carry it."""
    return int(client.connection_pool.connection_kwargs.get("db") or 0)


class _Watched(AbstractConnection):
    """A connection that a pool makes anew where it may lead to the wrong server.

    An address that moved leads elsewhere only for those who connect: the old server goes on
    answering the others, as a replica or worse.
    """

    generation: ClassVar[int] = 0
    renewed_at: ClassVar[float] = 0.0
    made_in = 0

    async def connect(self) -> None:
        if not self.is_connected:
            self.made_in = self.generation
        await super().connect()  # type: ignore[no-untyped-call]

    async def can_read_destructive(self) -> Any:
        # redis-py (5.3) asks this of each connection that a pool gives out.
        if self.made_in != self.generation:
            await self.disconnect(nowait=True)
            await self.connect()
        with _closed_transports():
            return await super().can_read_destructive()  # type: ignore[no-untyped-call]

    async def send_packed_command(self, *args: Any, **options: Any) -> None:
        with _closed_transports():
            await super().send_packed_command(*args, **options)

    async def read_response(self, *args: Any, **options: Any) -> Any:
        try:
            with _closed_transports():
                return await super().read_response(*args, **options)
        except ResponseError as error:
            # Redis 6 puts what stopped a script inside a text of its own.
            if isinstance(error, ReadOnlyError) or "-READONLY" in str(error):
                self._is_demoted()
            raise

    @classmethod
    def _is_demoted(cls) -> None:
        now = asyncio.get_running_loop().time()
        if now - cls.renewed_at >= RENEWED_AGAIN:
            cls.renewed_at = now
            cls.generation += 1


def renew_connections(client: Client) -> None:
    """Have each connection of the pool be made anew before it is used next."""
    kind: Any = client.connection_pool.connection_class
    kind.generation += 1


@contextlib.contextmanager
def _closed_transports() -> Iterator[None]:
    """uvloop (0.23) raises `RuntimeError` where redis-py (5.3) uses a transport that is closed."""
    try:
        yield
    except RuntimeError as error:
        if type(error) is not RuntimeError:  # a RecursionError is no lost connection
            raise
        raise RedisConnectionError("the connection is closed") from error


def _watch(pool: Any) -> None:
    kind = pool.connection_class
    pool.connection_class = type(kind.__name__, (_Watched, kind), {})


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


async def ping(client: Client, seconds: float) -> None:
    """Return once Redis answers; raises `Unavailable`, which says why, if it doesn't in time."""
    try:
        async with asyncio.timeout(seconds):
            await client.ping()
    except DISCONNECTED as error:
        raise Unavailable(f"{reason(error)}.") from error
